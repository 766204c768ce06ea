"""Several objectives as one weighted sum, for a scheduler that knows one objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs
import numpy as np

from synecore.actions import Action, Reply, Report, Resume, Start, Status
from synecore.errors import OptionError
from synecore.plugins.hookspecs import Setup
from synecore.problem import Array, Goal, Objective, Problem, TrialView
from synecore.protocols import AddsColumns, BudgetAware, Rebuildable, Scheduler, State
from synecore.views import DerivedTrials
from synecore_basic.options import ScalarizeOptions


class Scalarize:
    """Runs another scheduler on w_1 y_1 + ... + w_m y_m, every y_i minimised.

    Where all objectives are maximised the sum is maximised, and reads as one of the metrics does.
    """

    def __init__(self, setup: Setup, options: ScalarizeOptions) -> None:
        if setup.problem is None:
            raise TypeError("a scheduler is built for a problem")
        self.problem: Problem = setup.problem
        self._weights = _weights(options.scalarization_weights, self.problem)
        inner, self._sign = _scalarized(self.problem)
        self._name = inner.objectives[0].name
        self.scheduler: Scheduler = setup.make("scheduler", options.scheduler, problem=inner)
        self.tags: Mapping[str, str] = self.scheduler.tags
        self.decides: Literal["reports", "milestones"] = self.scheduler.decides
        self._view: DerivedTrials | None = None

    def suggest(
        self, n: int, trials: TrialView, now: float
    ) -> Sequence[Start | Resume] | Literal[Reply.WAIT, Reply.EXHAUSTED]:
        return self.scheduler.suggest(n, self._derived(trials), now)

    def on_report(self, report: Report, trials: TrialView) -> Sequence[Action]:
        y = self._map(report.y[None])[0]
        metrics: dict[str, Any] = {**report.metrics, self._name: self._sign * float(y[0])}
        seen = attrs.evolve(report, y=y, metrics=metrics)
        return self.scheduler.on_report(seen, self._derived(trials))

    def on_end(self, trial: int, status: Status, trials: TrialView) -> Sequence[Action]:
        return self.scheduler.on_end(trial, status, self._derived(trials))

    def _derived(self, trials: TrialView) -> TrialView:
        if self._view is None or self._view.view is not trials:
            self._view = DerivedTrials(trials, self.scheduler.problem, self._map)
        return self._view

    def _map(self, y: Array) -> Array:
        """(n, m) -> (n, 1); infinity where a value is not finite.

        Added up one objective after the other: a matrix product may round differently for one row
        than for many, and then a replay would differ in the last bit.
        """
        total = np.zeros(len(y))
        with np.errstate(invalid="ignore"):
            for j, weight in enumerate(self._weights):
                total += weight * y[:, j]
        total[~np.isfinite(y).all(axis=1)] = np.inf
        return total[:, None]

    def state_dict(self) -> State | None:
        inner = self.scheduler.state_dict()
        return None if inner is None else {"scheduler": inner}

    def load_state_dict(self, state: State) -> None:
        self.scheduler.load_state_dict(state["scheduler"])

    def set_time_budget(self, seconds: float | None) -> None:
        if isinstance(self.scheduler, BudgetAware):
            self.scheduler.set_time_budget(seconds)

    def columns(self, trials: TrialView) -> Mapping[str, Any]:
        if isinstance(self.scheduler, AddsColumns):
            return self.scheduler.columns(self._derived(trials))
        return {}

    def rebuild(self, trials: TrialView) -> None:
        if isinstance(self.scheduler, Rebuildable):
            self.scheduler.rebuild(self._derived(trials))


def _weights(given: tuple[float, ...] | None, problem: Problem) -> tuple[float, ...]:
    m = len(problem.objectives)
    weights = (1.0,) * m if given is None else given
    if len(weights) != m or not all(np.isfinite(weights)) or min(weights) < 0 or not any(weights):
        names = ", ".join(objective.name for objective in problem.objectives)
        raise OptionError(
            f"scheduler 'scalarize': 'scalarization_weights' must be {m} numbers >= 0, not all 0, "
            f"one for each of {names}: {list(weights)}."
        )
    return weights


def _scalarized(problem: Problem) -> tuple[Problem, float]:
    """Return the problem of the weighted sum, and the sign that turns it into the user's."""
    goals = {objective.goal for objective in problem.objectives}
    goal = Goal.MAXIMIZE if goals == {Goal.MAXIMIZE} else Goal.MINIMIZE
    name = "scalarized_" + "_".join(objective.name for objective in problem.objectives)
    inner = attrs.evolve(problem, objectives=(Objective(name=name, goal=goal),))
    return inner, -1.0 if goal is Goal.MAXIMIZE else 1.0
