"""One trial's process, and the group it leads."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

_SHOWN_LINES = 20  # of a failed trial's output, in its error
_SHOWN_BYTES = 8192


class OutputFiles:
    """A trial's `std.out` and `std.err`, open for appending while its process is started."""

    def __init__(self, out: Path, err: Path) -> None:
        self._paths = out, err
        self._starts: list[int] = []
        self.fds: list[int] = []

    def __enter__(self) -> OutputFiles:
        try:
            for path in self._paths:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
                self.fds.append(os.open(path, flags, 0o666))
                self._starts.append(os.fstat(self.fds[-1]).st_size)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        while self.fds:
            os.close(self.fds.pop())

    def last_words(self) -> str:
        """Return the last lines written since, to standard error or else to standard output."""
        for file, start in reversed([*zip(self._paths, self._starts, strict=True)]):
            lines = last_lines(file, start)
            if lines:
                return f"end of {file.name}:\n" + "\n".join(lines)
        return "it wrote nothing"


class TrialProcess:
    """A process in a session of its own, so that Ctrl-C in the tuner's terminal passes it by.

    Its children share its process group, unless they leave it, and end with it.

    Args:
        pid: Its id, and that of its group and session.
        files: Where its output goes.
    """

    def __init__(self, pid: int, files: OutputFiles) -> None:
        self.pid = pid
        self._files = files
        self._reaped = False
        self._status = 0

    def has_ended(self) -> bool:
        """Has the main process ended? Until `reap` it is a zombie, so that nobody gets its id."""
        raise NotImplementedError

    def _wait(self) -> int:
        """Wait for the end; return the exit status, negative for a signal."""
        raise NotImplementedError

    def terminate(self) -> None:
        """Ask the whole group to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole group."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if not self._reaped:  # else the id may be someone else's by now
            # A group of zombies: gone for Linux, forbidden for macOS.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def reap(self) -> int:
        """End what is left of the group; return the exit status, negative for a signal."""
        self.kill()
        self._reaped = True
        self._status = self._wait()
        return self._status

    def error(self, how: str = "") -> str:
        """Say how a reaped process failed, with the last lines it wrote."""
        return f"{how or how_it_ended(self._status)}; {self._files.last_words()}"


class ColdProcess(TrialProcess):
    """A process of a command."""

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        out: Path,
        err: Path,
        stdin: bytes = b"",
    ) -> None:
        with OutputFiles(out, err) as files, holding(stdin) as in_fd:
            out_fd, err_fd = files.fds
            # Without preexec_fn, Popen uses vfork: the cost does not grow with the tuner.
            self._popen = subprocess.Popen(
                command,
                stdin=in_fd,
                stdout=out_fd,
                stderr=err_fd,
                env=env,
                start_new_session=True,
            )
        super().__init__(self._popen.pid, files)

    def has_ended(self) -> bool:
        if not hasattr(os, "waitid"):  # macOS
            return self._popen.poll() is not None
        try:
            flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self.pid, flags) is not None
        except ChildProcessError:  # someone else waited for it
            return True

    def _wait(self) -> int:
        return self._popen.wait()


@contextlib.contextmanager
def holding(data: bytes) -> Iterator[int]:
    """A descriptor from which `data` can be read: of memory, where the system has such files.

    A pipe would make the tuner wait for a process that does not read, or read slowly.
    """
    if not data:
        yield subprocess.DEVNULL
    else:
        with _nameless_file() as file:
            file.write(data)
            file.seek(0)  # also for the process, which shares the position
            yield file.fileno()


def _nameless_file() -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("synecore-stdin"), "w+b")
    return tempfile.TemporaryFile()


def last_lines(file: Path, start: int = 0) -> list[str]:
    """Return the last lines of what was written to `file` after byte `start`."""
    try:
        with open(file, "rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            first = max(start, size - _SHOWN_BYTES)
            stream.seek(first)
            text = stream.read(_SHOWN_BYTES).decode("utf-8", "replace")
    except OSError:
        return []
    lines = [line.rstrip() for line in text.split("\n")]
    if first > start and len(lines) > 1:
        del lines[0]  # its beginning is cut off
    while lines and not lines[-1]:
        lines.pop()
    return lines[-_SHOWN_LINES:]


def how_it_ended(status: int) -> str:
    """Return an exit status, negative for a signal, in words."""
    if status >= 0:
        return f"exit code {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    hint = ", not by the tuner; perhaps the memory ran out" if -status == signal.SIGKILL else ""
    return f"killed by {name}{hint}"
