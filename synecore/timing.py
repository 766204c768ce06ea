"""Doing something only now and then, and saying how long something took."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

logger = logging.getLogger(__name__)


class RegularCallback:
    """Calls `callback` when it is called itself, but at most once every so many seconds."""

    def __init__(
        self, callback: Callable[..., Any], call_seconds_frequency: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._callback, self._every, self._clock = callback, call_seconds_frequency, clock
        self._next = clock()

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        now = self._clock()
        if now >= self._next:
            self._next = now + self._every
            self._callback(*args, **kwargs)


@contextmanager
def catchtime(name: str) -> Iterator[None]:
    """Log how long the block took, also when it raised."""
    began = time.perf_counter()
    try:
        yield
    finally:
        logger.info("%s took %.3f s", name, time.perf_counter() - began)
