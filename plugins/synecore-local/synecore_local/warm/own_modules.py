"""Modules that are the user's own: neither of Python nor installed, nor of synecore."""

from __future__ import annotations

import itertools
import os
import site
import sys
import sysconfig
import time
from collections.abc import Iterable
from types import ModuleType

_INSTALLED = tuple(
    os.path.join(folder, "")
    for folder in [
        *sysconfig.get_paths().values(),
        *site.getsitepackages(),
        site.getusersitepackages(),
    ]
)


class OwnModules:
    """Those that are loaded, with what is known of them kept: a fork looks at new ones alone."""

    def __init__(self) -> None:
        self._seen = 0
        self._own: list[ModuleType] = []

    def loaded(self) -> list[ModuleType]:
        """Return them in the order in which they were loaded."""
        # To look at a module is to count a reference to it, for which a fork copies its memory.
        n_new = max(len(sys.modules) - self._seen, 0)
        self._seen += n_new
        for name in reversed(list(itertools.islice(reversed(sys.modules), n_new))):
            if not name.startswith("synecore"):
                module = sys.modules[name]
                if isinstance(module, ModuleType) and _is_own(getattr(module, "__file__", None)):
                    self._own.append(module)
        return self._own


def _is_own(file: object) -> bool:
    return isinstance(file, str) and not file.startswith(_INSTALLED)


def stamps(files: Iterable[str], began: int) -> list[tuple[str, int, int]]:
    """Return path, time of change in nanoseconds and size of files.

    The size is -1, which no file has, if a file was changed since `began`, in nanoseconds since
    1970: it may have been read before that. What is no file (a module in an archive) is left out.
    """
    found = []
    for file in files:
        try:
            status = os.stat(file)
        except OSError:
            continue
        changed = began < status.st_mtime_ns <= time.time_ns()
        found.append((file, status.st_mtime_ns, -1 if changed else status.st_size))
    return found
