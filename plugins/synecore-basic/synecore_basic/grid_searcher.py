"""Grid search: every combination of some values of each parameter."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import ClassVar

from synecore import seeds
from synecore.actions import Status
from synecore.errors import OptionError, did_you_mean
from synecore.plugins.hookspecs import Setup
from synecore.problem import Array, Problem, SearchSpace, TrialView
from synecore.protocols import Proposal, State
from synecore.space.columns import column_of
from synecore.space.ranges import Float, Integer
from synecore_basic.lattice import Lattice, domains_of, listed_values, spread_levels
from synecore_basic.options import GRID_SAMPLES, GridOptions
from synecore_basic.shelf import Shelf

logger = logging.getLogger(__name__)
WHY = {"source": "grid"}
LARGEST = 10**7  # combinations whose order is drawn at once: 80 MB
FAILED = int(Status.FAILED)


class GridSearcher:
    """Proposes the points of a grid, each once, in random order or in that of their product.

    Numbers get the values in the middle of `num_samples` equal parts of their scale; parameters
    with listed values get all of them.
    """

    tags: ClassVar[Mapping[str, str]] = {}

    def __init__(self, setup: Setup, options: GridOptions) -> None:
        if setup.problem is None:
            raise TypeError("a searcher is built for a problem")
        self.problem: Problem = setup.problem
        space = self.problem.space
        lattice = Lattice(space, _levels(space, options.num_samples or {}))
        n = len(lattice)
        if n > LARGEST:
            raise OptionError(
                f"searcher 'grid': the grid has {n:,} points, allowed are {LARGEST:,}. Lower "
                "'num_samples' of some parameters, or use searcher 'sobol' or 'random'."
            )
        order = None
        if options.shuffle_config:
            order = seeds.stream(setup.seed, "searcher/grid").permutation(n)
        self._shelf = Shelf(lattice.rows, n, order)
        self._again = bool(options.allow_duplicates)
        self._next = 0  # where the next round stands, with allow_duplicates

    def propose(
        self, n: int, trials: TrialView, *, resource: float | Array | None = None
    ) -> Sequence[Proposal]:
        points = self._shelf.take(n, trials, set())
        if self._again and len(points) < n:
            points += self._repeated(n - len(points), trials, {x.tobytes() for x in points})
        return [Proposal(x, why=WHY) for x in points]

    def _repeated(self, n: int, trials: TrialView, taken: set[bytes]) -> list[Array]:
        """Go round the grid again, past the configurations of failed trials."""
        failed = trials.trial("x")[trials.trial("status") == FAILED]
        avoid = taken | {x.tobytes() for x in failed}
        points: list[Array] = []
        for _ in range(len(self._shelf)):
            if len(points) == n:
                break
            x = self._shelf.row(self._next)
            self._next = (self._next + 1) % len(self._shelf)
            if x is not None and x.tobytes() not in avoid:
                avoid.add(x.tobytes())
                points.append(x)
        return points

    def state_dict(self) -> State:
        return {"shelf": self._shelf.state_dict(), "next": self._next}

    def load_state_dict(self, state: State) -> None:
        self._shelf.load_state_dict(state["shelf"])
        self._next = int(state["next"])

    def rebuild(self, trials: TrialView) -> None:
        self._shelf.clear()


def _levels(space: SearchSpace, num_samples: Mapping[str, int]) -> list[Array]:
    domains = domains_of(space)
    unknown = [name for name in num_samples if name not in domains]
    if unknown:
        raise OptionError(
            f"searcher 'grid': 'num_samples' must name parameters: {unknown[0]!r}"
            f"{did_you_mean(unknown[0], domains)}. Parameters: {', '.join(domains)}."
        )
    listed = [
        name for name in num_samples if not isinstance(domains[name], (Float, Integer))
    ]  # fmt: skip
    if listed:
        logger.warning(
            "searcher 'grid': 'num_samples' has no effect on %s: all listed values are used.",
            ", ".join(listed),
        )
    levels = []
    for name, domain in domains.items():
        values = None
        if isinstance(domain, (Float, Integer)):
            n = num_samples.get(name, GRID_SAMPLES)
            if domain.n_values is not None and domain.n_values <= n:
                values = listed_values(domain)
        else:
            values = listed_values(domain)
        if values is None:
            levels.append(spread_levels(name, domain, n))
        else:
            levels.append(column_of(name, domain).encode(values))
    return levels
