"""Each trial's values over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synecore.constants import ST_TUNER_TIME

from .curve_lines import draw_curves_by_status, mark_best
from .curves import curves_of
from .figures import empty, label_time, legend, title
from .value_axis import fit_values
from .wording import number, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .result import ExperimentResult


def draw_trials(axes: Axes, result: ExperimentResult, metric: str | int = 0) -> None:
    """Draw each trial's values over time, with a mark for how the trial ended."""
    chosen = result.metric(metric)
    curves = list(curves_of(result, metric))
    if not curves:
        empty(axes, result.name, result.why_nothing(metric))
        return
    unit = label_time(axes, result.seconds)
    trial, value = result.best_trial(metric), result.best_value(metric)
    best = next(curve for curve in curves if curve.trial == trial)
    entries = draw_curves_by_status(axes, curves, best, lambda curve: curve.time / unit.seconds)
    at = float(result.results[ST_TUNER_TIME].to_numpy()[result.best_row(metric)])
    mark_best(axes, at / unit.seconds, value)
    fit_values(axes, chosen, np.concatenate([curve.y for curve in curves]))
    title(
        axes,
        result.name,
        f"{chosen.name} of {len(curves)} trials; best {number(value)} "
        f"(trial {trial}, after {span(at)})",
    )
    legend(axes, entries + 1)
