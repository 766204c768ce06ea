"""The median stopping rule, on top of any scheduler.

Golovin, Solnik, Moitra, Kochanski, Karro, Sculley, "Google Vizier: A Service for Black-Box
Optimization" (KDD 2017), section 3.2.1; the general cutoff is the documented system's.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from synecore.actions import Action, Reply, Report, Resume, Start, Status, Stop, Why
from synecore.errors import OptionError, did_you_mean
from synecore.plugins.hookspecs import Setup
from synecore.problem import Goal, Problem, TrialView
from synecore.protocols import Rebuildable, Scheduler, State
from synecore_basic.options import MedianStoppingOptions


class MedianStopping:
    """Stops a trial whose running average ranks too low among those of its resource.

    With n trials that have reported at resource r, the trial itself included, of which b are
    better: stop iff b / n > rank_cutoff. Everything else is the wrapped scheduler's.
    """

    decides: Literal["reports", "milestones"] = "reports"

    def __init__(self, setup: Setup, options: MedianStoppingOptions) -> None:
        self.scheduler: Scheduler = setup.make("scheduler", options.scheduler)
        self.problem: Problem = self.scheduler.problem
        self.tags: Mapping[str, str] = self.scheduler.tags
        self._objective = _objective(self.problem, options.metric)
        goal = self.problem.objectives[self._objective].goal
        self._sign = -1.0 if goal is Goal.MAXIMIZE else 1.0
        self._averages = options.running_average
        self._grace_time = -math.inf if options.grace_time is None else options.grace_time
        self._grace_population = options.grace_population
        self._cutoff = options.rank_cutoff
        self._wraps_milestones = self.scheduler.decides == "milestones"
        self._at: dict[float, list[float]] = {}  # resource: values so far, sorted
        # Of each trial: sum and number of its reports, and the resource of the last.
        self._sums: dict[int, tuple[float, int, float]] = {}

    def suggest(
        self, n: int, trials: TrialView, now: float
    ) -> Sequence[Start | Resume] | Literal[Reply.WAIT, Reply.EXHAUSTED]:
        return self.scheduler.suggest(n, trials, now)

    def on_report(self, report: Report, trials: TrialView) -> Sequence[Action]:
        if self._sums.get(report.trial, (0.0, 0, 0.0))[2] == report.resource:
            return self.scheduler.on_report(report, trials)  # told again of a rung jumped over
        y = float(report.y[self._objective])
        value, better, n = self._rank(report.trial, report.resource, y)
        judged = n >= self._grace_population and report.resource > self._grace_time
        if judged and better / n > self._cutoff:
            why: Why = {
                "rule": "median",
                "resource": report.resource,
                "rank": better + 1,
                "of": n,
                "rank_cutoff": self._cutoff,
                "value": self._sign * value,
            }
            return (Stop(report.trial, why=why),)
        if self._wraps_milestones and not report.at_milestone:
            return ()
        return self.scheduler.on_report(report, trials)

    def on_end(self, trial: int, status: Status, trials: TrialView) -> Sequence[Action]:
        return self.scheduler.on_end(trial, status, trials)

    def _rank(self, trial: int, resource: float, value: float) -> tuple[float, int, int]:
        """Note the value; return what is compared, how many are better, and of how many."""
        if not math.isfinite(value):
            value = math.inf
        total, count, _ = self._sums.get(trial, (0.0, 0, 0.0))
        total, count = total + value, count + 1
        self._sums[trial] = total, count, resource
        if self._averages:
            value = total / count
        others = self._at.setdefault(resource, [])
        better = bisect_left(others, value)
        others.insert(better, value)
        return value, better, len(others)

    # ---- state --------------------------------------------------------------------------

    def state_dict(self) -> State | None:
        inner = self.scheduler.state_dict()
        if inner is None:
            return None
        return {
            "scheduler": inner,
            "resources": np.array(list(self._at), float),
            "counts": np.array([len(values) for values in self._at.values()], np.int64),
            "values": np.array([v for values in self._at.values() for v in values], float),
            "trials": np.array([(t, n) for t, (_, n, _) in self._sums.items()], np.int64),
            "sums": np.array([(total, r) for total, _, r in self._sums.values()], float),
        }

    def load_state_dict(self, state: State) -> None:
        self.scheduler.load_state_dict(state["scheduler"])
        ends = np.cumsum(np.asarray(state["counts"], np.int64))
        columns = np.split(np.asarray(state["values"], float), ends[:-1]) if len(ends) else []
        resources = np.asarray(state["resources"], float).tolist()
        self._at = {r: values.tolist() for r, values in zip(resources, columns, strict=True)}
        trials = np.asarray(state["trials"], np.int64).reshape(-1, 2).tolist()
        sums = np.asarray(state["sums"], float).reshape(-1, 2).tolist()
        self._sums = {t: (total, n, r) for (t, n), (total, r) in zip(trials, sums, strict=True)}

    def rebuild(self, trials: TrialView) -> None:
        """Rank the reports of the table again, in the order in which they came."""
        self._at, self._sums = {}, {}
        rows = np.flatnonzero(~(trials.obs("late") | trials.obs("repeat")))
        y = trials.obs("y")[rows, self._objective]
        who, resources = trials.obs("trial")[rows], trials.obs("resource")[rows]
        for trial, resource, value in zip(
            who.tolist(), resources.tolist(), y.tolist(), strict=True
        ):
            self._rank(trial, resource, value)
        if isinstance(self.scheduler, Rebuildable):
            self.scheduler.rebuild(trials)


def _objective(problem: Problem, metric: str | None) -> int:
    names = [objective.name for objective in problem.objectives]
    if metric is None:
        return 0
    if metric not in names:
        raise OptionError(
            f"scheduler 'median-stopping': 'metric' must be an objective: {metric!r}"
            f"{did_you_mean(metric, names)}. Objectives: {', '.join(names)}."
        )
    return names.index(metric)
