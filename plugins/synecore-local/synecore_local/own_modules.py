"""Modules that are the user's own: neither of Python nor installed, nor of this package."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
import time
from types import ModuleType

PACKAGE = os.path.join(os.path.dirname(__file__), "")
_ELSEWHERE = (
    PACKAGE,
    *(
        os.path.join(folder, "")
        for folder in [
            *sysconfig.get_paths().values(),
            *site.getsitepackages(),
            site.getusersitepackages(),
        ]
    ),
)


def own_modules() -> list[ModuleType]:
    """Return them, those imported last first."""
    modules = reversed(list(sys.modules.values()))
    return [m for m in modules if isinstance(m, ModuleType) and _is_own(getattr(m, "__file__", 0))]


def _is_own(file: object) -> bool:
    return isinstance(file, str) and not file.startswith(_ELSEWHERE)


def stamps(script: str | None, began: int) -> list[tuple[str, int, int]]:
    """Return path, time of change in nanoseconds and size of the user's own files that are loaded.

    The size is -1, which no file has, if a file was changed since `began`, in nanoseconds since
    1970: it may have been read before that.
    """
    files = {str(module.__file__) for module in own_modules()}
    found = []
    for file in sorted(files if script is None else files | {script}):
        try:
            status = os.stat(file)
        except OSError:  # in an archive
            continue
        changed = began < status.st_mtime_ns <= time.time_ns()
        found.append((file, status.st_mtime_ns, -1 if changed else status.st_size))
    return found
