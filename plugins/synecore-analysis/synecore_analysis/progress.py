"""How far a run is on the way to the limits of its stopping criterion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from synecore.tuning.status import duration

if TYPE_CHECKING:
    from synecore.tuning.status import TuningStatus


@attrs.frozen
class Progress:
    """The limit that is nearest to being reached."""

    share: float  # in [0, 1]
    text: str  # '0:42 of 1:00', '23 of 50 trials finished'


def _seconds(value: float) -> str:
    return duration(value)


def _number(value: float) -> str:
    return f"{value:g}"


# Limit -> its measure now, how to write a number of it, what it counts.
_MEASURES: Mapping[str, tuple[Callable[[TuningStatus], float], Callable[[float], str], str]] = {
    "max_wallclock_time": (lambda s: s.wallclock_time, _seconds, ""),
    "max_num_evaluations": (lambda s: s.overall_metric_statistics.count, _number, " reports"),
    "max_num_trials_started": (lambda s: s.num_trials_started, _number, " trials started"),
    "max_num_trials_completed": (lambda s: s.num_trials_completed, _number, " trials completed"),
    "max_num_trials_finished": (lambda s: s.num_trials_finished, _number, " trials finished"),
    "max_cost": (lambda s: s.cost, lambda value: f"{value:.4g}", " cost"),
}


def progress_of(status: TuningStatus, limits: Mapping[str, Any] | None) -> Progress | None:
    """Progress towards the limits that metadata.json has; None where none can be measured.

    A criterion that is a callable of the user's own has no limits on record.
    """
    found = []
    for name, limit in (limits or {}).items():
        if name in _MEASURES and isinstance(limit, int | float) and limit > 0:
            measure, write, unit = _MEASURES[name]
            value = measure(status)
            text = f"{write(min(value, limit))} of {write(limit)}{unit}"
            found.append(Progress(min(value / limit, 1.0), text))
    return max(found, key=lambda progress: progress.share, default=None)
