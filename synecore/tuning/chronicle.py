"""What happened to trials, told one thing at a time; on a resumption, from the beginning.

For observers that keep a log outside the experiment, such as TensorBoard's or a tracking server's.
What a `Chronicle` tells follows from the journal alone, so a log that was cut short by a crash, or
was not kept until now, is completed by passing over what it already holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import attrs

from synecore.actions import (
    Decided,
    Ended,
    Event,
    Reported,
    ReportedBlock,
    Resumed,
    Retried,
    Started,
    Status,
)
from synecore.constants import SMT_TUNER_CREATION_TIMESTAMP
from synecore.errors import OptionError, did_you_mean
from synecore.metrics import MetricReader
from synecore.plugins.hookspecs import ExperimentView
from synecore.problem import Goal, Problem
from synecore.tuning.experiment import Experiment
from synecore.tuning.results import reports_of


@attrs.frozen
class Point:
    """A report as a point of its trial's learning curve."""

    trial: int
    number: int  # of the trial's points, from 1
    total: int  # of all points of the experiment, from 1
    step: int  # the resource, or the count of the trial's reports where there is none
    time: float  # seconds since the epoch, on the experiment's clock
    values: Mapping[str, float]  # every reported number


@attrs.frozen
class Best:
    """The best value of a metric so far."""

    metric: str
    value: float
    trial: int
    total: int  # of points so far, all trials together
    time: float


class Listener(Protocol):
    """What a `Chronicle` tells to. It must not take long: the tuning loop waits for it."""

    def started(self, trial: int, config: Mapping[str, Any], time: float) -> None:
        """A new trial."""

    def reported(self, point: Point) -> None:
        """A trial came further than it ever was."""

    def improved(self, best: Sequence[Best]) -> None:
        """A report, told before if it is a point, is the best of some metrics, at least one."""

    def paused(self, trial: int, time: float) -> None:
        """A trial runs no more for now; if it goes on, its next point says so."""

    def ended(self, trial: int, status: Status, time: float) -> None:
        """A trial can run no more."""


@attrs.define
class _Trial:
    """What the next event of a trial is judged by."""

    status: Status = Status.RUNNING
    n_reports: int = 0
    n_points: int = 0
    reached: float = 0.0  # resource of the last point
    last: float = 0.0  # resource of the last report since the last start

    def begins(self) -> None:
        self.status, self.last = Status.RUNNING, 0.0


class Chronicle:
    """Tells a listener of one experiment.

    Reports that count for nothing are passed over: those of a trial that was told to stop or
    pause, and those that fail their trial. A trial that began again from scratch is told of where
    it comes further than before, so that no step of a curve is there twice.

    Args:
        experiment: What the observer was given.
        listener: Whom to tell.
        targets: Metric -> goal of those whose best is told; by default the problem's objectives.
    """

    def __init__(
        self,
        experiment: ExperimentView,
        listener: Listener,
        targets: Mapping[str, Goal] | None = None,
    ) -> None:
        self._experiment, self._listener = experiment, listener
        self._reader = MetricReader(experiment.problem)
        self._began = float(experiment.metadata[SMT_TUNER_CREATION_TIMESTAMP])
        chosen = goals(experiment.problem) if targets is None else targets
        # Metric -> sign that makes it one to minimise, and its best value so far, minimised.
        self._signs = {name: -1.0 if g is Goal.MAXIMIZE else 1.0 for name, g in chosen.items()}
        self._best = dict.fromkeys(chosen, math.inf)
        self._total = 0
        self._trials: dict[int, _Trial] = {}

    def recall(self) -> None:
        """Tell everything that is on record. Nothing, where the experiment has just begun."""
        view = self._experiment
        if view.trials.n_trials:
            self.tell(Experiment(view.folder, view.metadata).events())

    def tell(self, events: Iterable[Event]) -> None:
        """Tell what further events, in their order, say of trials."""
        trials = self._trials
        for event in events:
            match event:  # the frequent ones first
                case Reported() | ReportedBlock():
                    self._report(event)
                case Decided(action="stop" | "pause" | "fail"):
                    if trials[event.trial].status is Status.PAUSED:  # no process is to end
                        self._end(event.trial, Status.STOPPED, event.at)
                    else:
                        trials[event.trial].status = Status.STOPPING
                case Started():
                    trials[event.trial] = _Trial()
                    self._listener.started(event.trial, event.config, self._began + event.at)
                case Resumed() | Retried():
                    trials[event.trial].begins()
                case Ended(status=Status() as status):
                    self._end(event.trial, status, event.at)

    def _end(self, trial: int, status: Status, at: float) -> None:
        self._trials[trial].status = status
        if status is Status.PAUSED:
            self._listener.paused(trial, self._began + at)
        else:
            self._listener.ended(trial, status, self._began + at)

    def _report(self, event: Reported | ReportedBlock) -> None:
        trial = self._trials[event.trial]
        for at, _, metrics in reports_of(event):
            trial.n_reports += 1
            if trial.status is not Status.RUNNING:
                continue
            measured = self._reader.read(metrics, trial.n_reports)
            if isinstance(measured, str) or measured.resource < trial.last:
                return  # the trial fails by it
            trial.last = measured.resource
            time, values = self._began + at, numbers_of(metrics)
            if measured.resource > trial.reached:
                trial.reached = measured.resource
                trial.n_points += 1
                self._total += 1
                step = int(measured.resource)
                self._listener.reported(
                    Point(event.trial, trial.n_points, self._total, step, time, values)
                )
            if not measured.c.size or (measured.c <= 0.0).all():
                self._compare(event.trial, values, time)

    def _compare(self, trial: int, values: Mapping[str, float], time: float) -> None:
        improved = []
        for name, sign in self._signs.items():
            value = sign * values.get(name, math.nan)
            if -math.inf < value < self._best[name]:
                self._best[name] = value
                improved.append(Best(name, sign * value, trial, self._total, time))
        if improved:
            self._listener.improved(improved)


def goals(problem: Problem) -> dict[str, Goal]:
    """Return metric -> goal of a problem's objectives."""
    return {objective.name: Goal(objective.goal) for objective in problem.objectives}


def target_of(
    problem: Problem, metric: str | None = None, mode: str | None = None, *, who: str
) -> tuple[str, Goal]:
    """Return a metric to follow and its goal: what the user named, else the first objective.

    Without a `mode`, an objective has the goal that the problem gives it, and any other metric is
    minimised.

    Raises:
        OptionError: for another mode than "min" and "max"; `who` is named as its receiver.
    """
    known = goals(problem)
    name = next(iter(known)) if metric is None else metric
    if mode is None:
        return name, known.get(name, Goal.MINIMIZE)
    check_mode(mode, who)
    return name, Goal(mode)


def check_mode(mode: str | None, who: str) -> None:
    """Raise OptionError, in the name of `who`, for a mode that is neither "min" nor "max"."""
    modes = [goal.value for goal in Goal]
    if mode is not None and mode not in modes:
        raise OptionError(
            f"{who}: 'mode' must be 'min' or 'max', got {mode!r}{did_you_mean(mode, modes)}"
        )


def numbers_of(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return what is a number in a report, as floats: truth values as 0 and 1, no text, no lists.

    An integer beyond the range of floats is infinite. Scalars of NumPy and its kin are numbers.
    """
    numbers: dict[str, float] = {}
    for name, value in metrics.items():
        if type(value) is float:
            numbers[name] = value
            continue
        number = _number(value)
        if number is not None:
            numbers[name] = number
    return numbers


def _number(value: Any) -> float | None:
    if not isinstance(value, (int, float)):
        item = getattr(value, "item", None)
        value = item() if callable(item) and getattr(value, "ndim", None) == 0 else None
    try:
        return float(value) if isinstance(value, (int, float)) else None
    except OverflowError:
        return math.inf if value > 0 else -math.inf
