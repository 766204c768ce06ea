"""The stream of random points that all searchers share.

Random search and the initial design of every other searcher read it from the start, so one seed
gives the same first points under every method.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from synecore import seeds
from synecore.problem import Array, SearchSpace
from synecore.protocols import State

ROLE = "searcher/initial"  # the stream, in `seeds.stream`
BLOCK = 256  # rows drawn at a time: one row alone costs 74 microseconds, of many 0.1 each


class RandomPoints:
    """Random snapped points of a space, one after the other.

    Points are drawn in blocks of a fixed size, so the stream does not depend on how many are taken
    at once, and are saved as the generator's state at the start of the block and a position in it.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator, block: int = BLOCK) -> None:
        self._space = space
        self._rng = rng
        self._block_size = block
        self._rows = np.empty((0, len(space.names)))  # drawn when the first is needed
        self._position = 0
        self._at_start: State | None = None  # of the generator before the rows were drawn

    @classmethod
    def of(cls, space: SearchSpace, seed: np.random.SeedSequence) -> RandomPoints:
        """Return the stream that an experiment of this seed begins with."""
        return cls(space, seeds.stream(seed, ROLE))

    def next(self) -> Array:
        """Return the next point, (d,)."""
        position = self._position
        if position == len(self._rows):
            self._draw()
            position = 0
        self._position = position + 1
        row: Array = self._rows[position]
        return row

    def take(self, n: int) -> Array:
        """Return the next n points, (n, d): the same rows as n calls of `next`."""
        X = np.empty((n, len(self._space.names)))
        for i in range(n):
            X[i] = self.next()
        return X

    def _draw(self) -> None:
        self._at_start = seeds.state_of(self._rng)
        self._rows = self._space.sample(self._block_size, self._rng)
        self._position = 0

    def state_dict(self) -> State:
        state = seeds.state_of(self._rng) if self._at_start is None else self._at_start
        return {"rng": state, "drawn": self._at_start is not None, "position": self._position}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where that stream was, whatever this one has handed out."""
        seeds.restore(self._rng, state["rng"])
        self._at_start, self._position, self._rows = None, 0, self._rows[:0]
        if state["drawn"]:
            self._draw()
            self._position = int(state["position"])
