"""What both stores have in common: a folder, snapshots, and a life that ends with `close`."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from typing import ClassVar

from synecore.actions import Event
from synecore.errors import StoreError
from synecore.protocols import Snapshot
from synecore.tuning.files import sync_folder

from .options import StoreOptions
from .snapshots import SnapshotFolder

ADVICE = {
    errno.ENOSPC: "free some space on its disk and store again",
    errno.EDQUOT: "free some of your quota on its disk and store again",
    errno.EFBIG: "the file reached the size limit of this process (ulimit -f); raise it",
    errno.EROFS: "its disk is mounted read-only; choose another folder",
    errno.EACCES: "make it writable for you, or choose another folder",
    errno.EPERM: "make it writable for you, or choose another folder",
    errno.EEXIST: "a file stands where the folder should be; choose another folder",
    errno.ENOTDIR: "a file stands where a folder should be; choose another folder",
    errno.EISDIR: "a folder stands where the journal should be; choose another folder",
    errno.EIO: "the disk failed; look at the system's log",
}


def advice(error: OSError) -> str:
    """Return what went wrong and what to do about it, for the end of a message."""
    what = error.strerror or str(error)
    hint = ADVICE.get(error.errno or 0)
    return f"{what}; {hint}" if hint else what


class FolderStore:
    """A journal file in a folder, with its snapshots beside it.

    Attributes:
        path: The journal file.
        n_events: Number of events stored; of a store opened for reading, those found so far.
    """

    file_name: ClassVar[str]

    def __init__(self, options: StoreOptions) -> None:
        self.folder = options.folder.expanduser()
        self.path = self.folder / self.file_name
        self.n_events = 0
        self._durable = options.sync == "batch"
        self._reads_only = options.mode == "r"
        self._closed = False
        self._snapshots = SnapshotFolder(self.folder, durable=self._durable)
        if self._reads_only:
            if not self.path.is_file():
                raise StoreError(
                    f"there is no journal to read at {self.path}; "
                    "give the folder of an experiment that was started with this store"
                )
        else:
            self._make_folder()

    def append(self, events: Sequence[Event]) -> None:
        """Store a batch, all or none.

        Raises:
            StoreError: It could not be stored. What was stored before is intact, and the same
                batch can be given again.
        """
        self._check("append to", writes=True)
        if not events:
            return
        self._write(events)
        self.n_events += len(events)

    def events(self, start: int = 0) -> Iterator[Event]:
        """Read the events stored up to now, from number `start` on, a batch at a time in memory.

        Raises:
            StoreError: The journal is damaged; raised when the damaged place is reached.
        """
        self._check("read from")
        if start < 0:
            raise StoreError(f"{self.path}: events are counted from 0, 'start' is {start}")
        return self._read(start)

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Write a snapshot beside the journal, and delete all but this one and the one before.

        Raises:
            StoreError: It could not be written, or covers events that are not stored.
        """
        self._check("save a snapshot of", writes=True)
        if snapshot.n_events > self.n_events:
            raise StoreError(
                f"{self.path}: a snapshot of {snapshot.n_events} events was given, but "
                f"{self.n_events} are stored; append events before the snapshot that covers them"
            )
        self._flush()  # so that a snapshot never outruns the journal, also with sync="none"
        self._snapshots.save(snapshot)

    def load_snapshot(self) -> Snapshot | None:
        """Return the newest readable snapshot, None if there is none."""
        self._check("load a snapshot of")
        return self._snapshots.load(self._count())

    def close(self) -> None:
        """End the use of the store. Closing again does nothing."""
        if not self._closed:
            self._closed = True
            self._close()

    def _write(self, events: Sequence[Event]) -> None:
        raise NotImplementedError

    def _read(self, start: int) -> Iterator[Event]:
        raise NotImplementedError

    def _count(self) -> int:
        """Number of events in the file now."""
        raise NotImplementedError

    def _flush(self) -> None:
        """Wait until the journal is on disk."""
        raise NotImplementedError

    def _close(self) -> None:
        raise NotImplementedError

    def _check(self, doing: str, *, writes: bool = False) -> None:
        if self._closed:
            raise StoreError(f"cannot {doing} {self.path}: the store is closed; make a new one")
        if writes and self._reads_only:
            raise StoreError(
                f"cannot {doing} {self.path}: the store was opened for reading; "
                "open it with mode='a', if no tuner uses the folder"
            )

    def _make_folder(self) -> None:
        try:
            missing = not self.folder.exists()
            self.folder.mkdir(parents=True, exist_ok=True)
            if missing and self._durable:
                sync_folder(self.folder.parent)
        except OSError as error:
            raise StoreError(
                f"the folder {self.folder} for a journal cannot be made: {advice(error)}"
            ) from error
