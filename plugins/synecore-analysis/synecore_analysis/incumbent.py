"""The best value of an objective so far, kept up with a table that grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synecore.problem import Goal

if TYPE_CHECKING:
    from synecore.problem import Array, Problem, TrialView


class BestSoFar:
    """Reads each observation once, so that looking often costs little.

    Attributes:
        name: The objective's metric.
        times: Seconds at which the best value improved, ascending.
        values: The best values from these times on, in the user's sign.
        trial: The trial of the best value, -1 where there is none yet.
        resource: Where that trial reported it.
    """

    def __init__(self, problem: Problem, objective: int = 0) -> None:
        self.name = problem.objectives[objective].name
        self._objective = objective
        self._sign = -1.0 if problem.objectives[objective].goal is Goal.MAXIMIZE else 1.0
        self._n_read = 0
        self._best = np.inf
        self.times: list[float] = []
        self.values: list[float] = []
        self.trial = -1
        self.resource = float("nan")

    @property
    def value(self) -> float | None:
        return self.values[-1] if self.values else None

    def update(self, trials: TrialView) -> None:
        """Take in the observations since the last call; as the tuner, only those that count."""
        new = slice(self._n_read, trials.n_obs)
        self._n_read = trials.n_obs
        y = trials.obs("y")[new, self._objective]
        counts = np.isfinite(y) & ~trials.obs("late")[new]
        counts &= (trials.obs("c")[new] <= 0.0).all(axis=1)
        y = np.where(counts, y, np.inf)
        running = np.minimum.accumulate(np.r_[self._best, y])
        improved = np.flatnonzero(running[1:] < running[:-1])
        if not improved.size:
            return
        self._best = float(running[-1])
        self.times += trials.obs("time")[new][improved].tolist()
        self.values += (self._sign * y[improved]).tolist()
        self.trial = int(trials.obs("trial")[new][improved[-1]])
        self.resource = float(trials.obs("resource")[new][improved[-1]])

    def sampled(self, until: float, n: int) -> Array:
        """The best value at n equally spaced times up to `until`; NaN before the first one."""
        at = np.linspace(0.0, until, n + 1)[1:]
        steps = np.searchsorted(self.times, at, side="right")
        return np.array([np.nan, *self.values])[steps]
