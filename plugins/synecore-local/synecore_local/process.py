"""One trial's process and the group it leads."""

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


class TrialProcess:
    """A process in a session of its own, so that Ctrl-C in the tuner's terminal passes it by.

    Its children share its process group, unless they leave it, and end with it.
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        out: Path,
        err: Path,
        stdin: bytes = b"",
    ) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        out_fd = os.open(out, flags, 0o666)
        try:
            err_fd = os.open(err, flags, 0o666)
            try:
                self._err, self._err_start = err, os.fstat(err_fd).st_size
                self._out, self._out_start = out, os.fstat(out_fd).st_size
                # Without preexec_fn, Popen uses vfork: the cost does not grow with the tuner.
                with _holding(stdin) as in_fd:
                    self._popen = subprocess.Popen(
                        command,
                        stdin=in_fd,
                        stdout=out_fd,
                        stderr=err_fd,
                        env=env,
                        start_new_session=True,
                    )
            finally:
                os.close(err_fd)
        finally:
            os.close(out_fd)
        self.pid = self._popen.pid  # also the id of its group and session
        self._reaped = False

    def has_ended(self) -> bool:
        """Has the main process ended? Until `reap` it is a zombie, so that nobody gets its id."""
        if not hasattr(os, "waitid"):  # macOS
            return self._popen.poll() is not None
        try:
            flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self.pid, flags) is not None
        except ChildProcessError:  # someone else waited for it
            return True

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
        return self._popen.wait()

    def error(self) -> str:
        """Say how a reaped process failed, with the last lines it wrote."""
        text = _how(self._popen.returncode or 0)
        for file, start in ((self._err, self._err_start), (self._out, self._out_start)):
            lines = last_lines(file, start)
            if lines:
                return f"{text}; end of {file.name}:\n" + "\n".join(lines)
        return f"{text}; it wrote nothing"


@contextlib.contextmanager
def _holding(data: bytes) -> Iterator[int]:
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


def _how(status: int) -> str:
    if status >= 0:
        return f"exit code {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    hint = ", not by the tuner; perhaps the memory ran out" if -status == signal.SIGKILL else ""
    return f"killed by {name}{hint}"
