"""The tuner's end of a zygote, and the trials that it forks."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..environment import MARKS
from ..process import OutputFiles, TrialProcess, holding, how_it_ended
from ..program import Invocation, Plan
from . import zygote_process
from .messages import Channel

_IMPORTING = 600.0  # seconds in which the imports have to be done
_ANSWERING = 60.0  # seconds for any other answer
_MOMENT = 1.0  # seconds in which a process whose socket is closed is over
_ROOM = 32  # bytes by which a trial's mark may be longer than the zygote's


class Unfit(Exception):
    """Trials of this program cannot be forked; says why."""


class Lost(Exception):
    """The zygote is gone, or does not answer; says how."""


class Zygote:
    """A process that has imported what trials import, and forks them.

    Args:
        plan: What it does before the first trial.
        environment: What it finds in its own; trials may find other values there.

    Raises:
        Unfit: What it has imported cannot be forked.
        Lost: It ended before it was ready.
        OSError: It could not be started.
    """

    def __init__(self, plan: Plan, environment: Mapping[str, str]) -> None:
        self._plan = plan
        self._environment = {**environment, MARKS: environment[MARKS] + " " * _ROOM}
        self._trials: set[int] = set()
        self._statuses: dict[int, int | None] = {}  # of those that have ended
        self._retired = False
        self._popen, self._channel = _started(plan, self._environment)
        self.pid = self._popen.pid
        try:
            answer = self._ask(
                {
                    "interpreter": plan.interpreter, "script": plan.script, "steps": plan.steps,
                    "marks": MARKS,
                },
                patience=_IMPORTING,
            )  # fmt: skip
            if "unfit" in answer:
                raise Unfit(answer["unfit"])
        except BaseException:
            self.end()
            raise
        self._files = [(path, (time, size)) for path, time, size in answer["files"]]

    def _ask(
        self, message: Mapping[str, Any], fds: Sequence[int] = (), patience: float = _ANSWERING
    ) -> dict[str, Any]:
        """Send a message and return the answer.

        Raises:
            Lost: There is none.
        """
        with self._lost_at_errors(patience):
            self._channel.settimeout(patience)
            self._channel.send(message, fds)
            while (answer := self._received(patience)) is None:
                pass
        return answer

    def _received(self, patience: float) -> dict[str, Any] | None:
        """Return the next message; None if it only said that a fork has ended."""
        if not self._channel.has_message() and not _readable(self._channel).poll(1000 * patience):
            # An answer is there before this, or whoever gives it finds that it is too late.
            self._channel.shut_down()
        message: dict[str, Any] = self._channel.receive()[0]
        if "ended" not in message:
            return message
        self._statuses[message["ended"]] = message["status"]
        return None

    @contextlib.contextmanager
    def _lost_at_errors(self, patience: float) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError):
            raise Lost(self._how_it_ended(patience)) from None
        except BaseException:  # a user's second Ctrl-C; the answer would be taken for a later one
            self._channel.shut_down()
            raise

    def _how_it_ended(self, patience: float) -> str:
        try:
            return how_it_ended(self._popen.wait(_MOMENT))
        except subprocess.TimeoutExpired:
            return f"it did not answer within {patience:g} seconds"

    def is_current(self) -> bool:
        """Is the code of the user that forks have the code on disk?"""
        return all(_stamp(path) == stamp for path, stamp in self._files)

    def fork(
        self, invocation: Invocation, environment: Mapping[str, str], out: Path, err: Path
    ) -> WarmProcess:
        """Begin a trial.

        Raises:
            OSError: The system refused a file or the process.
            Lost: There is no zygote any more.
        """
        own = self._environment
        request = {
            "arguments": invocation.command[len(self._plan.interpreter) :],
            "environment": {k: v for k, v in environment.items() if own.get(k) != v},
            "unset": [name for name in own if name not in environment],
            "folder": _folder(),
            "cores": list(os.sched_getaffinity(0)),
        }
        with OutputFiles(out, err) as files:
            answer = self._ask(request, files.fds)
        if "error" in answer:
            raise OSError(answer["error"])
        pid = answer["pid"]
        self._trials.add(pid)
        try:
            return WarmProcess(self, pid, files)
        except OSError:  # no descriptor for it
            os.killpg(pid, signal.SIGKILL)
            self.reap(pid)
            raise

    def reap(self, pid: int) -> int | None:
        """Return the exit status of a fork that has ended; None if that cannot be known."""
        try:
            with self._lost_at_errors(_ANSWERING):
                self._channel.settimeout(_ANSWERING)
                while pid not in self._statuses:
                    self._received(_ANSWERING)
                self._channel.send({"reap": pid})
        except Lost:
            pass
        self._trials.discard(pid)
        if self._retired and not self._trials:
            self.end()
        return self._statuses.pop(pid, None)

    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def retire(self) -> None:
        """End once all forks have ended."""
        self._retired = True
        if not self._trials:
            self.end()

    def end(self) -> None:
        """End it; forks go on."""
        self._channel.close()
        try:
            self._popen.wait(_MOMENT)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


class WarmProcess(TrialProcess):
    """A process that a zygote has forked.

    It is a child of the zygote, which keeps its id from being given to another until it is reaped.
    """

    def __init__(self, zygote: Zygote, pid: int, files: OutputFiles) -> None:
        super().__init__(pid, files)
        self._zygote = zygote
        self._pidfd = os.pidfd_open(pid)
        self._poll = _readable(self._pidfd)
        self._unknown = False

    def has_ended(self) -> bool:
        return self._reaped or bool(self._poll.poll(0))

    def _signal(self, number: signal.Signals) -> None:
        # Without its zygote a process that has ended is no zombie, and its id is anybody's.
        if not self._reaped and (self._zygote.is_alive() or not self.has_ended()):
            super()._signal(number)

    def _wait(self) -> int:
        self._poll.poll()
        os.close(self._pidfd)
        status = self._zygote.reap(self.pid)
        self._unknown = status is None
        return 1 if status is None else status

    def error(self, how: str = "") -> str:
        if self._unknown and not how:
            how = (
                "it is not known how it ended, because the process that it was forked from (see "
                "the option warm) was gone"
            )
        return super().error(how)


def _started(plan: Plan, environment: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], Channel]:
    ours, theirs = socket.socketpair()
    command = [*plan.interpreter, zygote_process.__file__, str(theirs.fileno())]
    try:
        with theirs, holding(plan.stdin) as stdin:
            popen = subprocess.Popen(
                command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=environment, start_new_session=True, pass_fds=[theirs.fileno()],
            )  # fmt: skip
    except BaseException:
        ours.close()
        raise
    return popen, Channel(ours)


def _readable(file: int | Channel) -> select.poll:
    """Return what says if there is something to read; `select` would fail from descriptor 1024."""
    poll = select.poll()
    poll.register(file, select.POLLIN)
    return poll


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _folder() -> str | None:
    with contextlib.suppress(OSError):  # it was removed
        return os.getcwd()
    return None
