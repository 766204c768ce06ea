"""Start points first: a searcher that serves them before the one it wraps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from synecore.problem import Array, SearchSpace, TrialView
from synecore.protocols import Proposal, Rebuildable, Scores, Searcher, State, WeighsBrackets

_OPTIONAL = [
    name
    for protocol in (Scores, WeighsBrackets)
    for name in vars(protocol)
    if not name.startswith("_")
]


class PointQueue:
    """Serves `trials.start_points` in order, whoever added them, then asks `searcher`.

    `points_to_evaluate` of every method is handled here and nowhere else. Optional protocols of
    the wrapped searcher (`Scores`, `WeighsBrackets`) are reached through this object.
    """

    def __init__(self, searcher: Searcher, space: SearchSpace) -> None:
        self.searcher = searcher
        self._space = space
        self._served = 0
        self._lend()

    def _lend(self) -> None:
        """Offer the optional methods as attributes, where `isinstance(queue, Scores)` looks."""
        for name in _OPTIONAL:
            method = getattr(self.searcher, name, None)
            if method is not None:
                setattr(self, name, method)

    @property
    def tags(self) -> Mapping[str, str]:
        return self.searcher.tags

    def propose(
        self, n: int, trials: TrialView, *, resource: float | Array | None = None
    ) -> Sequence[Proposal]:
        points = trials.start_points
        if self._served >= len(points):
            return self.searcher.propose(n, trials, resource=resource)
        proposals: list[Proposal] = []
        while len(proposals) < n and self._served < len(points):
            served = points[self._served : self._served + n - len(proposals)]
            self._served += len(served)
            X = self._admitted(self._space.snap(self._space.encode(served)))
            proposals += [Proposal(x, why={"source": "points_to_evaluate"}) for x in X]
        if len(proposals) < n:
            known = {np.asarray(p.x).tobytes() for p in proposals}
            more = self.searcher.propose(n - len(proposals), trials, resource=resource)
            proposals += [p for p in more if np.asarray(p.x).tobytes() not in known]
        return proposals

    def _admitted(self, X: Array) -> Array:
        """Leave out what a searcher that is restricted to some configurations does not admit."""
        admits = getattr(self.searcher, "admits", None)
        return X if admits is None else X[admits(X)]

    def state_dict(self) -> State | None:
        inner = self.searcher.state_dict()
        return None if inner is None else {"served": self._served, "searcher": inner}

    def load_state_dict(self, state: State) -> None:
        self._served = int(state["served"])
        self.searcher.load_state_dict(state["searcher"])

    def rebuild(self, trials: TrialView) -> None:
        points = trials.start_points
        if points:
            known = trials.seen(self._space.snap(self._space.encode(points)))
            self._served = int(len(known) if known.all() else np.argmin(known))
        if isinstance(self.searcher, Rebuildable):
            self.searcher.rebuild(trials)

    def __getattr__(self, name: str) -> Any:
        if (
            name.startswith("__") or name == "searcher"
        ):  # copying and unpickling ask before __init__
            raise AttributeError(name)
        return getattr(self.searcher, name)
