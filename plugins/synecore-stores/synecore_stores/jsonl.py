"""The journal as lines of JSON, in `journal.jsonl`."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence

from synecore.actions import Event
from synecore.errors import StoreError
from synecore.plugins import Setup
from synecore.tuning.files import sync_folder

from .lines import End, find_end, format_line, read_events
from .options import StoreOptions
from .store import FolderStore, advice

logger = logging.getLogger(__name__)


class JsonlStore(FolderStore):
    """One line a batch, written at once at the end of the file.

    A line that was not written to its end, because the process or the machine went down, is no part
    of the journal: readers leave it out, and a writer cuts it off when it opens the file.
    """

    file_name = "journal.jsonl"

    def __init__(self, setup: Setup, options: StoreOptions) -> None:
        super().__init__(options)
        self._size = 0  # bytes of whole lines
        self._cut_short = False  # a batch failed, and what it left could not be cut off yet
        self._handle = -1
        if self._reads_only:
            self.n_events = self._count()
        else:
            self._open()

    def _open(self) -> None:
        try:
            self._handle = os.open(
                self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666
            )
            if self._durable:
                sync_folder(self.folder)
            end = self._find_end()
            if end.torn:
                logger.warning(
                    "%s: cut off %d bytes at its end, of a batch that was not stored completely; "
                    "%d events are on record",
                    self.path,
                    end.torn,
                    end.n_events,
                )
                os.ftruncate(self._handle, end.size)
        except OSError as error:
            self._close()
            raise StoreError(
                f"the journal {self.path} cannot be opened for writing: {advice(error)}"
            ) from error
        except StoreError:
            self._close()
            raise
        self._size, self.n_events = end.size, end.n_events
        self._snapshots.drop_beyond(self.n_events)

    def _write(self, events: Sequence[Event]) -> None:
        line = format_line(self.n_events, events)
        self._check_file()
        try:
            rest = memoryview(line)
            while rest:  # more than once only where the disk or a limit cuts a write short
                rest = rest[os.write(self._handle, rest) :]
            if self._durable:
                self._sync()
        except OSError as error:
            self._take_back()
            raise self._not_written(f"{len(events)} events", error) from error
        except BaseException:  # an interrupt: all or none
            self._take_back()
            raise
        self._size += len(line)

    def _check_file(self) -> None:
        """Refuse to append to a file that is not as the last batch left it."""
        found = os.fstat(self._handle)
        if found.st_nlink == 0:
            raise StoreError(
                f"the journal {self.path} was deleted or replaced while in use; events stored now "
                "would be lost. Put it back, and resume"
            )
        if found.st_size == self._size:
            return
        if not self._cut_short:
            raise StoreError(
                f"the journal {self.path} was changed by somebody else: it has {found.st_size} "
                f"bytes, not {self._size}. Only one tuner may use an experiment's folder at a "
                "time; end the other one, and resume"
            )
        try:
            os.ftruncate(self._handle, self._size)
        except OSError as error:
            raise self._not_written("events", error) from error
        self._cut_short = False

    def _not_written(self, what: str, error: OSError) -> StoreError:
        return StoreError(
            f"{what} could not be stored in {self.path}: {advice(error)}. "
            f"The {self.n_events} events before are unharmed"
        )

    def _take_back(self) -> None:
        """Cut off what a failed batch left, so that it can be given again."""
        self._cut_short = True
        with contextlib.suppress(OSError):  # tried again before the next batch
            os.ftruncate(self._handle, self._size)
            self._cut_short = False

    def _read(self, start: int) -> Iterator[Event]:
        return self._read_up_to(start, self._find_end().size)

    def _read_up_to(self, start: int, end: int) -> Iterator[Event]:
        try:
            yield from read_events(self.path, start, end)
        except OSError as error:
            raise self._not_read(error) from error

    def _count(self) -> int:
        return self._find_end().n_events if self._reads_only else self.n_events

    def _find_end(self) -> End:
        try:
            with open(self.path, "rb") as file:
                return find_end(file, self.path)
        except OSError as error:
            raise self._not_read(error) from error

    def _not_read(self, error: OSError) -> StoreError:
        return StoreError(f"the journal {self.path} cannot be read: {advice(error)}")

    def _flush(self) -> None:
        try:
            self._sync()
        except OSError as error:
            raise self._not_written("the last events", error) from error

    def _sync(self) -> None:
        getattr(os, "fdatasync", os.fsync)(self._handle)  # macOS has fsync alone

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
