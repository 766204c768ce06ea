"""The journal in a SQLite database, `journal.sqlite`."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from synecore.actions import Event
from synecore.errors import StoreError
from synecore.plugins import Setup
from synecore.tuning.files import sync_folder
from synecore.tuning.journal import decode_batch, encode_batch

from .options import StoreOptions
from .store import FolderStore

APPLICATION = 0x53594E45  # "SYNE" in the header of the file, so that `file` and we know it
FORMAT = 1
_WAIT = 10.0  # seconds for a reader that holds the database, such as a copy in progress
_PAGE = 16  # batches read at a time: no statement stays open between two events
_TABLE = (
    "create table batches (first integer primary key, count integer not null, events text not null)"
)


class SqliteStore(FolderStore):
    """One row a batch: the number of its first event, how many they are, and the events as JSON."""

    file_name = "journal.sqlite"

    def __init__(self, setup: Setup, options: StoreOptions) -> None:
        super().__init__(options)
        self._connection: sqlite3.Connection | None = None
        try:
            with self._explained("opened"):
                self._connection = self._connect()
                self._prepare(self._connection)
                self.n_events = self._count()
        except StoreError:
            self._close()
            raise
        if not self._reads_only:
            self._snapshots.drop_beyond(self.n_events)

    def _connect(self) -> sqlite3.Connection:
        if not self._reads_only:
            return _open(self.path, "mode=rwc")
        connection = _open(self.path, "mode=ro")
        try:
            connection.execute("select count(*) from sqlite_master").fetchone()
        except sqlite3.OperationalError:
            connection.close()
            if Path(f"{self.path}-wal").exists():
                raise
            # On a disk that cannot be written, SQLite reads only a file declared to stay as it is.
            connection = _open(self.path, "immutable=1")
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        application = connection.execute("pragma application_id").fetchone()[0]
        version = connection.execute("pragma user_version").fetchone()[0]
        empty = connection.execute("select count(*) from sqlite_master").fetchone()[0] == 0
        if empty and application == 0:
            if self._reads_only:
                raise StoreError(f"the journal {self.path} is empty: nothing was ever stored in it")
        elif application != APPLICATION:
            raise StoreError(
                f"{self.path} is a SQLite database of something else, not a journal; "
                "choose another folder"
            )
        elif version > FORMAT:
            raise StoreError(
                f"the journal {self.path} is of format {version}, written by a newer "
                f"synecore-stores; this one reads format {FORMAT}. Upgrade synecore-stores"
            )
        if self._reads_only:
            return
        connection.execute("pragma journal_mode=wal")
        connection.execute(f"pragma synchronous={'full' if self._durable else 'normal'}")
        if empty:
            with _transaction(connection):
                connection.execute(_TABLE)
                connection.execute(f"pragma application_id={APPLICATION}")
                connection.execute(f"pragma user_version={FORMAT}")
            if self._durable:
                sync_folder(self.folder)

    def _write(self, events: Sequence[Event]) -> None:
        row = (self.n_events, len(events), encode_batch(events).decode("ascii"))
        try:
            with self._explained("written"), _transaction(self._connected()) as connection:
                connection.execute("insert into batches values (?, ?, ?)", row)
        except StoreError as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):
                raise StoreError(
                    f"the journal {self.path} was changed by somebody else: it already has event "
                    f"{self.n_events}. Only one tuner may use an experiment's folder at a time; "
                    "end the other one, and resume"
                ) from error
            raise

    def _read(self, start: int) -> Iterator[Event]:
        with self._explained("read"):
            found = self._connected().execute(
                "select max(first) from batches where first <= ?", (start,)
            )
            first = found.fetchone()[0] or 0
        return self._read_between(first, self._count(), start)

    def _read_between(self, due: int, end: int, start: int) -> Iterator[Event]:
        """Yield the events from `start` to `end`; `due` is the first of the batch of `start`."""
        while due < end:
            with self._explained("read"):
                rows = self._connected().execute(
                    "select first, count, events from batches where first >= ? and first < ? "
                    "order by first limit ?",
                    (due, end, _PAGE),
                )
                page = rows.fetchall()
            if not page:
                raise self._damaged(due, f"there is no event {due}")
            for first, count, text in page:
                if first != due:
                    raise self._damaged(due, f"event {first} follows where event {due} is due")
                try:
                    events = decode_batch(text.encode())
                except StoreError as error:
                    raise self._damaged(first, str(error)) from error
                if len(events) != count:
                    raise self._damaged(first, f"it holds {len(events)} events, not {count}")
                due += count
                yield from events[max(0, start - first) :]

    def _count(self) -> int:
        with self._explained("read"):
            last = self._connected().execute(
                "select first + count from batches order by first desc limit 1"
            )
            row = last.fetchone()
        return 0 if row is None else int(row[0])

    def _flush(self) -> None:
        if not self._durable:
            with self._explained("written"):
                self._connected().execute("pragma wal_checkpoint(passive)")

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError(f"cannot read from {self.path}: the store is closed; make a new one")
        return self._connection

    def _damaged(self, first: int, reason: str) -> StoreError:
        return StoreError(
            f"{self.path}, the batch at event {first} is damaged: {reason}. Put back a copy of the "
            f"file, or delete what follows (sqlite3 journal.sqlite 'delete from batches where "
            f"first >= {first}') and resume from there"
        )

    @contextlib.contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            text = str(error)
            hint = next((hint for words, hint in _HINTS.items() if words in text), "")
            raise StoreError(f"the journal {self.path} cannot be {doing}: {text}{hint}") from error
        except OSError as error:
            raise StoreError(f"the journal {self.path} cannot be {doing}: {error}") from error


_HINTS = {
    "full": "; free some space on its disk and store again. What was stored before is unharmed",
    "locked": "; another process writes to it: only one tuner may use an experiment's folder",
    "not a database": "; the file is damaged, or something else: put back a copy, or choose "
    "another folder",
    "malformed": "; the file is damaged: put back a copy, or save what can be read with "
    "sqlite3 journal.sqlite .recover",
    "unable to open": "; look whether the folder is there and can be written by you, or choose "
    "another one",
    "readonly": "; make the folder and the file writable for you, or choose another folder",
}


def _open(path: Path, how: str) -> sqlite3.Connection:
    # Without a transaction of its own: each is begun below, as a writer from its first statement.
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}",
        uri=True,
        timeout=_WAIT,
        isolation_level=None,
        check_same_thread=False,
    )


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("begin immediate")
    try:
        yield connection
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
