"""Clocks: seconds since the start of an experiment."""

from __future__ import annotations

import time


class WallClock:
    """Real time, counted from `start` seconds when the clock is made."""

    def __init__(self, start: float = 0.0) -> None:
        self._origin = time.monotonic() - start

    def now(self) -> float:
        return time.monotonic() - self._origin

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class ManualClock:
    """Time that moves only when told to: for simulation, ask/tell and tests."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = float(start)

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += max(seconds, 0.0)

    def advance_to(self, time: float) -> None:
        """Move to `time`, if it lies ahead."""
        self._now = max(self._now, time)
