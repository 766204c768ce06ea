"""A forked trial: becoming a process like one started for it, and ending as such a process does."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib.machinery
import os
import signal
import sys
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NoReturn

from .own_modules import OwnModules

_PACKAGE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "")
_INTERRUPTED = -signal.SIGINT
_UNFLUSHED = 120  # the interpreter's exit status if its output cannot be written


def move_in(fds: Sequence[int], cores: Collection[int]) -> None:
    """Become the leader of a session, with output of its own, on the cores of this trial."""
    os.setsid()
    for target, fd in enumerate(fds, 1):
        os.dup2(fd, target)
        os.close(fd)
    if os.sched_getaffinity(0) != cores:
        os.sched_setaffinity(0, cores)


def furnish(request: Mapping[str, Any]) -> None:
    """Set the working directory and the environment as the tuner has them for this trial."""
    if request["folder"] is not None:
        with contextlib.suppress(OSError):  # it has gone meanwhile
            os.chdir(request["folder"])
    for name in request["unset"]:
        os.environ.pop(name, None)
    os.environ.update(request["environment"])


def run(main: Callable[[], object], own: OwnModules) -> NoReturn:
    """Call `main` and end the process: with the exit status, and after all that is due before."""
    try:
        main()
        status = 0
    except BaseException as error:
        status = _status_of(error)
    finish(status, own)


def main_module(path: str) -> types.ModuleType:
    """Return an empty `__main__` as it is at the beginning of `python PATH`."""
    main = types.ModuleType("__main__")
    main.__dict__.update(
        __annotations__={},
        __builtins__=sys.modules["builtins"],
        __cached__=None,
        __file__=path,
        __loader__=importlib.machinery.SourceFileLoader("__main__", path),
    )
    return main


def _status_of(error: BaseException) -> int:
    """Show an error as the interpreter does, and return the exit status that it leads to."""
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return (error.code or 0) & 0xFF
        print(error.code, file=sys.stderr)
        return 1
    _show(error)
    return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def _show(error: BaseException) -> None:
    _leave_out_frames_of_ours(error)
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except BaseException as second:  # of a hook of the user's own
        second.__context__ = None
        _leave_out_frames_of_ours(second)
        print("Error in sys.excepthook:", file=sys.stderr)
        sys.__excepthook__(type(second), second, second.__traceback__)
        print("\nOriginal exception was:", file=sys.stderr)
        sys.__excepthook__(type(error), error, error.__traceback__)


def _leave_out_frames_of_ours(error: BaseException) -> None:
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        trace = trace.tb_next
    if trace is not None or isinstance(error, SyntaxError):  # of the script as a whole
        error.__traceback__ = trace


# ---- the end ----------------------------------------------------------------------------------


def finish(status: int, own: OwnModules) -> NoReturn:
    """End the process in the interpreter's order: threads, exit handlers, objects, output.

    Installed modules are left as they are. To take them apart would cost each fork the tens of
    milliseconds that it costs the interpreter, and do nothing that a script could notice.

    Args:
        status: Exit status; negative for a signal.
        own: Modules that may hold what has to be deleted.
    """
    threading: Any = sys.modules.get("threading")
    if threading is not None:
        try:
            threading._shutdown()
        except BaseException as error:  # an interrupt, while it waits for threads
            _show(error)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # it is tried again
            stream.flush()
    if threading is not None:
        threading.excepthook = _ignore  # daemon threads have a moment to live
    main = sys.modules.get("__main__")
    modules = [module for module in reversed(own.loaded()) if module is not main]
    if main is not None and getattr(main, "__name__", "") == "__main__":  # not of a function
        modules.append(main)
    _forget(modules)
    flushed = _flush(sys.stdout) & _flush(sys.stderr)
    ctypes.CDLL(None).fflush(None)
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status if flushed else _UNFLUSHED)


def _ignore(*_: object) -> None:
    pass


def _forget(modules: Iterable[types.ModuleType]) -> None:
    """Delete what modules hold, so that files are closed and `__del__` is called."""
    for module in modules:
        names = module.__dict__
        for private in (True, False):  # those with one underscore first, as the interpreter does
            for name in [name for name in names if isinstance(name, str)]:
                is_private = name.startswith("_") and not name.startswith("__")
                if is_private is private and name != "__builtins__":
                    names[name] = None
    gc.collect()


def _flush(stream: Any) -> bool:
    try:
        if stream is not None and not getattr(stream, "closed", False):
            stream.flush()
    except Exception as error:
        print(f"Exception ignored in: {stream!r}\n{type(error).__name__}: {error}", file=sys.stderr)
        return False
    return True
