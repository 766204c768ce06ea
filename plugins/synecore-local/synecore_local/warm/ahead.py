"""The part of a zygote's work that comes before its first fork: importing, and what is made of it.

Raises `Unfit` where forks would not be what a process is that was started for its trial.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import os
import sys
import warnings
import weakref
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, SupportsIndex

if TYPE_CHECKING:
    from .imports import Steps

_DEVICES = ("/dev/nvidia", "/dev/kfd", "/dev/dri")


class Unfit(Exception):
    """Trials of this script cannot be forked; says why."""


class _Stop(Exception):
    """The plan of imports ends here."""


class Arguments(list[str]):
    """`sys.argv` that knows if an import looked at what differs from trial to trial."""

    seen = False

    def __getitem__(self, index: Any) -> Any:
        self.seen |= index != 0
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[str]:
        self.seen = True
        return super().__iter__()

    def __len__(self) -> int:
        self.seen = True
        return super().__len__()

    def __contains__(self, value: object) -> bool:
        self.seen = True
        return super().__contains__(value)

    def pop(self, index: SupportsIndex = -1) -> str:
        self.seen = True
        return super().pop(index)

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)  # for processes without this class


# ---- imports --------------------------------------------------------------------------------


def import_all(steps: Steps) -> None:
    """Carry out a plan of imports, up to the first that fails: the trial will say why.

    What nearly every trial imports, and often inside a function, comes on top of it.
    """
    with contextlib.suppress(_Stop):
        _carry_out(steps)
    with contextlib.suppress(_Stop):
        _import("synecore.report", [])


def _carry_out(steps: Steps) -> None:
    for kind, *rest in steps:
        if kind == "import":
            _import(*rest)
        elif kind == "variable":
            name, value, always = rest
            if always or name not in os.environ:
                os.environ[name] = value
        elif kind == "try":
            body, otherwise, orelse = rest
            try:
                _carry_out(body)
            except _ImportFailed:
                _carry_out(otherwise)
            else:
                _carry_out(orelse)
        else:
            raise _Stop


class _ImportFailed(_Stop):
    pass


def _import(module: str, names: list[str]) -> None:
    try:
        imported = __import__(module, {"__name__": "__main__"}, None, names)
        if not all(name == "*" or hasattr(imported, name) for name in names):
            raise _ImportFailed
    except BaseException as error:  # a module may raise anything, SystemExit included
        raise _ImportFailed from error


def make_a_parser() -> None:
    """Let argparse, where it is loaded, do what it does for its first parser alone.

    It looks for translations into the user's language, which takes several milliseconds.
    """
    argparse = sys.modules.get("argparse")
    if argparse is not None:
        argparse.ArgumentParser().parse_known_args([])


# ---- checks ---------------------------------------------------------------------------------


def check(argv: Arguments | None = None) -> None:
    """See that forks will be fit to run trials.

    Raises:
        Unfit: They will not.
    """
    if argv is not None and (argv.seen or sys.argv is not argv):
        raise Unfit("an imported module reads sys.argv, which differs from trial to trial")
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # that of the listing
            if os.readlink(f"/proc/self/fd/{fd}").startswith(_DEVICES):
                raise Unfit("an imported module uses a GPU, which no fork could use then")
    if _n_threads() > 1:
        _fork_and_forget()  # upon which OpenBLAS ends its threads, until they are needed again
        if _n_threads() > 1:
            raise Unfit("an imported module starts threads, which forks would lack")


def _n_threads() -> int:
    return len(os.listdir("/proc/self/task"))


def _fork_and_forget() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the interpreter, on the threads in question
        pid = os.fork()
        if pid == 0:
            os._exit(0)
    os.waitpid(pid, 0)


def check_names(names: Iterable[str], folder: str) -> None:
    """See that no module of the script's folder has the name of one that is loaded already.

    Raises:
        Unfit: There is one: the script would get the other.
    """
    for name in names:
        if any(os.path.exists(os.path.join(folder, name + end)) for end in (".py", "/__init__.py")):
            raise Unfit(f"the script's folder has a module {name!r} in place of Python's own")


# ---- what there is afterwards ---------------------------------------------------------------


class Printed:
    """What is printed while importing, to standard output and error, which each trial prints."""

    def __init__(self) -> None:
        self._files = [os.memfd_create("synecore-out"), os.memfd_create("synecore-err")]
        for target, file in enumerate(self._files, 1):
            os.dup2(file, target)
        self._texts: list[bytes] = []

    def keep(self) -> None:
        """Everything is imported."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        ctypes.CDLL(None).fflush(None)  # that of libraries in C
        nothing = os.open(os.devnull, os.O_WRONLY)
        for target, file in enumerate(self._files, 1):
            os.dup2(nothing, target)
            with open(file, "rb") as stream:
                stream.seek(0)
                self._texts.append(stream.read())
        os.close(nothing)

    def repeat(self) -> None:
        """Print it, in a fork."""
        for target, text in enumerate(self._texts, 1):
            while text:
                text = text[os.write(target, text) :]


class Finalizers:
    """What imported modules want done at the exit with objects that all forks share.

    A temporary folder is one: the first fork to end would remove it. The zygote does it instead.
    """

    def __init__(self) -> None:
        every = weakref.finalize._registry  # type: ignore[attr-defined]
        self._found = [finalizer for finalizer in every if finalizer.atexit]
        for finalizer in self._found:
            finalizer.atexit = False

    def run(self) -> None:
        """Do it, in the zygote at its end."""
        for finalizer in self._found:
            finalizer.atexit = True
        atexit._run_exitfuncs()


def settle() -> bool:
    """Put all objects where no collection of a fork touches them, and so copies their memory.

    Returns whether forks are to collect garbage: an imported module may have decided otherwise.
    """
    collects = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    return collects
