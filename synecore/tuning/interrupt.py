"""Ctrl-C and SIGTERM: the first asks the loop to end well, the second ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(BaseException):
    """The loop ended for a signal; everything is stored and the run can be resumed."""


class InterruptSwitch:
    """Callable: whether a signal came. `signum` tells which."""

    def __init__(self) -> None:
        self.signum: int | None = None

    def __call__(self) -> bool:
        return self.signum is not None

    def raise_for_signal(self) -> None:
        """End the program the way the signal would have: KeyboardInterrupt, or exit code 143."""
        if self.signum == signal.SIGTERM:
            raise SystemExit(128 + signal.SIGTERM)
        raise KeyboardInterrupt


@contextmanager
def interrupt_switch() -> Iterator[InterruptSwitch]:
    """Catch SIGINT and SIGTERM while the loop runs; nothing outside the main thread."""
    switch = InterruptSwitch()
    if threading.current_thread() is not threading.main_thread():
        yield switch
        return

    def handle(signum: int, frame: FrameType | None) -> None:
        if switch.signum is None:
            switch.signum = signum
        else:
            switch.signum = signum
            switch.raise_for_signal()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield switch
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
