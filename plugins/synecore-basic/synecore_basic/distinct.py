"""What a searcher proposes from an endless stream of points: only what was not tried before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from synecore import seeds
from synecore.actions import Status
from synecore.problem import Array, SearchSpace, TrialView
from synecore.protocols import State
from synecore_basic.shelf import Shelf

FAILED = int(Status.FAILED)
TRIES = 64  # repeated points in a row before what is left of a small space is listed
GIVE_UP = 4096  # the same where it cannot be listed
LARGEST = 2**20  # configurations of a space that is listed


class PointStream(Protocol):
    """Snapped points, one after the other, without end."""

    def next(self) -> Array: ...
    def state_dict(self) -> State: ...
    def load_state_dict(self, state: State) -> None: ...


class Distinct:
    """Takes points off a stream that are no trials; of a small space at last those left over.

    `stream` makes a new stream at its beginning. With `allow_duplicates` only configurations of
    failed trials are passed over.
    """

    def __init__(
        self,
        stream: Callable[[], PointStream],
        space: SearchSpace,
        seed: np.random.SeedSequence,
        *,
        allow_duplicates: bool = False,
    ) -> None:
        self._begin = stream
        self._stream = stream()
        self._space = space
        self._seed = seed
        self._allow_duplicates = allow_duplicates
        self._listable = _is_small(space) and not allow_duplicates
        self._left: Shelf | None = None  # of a small space, once the stream repeats itself

    def take(self, n: int, trials: TrialView) -> list[Array]:
        """Return up to n distinct points; fewer only where the space is used up."""
        points: list[Array] = []
        taken: set[bytes] = set()
        while len(points) < n and self._left is None:
            x = self._next(trials, taken)
            if x is not None:
                points.append(x)
            elif self._listable:
                self._left = self._all_in_random_order()
            else:
                return points
        if self._left is not None and len(points) < n:
            points += self._left.take(n - len(points), trials, taken)
        return points

    def _next(self, trials: TrialView, taken: set[bytes]) -> Array | None:
        for _ in range(TRIES if self._listable else GIVE_UP):
            x = self._stream.next()
            key = x.tobytes()
            if key in taken or (trials.seen(x[None])[0] and not self._may_repeat(key, trials)):
                continue
            taken.add(key)
            return x
        return None

    def _may_repeat(self, key: bytes, trials: TrialView) -> bool:
        if not self._allow_duplicates:
            return False
        failed = trials.trial("x")[trials.trial("status") == FAILED]
        return all(x.tobytes() != key for x in failed)

    def _all_in_random_order(self) -> Shelf:
        X = self._space.points()
        rng = seeds.stream(self._seed, "searcher/left-over")
        return Shelf(lambda indices: X[indices], len(X), rng.permutation(len(X)))

    # ---- state --------------------------------------------------------------------------

    def state_dict(self) -> State:
        left = None if self._left is None else self._left.state_dict()
        return {"stream": self._stream.state_dict(), "left": left}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._stream.load_state_dict(state["stream"])
        self._left = None
        if state["left"] is not None:
            self._left = self._all_in_random_order()
            self._left.load_state_dict(state["left"])

    def rebuild(self, trials: TrialView) -> None:
        """Go on after the last point of the stream that is a trial; look for left-overs again."""
        self._left = None
        points = self._begin()
        used = 0
        for i in range(trials.n_trials):
            if trials.seen(points.next()[None])[0]:
                used = i + 1
        self._stream = self._begin()
        for _ in range(used):
            self._stream.next()


def _is_small(space: SearchSpace) -> bool:
    """Whether all configurations can be listed, and any of them may be proposed."""
    narrowed = bool(getattr(space, "active_space", None))
    return space.size is not None and space.size <= LARGEST and not narrowed
