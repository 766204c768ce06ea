"""How soon to look again at trials that print much and report nothing."""

from __future__ import annotations

import time

_SHORTEST, _LONGEST = 1e-4, 2e-3  # seconds of a pause
_OFTEN = 0.02  # seconds; output without a report that often is chatter


class Pace:
    """Pauses after output without a report, longer while there is much of it.

    A trial that prints ten thousand lines a second would else wake the tuner as often.
    """

    def __init__(self) -> None:
        self._pause = _SHORTEST
        self._last = 0.0

    def pause(self) -> None:
        often = time.monotonic() - self._last < _OFTEN
        self._pause = min(2 * self._pause, _LONGEST) if often else _SHORTEST
        time.sleep(self._pause)
        self._last = time.monotonic()
