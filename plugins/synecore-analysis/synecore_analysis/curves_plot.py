"""Learning curves: each trial's values over its resource."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from synecore.constants import ST_WORKER_ITER

from .curve_lines import draw_curves_by_status, mark_best
from .curves import Curve, curves_of, resource_name
from .figures import INK, empty, legend, literal, title
from .value_axis import fit_values
from .wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .result import ExperimentResult

_LOG_FROM = 10.0  # ratio of largest to smallest resource from which rungs need a logarithmic axis
_FEWEST_RUNGS = 3
_RUNG = 0.02  # share of the trials that end at a resource if it is a rung, and at least two
_APART = 1.12  # ratio of two labelled resources on a logarithmic axis


def draw_curves(axes: Axes, result: ExperimentResult, metric: str | int = 0) -> None:
    """Draw each trial's values over its resource, with a mark for how the trial ended."""
    chosen = result.metric(metric)
    curves = list(curves_of(result, metric))
    if not curves:
        empty(axes, result.name, result.why_nothing(metric))
        return
    trial, value = result.best_trial(metric), result.best_value(metric)
    best = next(curve for curve in curves if curve.trial == trial)
    entries = draw_curves_by_status(axes, curves, best, lambda curve: curve.resource)
    where = best.resource[int(np.flatnonzero(best.y == value)[0])]
    mark_best(axes, float(where), value)
    label = _fit_resource(axes, result, curves)
    fit_values(axes, chosen, np.concatenate([curve.y for curve in curves]))
    title(
        axes,
        result.name,
        f"{chosen.name} of {len(curves)} trials; best {number(value)} "
        f"(trial {trial}, {label} {where:g})",
    )
    legend(axes, entries + 1)


def _fit_resource(axes: Axes, result: ExperimentResult, curves: Sequence[Curve]) -> str:
    """Scale and label the horizontal axis; return what its numbers are."""
    from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, StrMethodFormatter

    low = min(float(curve.resource.min()) for curve in curves)
    high = max(float(curve.resource.max()) for curve in curves)
    name = resource_name(result)
    label = "report" if name in (None, ST_WORKER_ITER) else str(name)
    rungs = _rungs(curves)
    if len(rungs) >= _FEWEST_RUNGS and low > 0 and high / low >= _LOG_FROM:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(_apart([*rungs[::-1], low], high)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(f"{literal(label)}, log scale", fontsize=10, color=INK)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlabel(literal(label), fontsize=10, color=INK)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    return label


def _rungs(curves: Sequence[Curve]) -> list[float]:
    """Resources at which many trials end, ascending."""
    ends, counts = np.unique([curve.resource[-1] for curve in curves], return_counts=True)
    return [float(end) for end in ends[counts >= max(2.0, _RUNG * len(curves))]]


def _apart(levels: Sequence[float], first: float) -> list[float]:
    """Of descending levels those whose labels do not touch, from `first` on."""
    kept = [first]
    for level in levels:
        if kept[-1] / level >= _APART:
            kept.append(level)
    return kept
