"""A scrambled Sobol' sequence: more even than random points, and as easily prolonged.

Sobol' (1967), scrambled as by Owen (1998), direction numbers of Joe and Kuo (2008), by SciPy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
from scipy.stats import qmc

from synecore import seeds
from synecore.errors import SpaceError
from synecore.plugins.hookspecs import Setup
from synecore.problem import Array, Problem, SearchSpace, TrialView
from synecore.protocols import Proposal, State
from synecore_basic.distinct import Distinct
from synecore_basic.options import SobolOptions

WHY = {"source": "sobol"}
BLOCK = 64  # points drawn at a time; a power of two, where the sequence is balanced
PATIENCE = 1000  # blocks without a feasible point before the constraints are called too tight


class SobolPoints:
    """Feasible snapped points of the sequence, one dimension a parameter."""

    def __init__(
        self, space: SearchSpace, seed: np.random.SeedSequence, options: SobolOptions
    ) -> None:
        self._space = space
        self._seed = seed
        self._options = options
        self._go_to(0)

    def next(self) -> Array:
        """Return the next point, (d,)."""
        for _ in range(PATIENCE):
            if self._position < len(self._rows):
                self._position += 1
                row: Array = self._rows[self._position - 1]
                return row
            self._draw()
        raise SpaceError(
            f"searcher 'sobol': none of {PATIENCE * BLOCK:,} points satisfies the constraints "
            "between parameters; widen them, or narrow the domains."
        )

    def _draw(self) -> None:
        self._blocks += 1
        X = self._space.from_unit(self._engine.random(BLOCK))
        self._rows = X[self._space.feasible(X)]
        self._position = 0

    def _go_to(self, block: int) -> None:
        """Stand before the block of this number."""
        rng = seeds.stream(self._seed, "searcher/sobol")
        self._engine = qmc.Sobol(len(self._space.names), scramble=self._options.scramble, rng=rng)
        before = self._options.skip + block * BLOCK
        if before:
            self._engine.fast_forward(before)
        self._blocks = block
        self._rows = np.empty((0, len(self._space.names)))
        self._position = 0

    def state_dict(self) -> State:
        return {"blocks": self._blocks, "position": self._position}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        blocks = int(state["blocks"])
        self._go_to(max(blocks - 1, 0))
        if blocks:
            self._draw()
            self._position = int(state["position"])


class SobolSearcher:
    """Proposes the points of the sequence that were not tried yet."""

    tags: ClassVar[Mapping[str, str]] = {}

    def __init__(self, setup: Setup, options: SobolOptions) -> None:
        if setup.problem is None:
            raise TypeError("a searcher is built for a problem")
        self.problem: Problem = setup.problem
        space = self.problem.space
        self._source = Distinct(
            partial(SobolPoints, space, setup.seed, options), space, setup.seed
        )  # fmt: skip

    def propose(
        self, n: int, trials: TrialView, *, resource: float | Array | None = None
    ) -> Sequence[Proposal]:
        return [Proposal(x, why=WHY) for x in self._source.take(n, trials)]

    def state_dict(self) -> State:
        return self._source.state_dict()

    def load_state_dict(self, state: State) -> None:
        self._source.load_state_dict(state)

    def rebuild(self, trials: TrialView) -> None:
        self._source.rebuild(trials)
