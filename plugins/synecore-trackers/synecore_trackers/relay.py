"""A listener that passes on what it is told in a thread, so that nobody waits for a tracker."""

from __future__ import annotations

import functools
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from synecore.actions import Status
from synecore.tuning.chronicle import Best, Listener, Point

logger = logging.getLogger(__name__)

INTERVAL = 1.0  # seconds in which what is told is collected before it is sent
PATIENCE = 60.0  # seconds that the end of a run waits for what is not sent yet


class Tracker(Listener, Protocol):
    """A listener with a beginning and an end, that may collect what it is told."""

    def begin(self) -> None:
        """Called once, first of all."""

    def flush(self) -> None:
        """Send what was collected."""

    def end(self, cut_short: bool) -> None:
        """Called once, last; `cut_short`: trials were still running."""


class Relay:
    """Tells a tracker, in a thread of its own and in the same order.

    An error of the tracker ends the thread; `check` and `close` raise it where they are called, as
    often as they are.

    Args:
        tracker: Whom to tell. All calls come from one thread.
        name: Of the tracker, for messages and for the thread.
        interval: Seconds between two flushes, while there is something to flush.
    """

    def __init__(self, tracker: Tracker, name: str, interval: float = INTERVAL) -> None:
        self._tracker, self._name, self._interval = tracker, name, interval
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._error: BaseException | None = None
        self._calls.put(tracker.begin)
        # A daemon: a server that does not answer must not keep a finished program alive.
        self._thread = threading.Thread(target=self._work, name=f"synecore {name}", daemon=True)
        self._thread.start()

    def started(self, trial: int, config: Mapping[str, Any], time: float) -> None:
        self._calls.put(functools.partial(self._tracker.started, trial, config, time))

    def reported(self, point: Point) -> None:
        self._calls.put(functools.partial(self._tracker.reported, point))

    def improved(self, best: Sequence[Best]) -> None:
        self._calls.put(functools.partial(self._tracker.improved, best))

    def paused(self, trial: int, time: float) -> None:
        self._calls.put(functools.partial(self._tracker.paused, trial, time))

    def ended(self, trial: int, status: Status, time: float) -> None:
        self._calls.put(functools.partial(self._tracker.ended, trial, status, time))

    def check(self) -> None:
        """Raise what the tracker raised, if it did."""
        if self._error is not None:
            raise self._error

    def close(self, cut_short: bool = False, patience: float = PATIENCE) -> None:
        """Have the tracker end, and wait until it has."""
        self._calls.put(functools.partial(self._tracker.end, cut_short))
        self._calls.put(None)
        self._thread.join(patience)
        self.check()
        if self._thread.is_alive():
            logger.warning(
                "%s: not everything could be sent within %g s, some %d calls are left; it is "
                "completed when the experiment is resumed",
                self._name, patience, self._calls.qsize(),
            )  # fmt: skip

    def _work(self) -> None:
        try:
            self._pass_on()
        except Exception as error:
            self._error = error

    def _pass_on(self) -> None:
        flush_at: float | None = None  # on the monotonic clock; None: nothing was told since
        while True:
            try:
                wait = None if flush_at is None else max(flush_at - time.monotonic(), 0.0)
                call = self._calls.get(timeout=wait)
            except queue.Empty:
                self._tracker.flush()
                flush_at = None
                continue
            if call is None:
                return
            call()
            if flush_at is None:
                flush_at = time.monotonic() + self._interval
