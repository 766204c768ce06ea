"""Retries of failed trials whose time has not come."""

from __future__ import annotations

import math

from synecore.tuning.jobs import BeginJob


class Backoff:
    """Holds what is to begin later. To the scheduler these trials are queued, and keep a worker."""

    def __init__(self) -> None:
        self._waiting: dict[int, BeginJob] = {}  # by trial

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def trials(self) -> set[int]:
        return set(self._waiting)

    def add(self, command: BeginJob) -> None:
        self._waiting[command.job.trial] = command

    def withdraw(self, trial: int) -> bool:
        """Forget a trial that is to stop; return whether it was waiting."""
        return self._waiting.pop(trial, None) is not None

    def due(self, now: float) -> list[BeginJob]:
        """Take out what may begin now, first come first served."""
        ready = [command for command in self._waiting.values() if command.not_before <= now]
        for command in ready:
            del self._waiting[command.job.trial]
        return sorted(ready, key=lambda command: command.not_before)

    @property
    def next(self) -> float:
        """When the next one may begin; infinity if none waits."""
        return min((command.not_before for command in self._waiting.values()), default=math.inf)
