"""Random search: Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization" (2012)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from synecore import seeds
from synecore.plugins.hookspecs import Setup
from synecore.problem import Array, Problem, TrialView
from synecore.protocols import Proposal, State
from synecore.sampling import ROLE, RandomPoints
from synecore_basic.distinct import Distinct
from synecore_basic.options import RandomOptions
from synecore_basic.restricted import Restricted, read_configurations

logger = logging.getLogger(__name__)
WHY = {"source": "random"}


class RandomSearcher:
    """Draws from the space's own distribution, with its conditions, constraints and priors."""

    tags: ClassVar[Mapping[str, str]] = {}

    def __init__(self, setup: Setup, options: RandomOptions) -> None:
        if setup.problem is None:
            raise TypeError("a searcher is built for a problem")
        self.problem: Problem = setup.problem
        self._log = options.debug_log
        space = self.problem.space
        repeats = bool(options.allow_duplicates)
        self._source: Distinct | Restricted
        if options.restrict_configurations is None:
            self._source = Distinct(
                partial(RandomPoints.of, space, setup.seed), space, setup.seed,
                allow_duplicates=repeats,
            )  # fmt: skip
        else:
            X = read_configurations(space, options.restrict_configurations)
            self._source = Restricted(X, seeds.stream(setup.seed, ROLE), allow_duplicates=repeats)

    def propose(
        self, n: int, trials: TrialView, *, resource: float | Array | None = None
    ) -> Sequence[Proposal]:
        proposals = [Proposal(x, why=WHY) for x in self._source.take(n, trials)]
        if self._log:
            for proposal in proposals:
                config = self.problem.space.decode(proposal.x[None])[0]
                logger.info("random search proposes %r", config)
        return proposals

    def admits(self, X: Array) -> npt.NDArray[np.bool_]:
        """(n,) which start points may be served: those of `restrict_configurations`, if given."""
        if isinstance(self._source, Distinct):
            return np.ones(len(X), bool)
        return self._source.contains(X)

    def state_dict(self) -> State:
        return self._source.state_dict()

    def load_state_dict(self, state: State) -> None:
        self._source.load_state_dict(state)

    def rebuild(self, trials: TrialView) -> None:
        self._source.rebuild(trials)
