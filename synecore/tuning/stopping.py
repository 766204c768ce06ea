"""When an experiment is over."""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, TypeAlias

import attrs
from attrs.validators import optional

from synecore.errors import OptionError
from synecore.problem import Goal
from synecore.tuning.status import TuningStatus

StopCriterion: TypeAlias = Callable[[TuningStatus], bool]


def _positive(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise OptionError(
            f"StoppingCriterion: '{attribute.name}' must be a number >= 0, got {value!r}"
        )


def _thresholds(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    numbers = isinstance(value, Mapping) and all(
        isinstance(v, (int, float)) for v in value.values()
    )
    if not numbers:
        raise OptionError(
            f"StoppingCriterion: '{attribute.name}' maps metric names to numbers, as in "
            f"{{'loss': 0.1}}, got {value!r}"
        )


def _number() -> Any:
    return attrs.field(default=None, validator=optional(_positive))


def _mapping() -> Any:
    return attrs.field(default=None, validator=optional(_thresholds))


@attrs.frozen
class StoppingCriterion:
    """True as soon as one of the given limits is passed.

    The limit on time holds once it is reached, those on numbers once there are *more* than that
    many, and the others once the value is beyond:

    max_wallclock_time        seconds on the experiment's clock, interruptions not counted
    max_num_evaluations       reports
    max_num_trials_started    trials started
    max_num_trials_completed  trials that ran to their end; not stopped or failed ones
    max_cost                  total cost of all trials
    max_num_trials_finished   completed, stopped, stopping or failed trials
    min_metric_value          metric -> threshold: a report lies below it
    max_metric_value          metric -> threshold: a report lies above it
    """

    max_wallclock_time: float | None = _number()
    max_num_evaluations: int | None = _number()
    max_num_trials_started: int | None = _number()
    max_num_trials_completed: int | None = _number()
    max_cost: float | None = _number()
    max_num_trials_finished: int | None = _number()
    min_metric_value: Mapping[str, float] | None = _mapping()
    max_metric_value: Mapping[str, float] | None = _mapping()

    def __call__(self, status: TuningStatus) -> bool:
        return self.reason(status) is not None

    def reason(self, status: TuningStatus) -> str | None:
        """Which limit was passed, in words; None while none was."""
        seen = status.overall_metric_statistics
        longest = self.max_wallclock_time
        if longest is not None and status.wallclock_time >= longest:
            return f"max_wallclock_time={longest:g}"
        for name, value in _COUNTED.items():
            limit = getattr(self, name)
            if limit is not None and value(status) > limit:
                return f"{name}={limit:g}"
        for metric, limit in (self.min_metric_value or {}).items():
            if seen.min_metrics.get(metric, limit) < limit:
                return f"min_metric_value {metric}<{limit:g}"
        for metric, limit in (self.max_metric_value or {}).items():
            if seen.max_metrics.get(metric, limit) > limit:
                return f"max_metric_value {metric}>{limit:g}"
        return None

    def deadline(self) -> float | None:
        """When the criterion holds by itself; None if it does not look at the clock."""
        return self.max_wallclock_time

    def to_json(self) -> dict[str, Any]:
        return attrs.asdict(self, filter=lambda _, value: value is not None)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> StoppingCriterion:
        return cls(**values)


_COUNTED: Mapping[str, Callable[[TuningStatus], float]] = {
    "max_num_evaluations": lambda status: status.overall_metric_statistics.count,
    "max_num_trials_started": lambda status: status.num_trials_started,
    "max_num_trials_completed": lambda status: status.num_trials_completed,
    "max_cost": lambda status: status.cost,
    "max_num_trials_finished": lambda status: status.num_trials_finished,
}


class PlateauStopper:
    """Stops when the best `num_trials` values of a metric have hardly differed for a while.

    After each new trial with a value of `metric` the standard deviation of the `num_trials` best
    trials so far is taken, as Ray Tune's ExperimentPlateauStopper does. Once it was at most `std`
    for more than `patience` trials in a row, the experiment ends.
    """

    def __init__(
        self,
        metric: str,
        std: float = 0.001,
        num_trials: int = 10,
        mode: str = "min",
        patience: int = 0,
    ) -> None:
        if num_trials < 2:
            raise OptionError(f"PlateauStopper: 'num_trials' must be at least 2, got {num_trials}")
        if std < 0 or patience < 0:
            raise OptionError(
                f"PlateauStopper: 'std' and 'patience' must be >= 0, got {std} and {patience}"
            )
        if mode not in ("min", "max"):
            raise OptionError(f"PlateauStopper: 'mode' must be 'min' or 'max', got {mode!r}")
        self.metric, self.std, self.num_trials, self.patience = metric, std, num_trials, patience
        self._sign = -1.0 if Goal(mode) is Goal.MAXIMIZE else 1.0
        self._best: dict[int, float] = {}
        self._sorted: list[float] = []  # its values, kept in order: a look costs no more later on
        self._n_reports = 0
        self._flat_for = 0

    def __call__(self, status: TuningStatus) -> bool:
        known, n_reports = len(self._best), status.overall_metric_statistics.count
        news = islice(reversed(status.last_metrics.items()), max(n_reports - self._n_reports, 0))
        self._n_reports = n_reports
        for trial, metrics in news:
            value = metrics.get(self.metric)
            if isinstance(value, (int, float)) and math.isfinite(value):
                self._note(trial, self._sign * value)
        if len(self._best) > known and len(self._best) >= self.num_trials:
            flat = statistics.pstdev(self._sorted[: self.num_trials]) <= self.std
            self._flat_for = self._flat_for + 1 if flat else 0
        return self._flat_for > self.patience

    def _note(self, trial: int, value: float) -> None:
        before = self._best.get(trial)
        if before is not None:
            if value >= before:
                return
            del self._sorted[bisect_left(self._sorted, before)]
        self._best[trial] = value
        insort(self._sorted, value)


def time_budget(criterion: StopCriterion) -> float | None:
    """Seconds the experiment may take; None without a limit, or where a callable decides."""
    return criterion.max_wallclock_time if isinstance(criterion, StoppingCriterion) else None


def why_to_stop(criterion: StopCriterion, status: TuningStatus) -> str | None:
    """The reason in words if the criterion holds, None otherwise."""
    reason = getattr(criterion, "reason", None)
    if reason is not None:
        text: str | None = reason(status)
        return text
    if criterion(status):
        return getattr(criterion, "__name__", type(criterion).__name__)
    return None
