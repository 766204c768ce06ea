"""Linux's inotify, as far as a growing file needs it."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

_MODIFIED = 0x2  # IN_MODIFY
_OVERFLOW = 0x4000  # IN_Q_OVERFLOW
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC  # IN_NONBLOCK and IN_CLOEXEC have these values
_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of a name, which files do not have


class Inotify:
    """Tells which of the watched files were written to.

    Raises:
        OSError: The system has no inotify, or no instance or watch is left (see
            /proc/sys/fs/inotify).
    """

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        try:
            self._add, self._remove = libc.inotify_add_watch, libc.inotify_rm_watch
            self._fd = libc.inotify_init1(_FLAGS)
        except AttributeError as error:
            raise OSError("this system has no inotify") from error
        if self._fd < 0:
            raise _last_error()

    def fileno(self) -> int:
        return int(self._fd)

    def add(self, file: Path) -> int:
        """Watch a file; return the number of the watch."""
        watch = int(self._add(self._fd, os.fsencode(file), _MODIFIED))
        if watch < 0:
            raise _last_error(file)
        return watch

    def remove(self, watch: int) -> None:
        self._remove(self._fd, watch)

    def read(self) -> set[int] | None:
        """Return the watches whose files were written to, None if the system lost count."""
        try:
            data = os.read(self._fd, 65536)
        except BlockingIOError:
            return set()
        events = [event for event in _EVENT.iter_unpack(data)]
        if any(mask & _OVERFLOW for _, mask, _, _ in events):
            return None
        return {watch for watch, mask, _, _ in events if mask & _MODIFIED}

    def close(self) -> None:
        os.close(self._fd)


def _last_error(file: Path | None = None) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), str(file) if file else None)
