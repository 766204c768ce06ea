"""Local search: mostly small random steps from the best configuration found so far.

X is (n, d) as in `synecore.problem.SearchSpace`: numeric columns in [0, 1], categorical columns
the index of a choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from synecore import seeds
from synecore.plugins import Setup
from synecore.problem import Array, TrialView
from synecore.protocols import Proposal, Searcher, State

from .options import ExampleOptions

TRIES = 50  # steps that may lead to known configurations before a random one is taken


class LocalSearch:
    """Proposes neighbours of the best configuration, and random ones now and then."""

    def __init__(self, setup: Setup, options: ExampleOptions) -> None:
        if setup.problem is None:
            raise TypeError("a searcher is built for a problem")
        self.tags: Mapping[str, str] = {}  # no columns of its own in the table of trials
        self._space = setup.problem.space
        self._options = options
        self._rng = seeds.stream(setup.seed, "searcher/steps")
        self._initial: Searcher = setup.make("searcher", options.initial)

    def propose(
        self, n: int, trials: TrialView, *, resource: float | Array | None = None
    ) -> Sequence[Proposal]:
        """Return up to n distinct points; fewer only when the space is used up."""
        proposals: dict[bytes, Proposal] = {}
        best = self._best(trials)
        for _ in range(n):
            if best is not None and self._rng.random() >= self._options.explore:
                x = self._neighbour(trials.trial("x")[best], trials, proposals)
                if x is not None:
                    proposals[x.tobytes()] = Proposal(x, why={"source": "step", "from": best})
        if len(proposals) < n:
            for proposal in self._initial.propose(n, trials):
                proposals.setdefault(np.asarray(proposal.x).tobytes(), proposal)
        return list(proposals.values())[:n]

    def _best(self, trials: TrialView) -> int | None:
        """The best trial at the largest resource that any has reached; None while exploring."""
        if trials.n_trials < self._options.num_init_random:
            return None
        y, resource = trials.obs("y")[:, 0], trials.obs("resource")
        rows = np.flatnonzero(trials.obs("at_milestone") & np.isfinite(y))
        if not len(rows):
            return None
        rows = rows[resource[rows] == resource[rows].max()]
        return int(trials.obs("trial")[rows[np.argmin(y[rows])]])

    def _neighbour(
        self, x: Array, trials: TrialView, taken: Mapping[bytes, Proposal]
    ) -> Array | None:
        for _ in range(TRIES):
            near: Array = self._space.snap(self._step(x)[None])[0]
            if near.tobytes() not in taken and not trials.seen(near[None])[0]:
                return near
        return None

    def _step(self, x: Array) -> Array:
        """(d,) -> (d,): normal steps, reflected at the ends; categories change now and then."""
        space, step = self._space, self._options.step
        moved = x + step * self._rng.standard_normal(len(x))
        moved = np.abs((moved + 1) % 2 - 1)
        choices = self._rng.integers(np.maximum(space.n_choices, 1))
        choices = np.where(self._rng.random(len(x)) < step, choices, x)
        return np.where(space.is_categorical, choices, moved)

    def state_dict(self) -> State | None:
        initial = self._initial.state_dict()
        return None if initial is None else {"rng": seeds.state_of(self._rng), "initial": initial}

    def load_state_dict(self, state: State) -> None:
        seeds.restore(self._rng, state["rng"])
        self._initial.load_state_dict(state["initial"])
