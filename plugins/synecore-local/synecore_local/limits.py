"""Limits of a trial's time and memory."""

from __future__ import annotations

import logging
import math
import subprocess
import time

import attrs

from .processes import memory_of, processes, trees

logger = logging.getLogger(__name__)

_LOOK = 1.0  # seconds between looks at the memory, at the least
_SHARE = 50  # a look may take one part in this of the time
_MIB = 1 << 20


@attrs.define
class _Limited:
    """A trial that runs."""

    leader: int  # its main process
    began: float
    deadline: float


class Limits:
    """Says which trials have run for too long or hold too much memory.

    All times are on the system's monotonic clock. Without a limit, nothing is looked at.

    Args:
        seconds: For which a trial may run, all its starts together; None: without end.
        mebibytes: Of memory that all processes of a trial may hold together; None: any.
    """

    def __init__(self, seconds: float | None, mebibytes: float | None) -> None:
        self._seconds = seconds
        self._mebibytes = mebibytes
        self._ran: dict[int, float] = {}  # seconds of a trial's earlier starts
        self._running: dict[int, _Limited] = {}
        self._look_at = -math.inf

    def begin(self, trial: int, leader: int) -> None:
        """A trial's main process has begun."""
        if self._seconds is None and self._mebibytes is None:
            return
        now = time.monotonic()
        left = math.inf if self._seconds is None else self._seconds - self._ran.get(trial, 0.0)
        self._running[trial] = _Limited(leader, now, now + left)

    def end(self, trial: int) -> None:
        """A trial's processes are over."""
        limited = self._running.pop(trial, None)
        if limited is not None:
            self._ran[trial] = self._ran.get(trial, 0.0) + time.monotonic() - limited.began

    def next_look(self) -> float:
        """Return when to ask for `passed` again."""
        if not self._running:
            return math.inf
        deadline = min(limited.deadline for limited in self._running.values())
        return deadline if self._mebibytes is None else min(deadline, self._look_at)

    def passed(self) -> dict[int, str]:
        """Return the trials that have newly passed a limit, and say which."""
        if not self._running:
            return {}
        now = time.monotonic()
        found = {}
        for trial, limited in self._running.items():
            if limited.deadline <= now:
                limited.deadline = math.inf  # say it once
                found[trial] = f"its time_limit of {self._seconds:g} s was reached"
        if self._mebibytes is not None and self._look_at <= now:
            found |= self._too_large(self._mebibytes)
            self._look_at = now + max(_LOOK, _SHARE * (time.monotonic() - now))
        return found

    def _too_large(self, limit: float) -> dict[int, str]:
        try:
            seen = processes()
        except (OSError, subprocess.SubprocessError) as error:
            logger.warning("%s; trials run without memory_limit from now on", error)
            self._mebibytes = None
            return {}
        tree_of = trees([limited.leader for limited in self._running.values()], seen)
        found = {}
        for trial, limited in self._running.items():
            held = memory_of(tree_of[limited.leader], int(limit * _MIB)) / _MIB
            if held > limit:
                found[trial] = (
                    f"its memory_limit of {limit:g} MiB was reached: it held {held:.0f} MiB"
                )
        return found
