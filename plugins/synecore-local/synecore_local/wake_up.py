"""Waiting until a trial writes or ends: by events of the system, or by looking now and then."""

from __future__ import annotations

import logging
import os
import selectors
import time
from collections.abc import Iterable
from typing import Literal, Protocol

from .inotify import Inotify
from .output import Output
from .process import TrialProcess

logger = logging.getLogger(__name__)

_SHORTEST, _LONGEST = 0.002, 0.06  # seconds between two looks
_SHARE = 0.05  # of the time since there was news: who reports each second is seen within 50 ms


class WakeUp(Protocol):
    """Watches the running trials."""

    def watch(self, trial: int, output: Output, process: TrialProcess) -> None: ...
    def unwatch(self, trial: int) -> None: ...
    def wait(self, timeout: float) -> set[int]:
        """Return the trials that wrote or ended, as soon as there are any; none at the timeout."""

    def close(self) -> None: ...


class Events:
    """Woken by inotify for output and by process file descriptors for ends. Linux 5.3 and later.

    Raises:
        OSError: The system has not what is needed, or no more of it.
    """

    def __init__(self) -> None:
        if not hasattr(os, "pidfd_open"):
            raise OSError("this system has no process file descriptors")
        self._inotify = Inotify()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._inotify, selectors.EVENT_READ)
        self._watches: dict[int, tuple[int, int]] = {}  # trial -> watch and process descriptor
        self._trials: dict[int, int] = {}  # watch -> trial

    def watch(self, trial: int, output: Output, process: TrialProcess) -> None:
        watch = self._inotify.add(output.path)
        try:
            pidfd = os.pidfd_open(process.pid)
        except OSError:
            self._inotify.remove(watch)
            raise
        self._selector.register(pidfd, selectors.EVENT_READ, trial)
        self._watches[trial] = watch, pidfd
        self._trials[watch] = trial

    def unwatch(self, trial: int) -> None:
        watch, pidfd = self._watches.pop(trial)
        self._inotify.remove(watch)
        del self._trials[watch]
        self._selector.unregister(pidfd)
        os.close(pidfd)

    def wait(self, timeout: float) -> set[int]:
        ready: set[int] = set()
        for key, _ in self._selector.select(timeout):
            if key.data is not None:
                ready.add(key.data)
                continue
            written = self._inotify.read()
            if written is None:
                return set(self._watches)
            ready.update(self._trials[watch] for watch in written if watch in self._trials)
        return ready

    def close(self) -> None:
        for trial in list(self._watches):
            self.unwatch(trial)
        self._selector.close()
        self._inotify.close()


class Polling:
    """Looks at sizes and processes, often after news and seldom after a long time without."""

    def __init__(self) -> None:
        self._watched: dict[int, tuple[Output, TrialProcess]] = {}
        self._sizes: dict[int, int] = {}
        self._last_news = time.monotonic()

    def watch(self, trial: int, output: Output, process: TrialProcess) -> None:
        self._watched[trial] = output, process
        self._sizes[trial] = -1
        self._last_news = time.monotonic()

    def unwatch(self, trial: int) -> None:
        del self._watched[trial], self._sizes[trial]

    def wait(self, timeout: float) -> set[int]:
        deadline = time.monotonic() + timeout
        while True:
            ready = {trial for trial in self._watched if self._has_news(trial)}
            now = time.monotonic()
            if ready:
                self._last_news = now
            if ready or now >= deadline:
                return ready
            time.sleep(min(self.interval(now), deadline - now))

    def interval(self, now: float) -> float:
        """Return the seconds until the next look."""
        return min(max(_SHARE * (now - self._last_news), _SHORTEST), _LONGEST)

    def _has_news(self, trial: int) -> bool:
        output, process = self._watched[trial]
        size = os.fstat(output.fileno()).st_size
        if size != self._sizes[trial]:
            self._sizes[trial] = size
            return True
        return process.has_ended()

    def close(self) -> None:
        self._watched.clear()
        self._sizes.clear()


def wake_up_by(way: Literal["auto", "polling"]) -> WakeUp:
    """Return events of the system, or where it has none, or by wish, looking now and then."""
    if way == "auto":
        try:
            return Events()
        except OSError as error:
            logger.info("%s; the output of trials is looked at in intervals", error)
    return Polling()


def polling_instead(other: WakeUp, watched: Iterable[tuple[int, Output, TrialProcess]]) -> WakeUp:
    """Look at `watched` from now on, where the system had no room for more events."""
    other.close()
    polling = Polling()
    for trial, output, process in watched:
        polling.watch(trial, output, process)
    return polling
