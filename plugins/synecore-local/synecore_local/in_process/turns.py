"""Calls of functions take turns, so that a run of them is the same run each time."""

from __future__ import annotations

import math
import time
from collections import deque
from queue import Empty, SimpleQueue

from .call import Call, News, Worker

LONG = 0.5  # seconds after which a call keeps its turn no longer from the next one


class Turns:
    """Lets one call run at a time, up to its next report or its end, in the order of their coming.

    A call that takes `LONG` goes on running beside the others.
    """

    def __init__(self) -> None:
        self.news: SimpleQueue[News] = SimpleQueue()
        self._ready: deque[Call] = deque()  # new, or waiting at a report
        self._current: Call | None = None  # whose turn it is
        self._until = -math.inf  # when the next one may have its turn anyway
        self._idle: list[Worker] = []
        self._workers: dict[Call, Worker] = {}

    def add(self, call: Call) -> None:
        """Take in a call that has not begun."""
        self._ready.append(call)

    def stop(self, call: Call) -> bool:
        """Let a call that stops have the next turn; return if it had not begun, and never will."""
        call.stopping = True
        if call not in self._ready:
            return False
        self._ready.remove(call)
        if call.begun:
            self._ready.appendleft(call)
        return not call.begun

    def let_all_go_on(self) -> None:
        """Give everyone a turn at once, where the order has no meaning any more."""
        while self._ready:
            self._give_turn(self._ready.popleft())

    def give_up(self, call: Call) -> None:
        """Wait no longer for a call; its thread is free again if it ends after all."""
        call.given_up = True
        if call is self._current:
            self._current = None
        if call in self._ready:
            self._ready.remove(call)
            call.go_on()

    def next(self, timeout: float) -> News | None:
        """Return what a call hands over; None if none did within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            if self._ready and (self._current is None or now >= self._until):
                self._give_turn(self._ready.popleft())
                self._until = now + LONG
            due = min(deadline, self._until) if self._ready else deadline
            try:
                news = self.news.get(timeout=max(due - now, 0.0))
            except Empty:
                if due == deadline:
                    return None
                continue
            if self._settle(news):
                return news

    def _give_turn(self, call: Call) -> None:
        self._current = call
        if call.begun:
            call.go_on()
            return
        call.begun = True
        worker = self._workers[call] = self._idle.pop() if self._idle else Worker()
        worker.make(call)

    def _settle(self, news: News) -> bool:
        """Note that a turn is over; return if anyone still wants to know."""
        call = news.call
        if call is self._current:
            self._current = None
        if news.end is not None:
            self._idle.append(self._workers.pop(call))
        elif call.given_up:
            call.go_on()
        elif call.stopping:
            self._ready.appendleft(call)
        else:
            self._ready.append(call)
        return not call.given_up

    def close(self) -> None:
        """Let all threads end, those of given-up calls once these end."""
        for worker in (*self._idle, *self._workers.values()):
            worker.leave()
        self._idle, self._workers = [], {}
