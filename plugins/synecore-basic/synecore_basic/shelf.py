"""Points in a fixed order, each handed out once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from synecore.problem import Array, IntArray, TrialView
from synecore.protocols import State

_BLOCK = 256  # rows made at a time
Rows = Callable[[IntArray], Array]  # indices (k,) -> rows (k, d); all NaN where there is no point


class Shelf:
    """Hands out points that are no trials yet, in order.

    A point that was proposed and never became a trial is handed out again: what is gone is what
    the table has, and nothing is remembered but where to look first.
    """

    def __init__(self, rows: Rows, n: int, order: IntArray | None = None) -> None:
        self._make = rows
        self._n = n
        self._order = order  # indices (n,), None for 0 to n - 1
        self._front = 0  # everything before it is used up
        self._block = np.empty((0, 0))
        self._block_start = 0

    def __len__(self) -> int:
        return self._n

    def row(self, i: int) -> Array | None:
        """Return the i-th point (d,) in the order of service, None where there is none."""
        offset = i - self._block_start
        if not 0 <= offset < len(self._block):
            self._block_start = i - i % _BLOCK
            stop = min(self._block_start + _BLOCK, self._n)
            indices = np.arange(self._block_start, stop)
            self._block = self._make(indices if self._order is None else self._order[indices])
            offset = i - self._block_start
        x: Array = self._block[offset]
        return None if np.isnan(x).all() and x.size else x

    def take(self, n: int, trials: TrialView, taken: set[bytes]) -> list[Array]:
        """Return up to n points that are neither trials nor in `taken`, and add them to it."""
        points: list[Array] = []
        at_front = True
        i = self._front
        while i < self._n and len(points) < n:
            x = self.row(i)
            i += 1
            if x is None or trials.seen(x[None])[0]:
                if at_front:
                    self._front = i
                continue
            at_front = False
            key = x.tobytes()
            if key not in taken:
                taken.add(key)
                points.append(x)
        return points

    def state_dict(self) -> State:
        return {"front": self._front}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._front = int(state["front"])

    def clear(self) -> None:
        """Look at everything again."""
        self._front = 0
