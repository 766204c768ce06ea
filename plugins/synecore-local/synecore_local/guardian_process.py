"""The guardian: ends the trials of a tuner that was killed.

Run as a script of its own, with nothing but the standard library, in a session of its own. Standard
input is a pipe from the tuner. `+ GROUP` and `- GROUP MARK` say that a trial's process group began
and ended; the mark is in the environment of all processes of that trial, and what is left of them
outside the group is killed at leisure. At the end of the pipe, or of the tuner, everything goes.
"""

from __future__ import annotations

import os
import select
import sys
import time

TYPE_CHECKING = False  # a guardian starts in milliseconds, without `typing`
if TYPE_CHECKING:
    from collections.abc import Iterable

KILL = 9  # signal.SIGKILL; the module costs more than the rest of this file
_REST = 0.25  # seconds in which messages only gather
_SWEEP_EVERY = 1.0  # seconds between two sweeps for what ended trials left, at the least
_SWEEP_SHARE = 50  # a sweep may take one part in this of the time
_ROUNDS = 100  # of killing, against processes that fork as fast as they die
_ROUND = 0.02  # seconds
_BEGINNING = 0.2  # seconds in which a process that a killed tuner was starting shows its mark


def kill_marked(marks: Iterable[bytes]) -> int:
    """Kill all processes but this one that carry a mark in their environment; return how many.

    Does nothing on systems without /proc.
    """
    marks = tuple(marks)
    killed = 0
    for pid in _processes():
        if pid != os.getpid() and _carries(pid, marks):
            try:
                os.kill(pid, KILL)
                killed += 1
            except OSError:
                pass
    return killed


def _processes() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def _carries(pid: int, marks: tuple[bytes, ...]) -> bool:
    try:
        fd = os.open(f"/proc/{pid}/environ", os.O_RDONLY)
    except OSError:  # gone, or another user's
        return False
    try:
        environment = b""
        while chunk := os.read(fd, 1 << 17):
            environment += chunk
    except OSError:
        return False
    finally:
        os.close(fd)
    return any(mark in environment for mark in marks)


def kill_all(run: bytes, groups: Iterable[int]) -> None:
    """Kill process groups and all processes that carry the run's mark, until none is left."""
    for group in groups:
        try:  # noqa: SIM105 - contextlib would cost more than the rest of this file
            os.killpg(group, KILL)
        except OSError:
            pass
    for _ in range(_ROUNDS):
        if not kill_marked([run]):
            break
        time.sleep(_ROUND)


def main(run: bytes, tuner: int) -> None:
    """Guard the trials of process `tuner`, whose environments carry the mark `run`."""
    groups: set[int] = set()
    ended: set[bytes] = set()  # marks of trials that may have left something
    next_sweep = 0.0
    partial = b""
    poll = select.poll()
    poll.register(0)
    if hasattr(os, "pidfd_open"):  # a fork of the tuner may hold the pipe open for longer
        try:  # noqa: SIM105
            poll.register(os.pidfd_open(tuner), select.POLLIN)
        except OSError:  # it is gone, or such descriptors are forbidden here
            pass
    resting = quits = False
    while os.getppid() == tuner:
        poll.modify(0, 0 if resting else select.POLLIN)  # its end is noticed in any case
        happened = poll.poll(_REST * 1000 if resting or ended else None)
        if any(fd != 0 for fd, _ in happened):
            break
        resting = bool(happened)
        if happened:
            data = os.read(0, 1 << 16)
            *lines, partial = (partial + data).split(b"\n")
            quits = b"quit" in lines
            if not data or quits:
                break
            for line in lines:
                word, group, *mark = line.split()
                (groups.add if word == b"+" else groups.discard)(int(group))
                ended.update(mark)
        now = time.monotonic()
        if ended and now >= next_sweep:
            kill_marked(ended)
            ended.clear()
            took = time.monotonic() - now
            next_sweep = now + max(_SWEEP_EVERY, _SWEEP_SHARE * took)
    kill_all(run, groups)
    if not quits:
        time.sleep(_BEGINNING)
        kill_all(run, ())


if __name__ == "__main__":
    main(sys.argv[1].encode(), int(sys.argv[2]))
