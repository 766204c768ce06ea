"""The best value over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from synecore.constants import ST_TUNER_TIME

from .curve_lines import mark_best
from .figures import BEST, GREY, empty, label_time, legend, title
from .value_axis import fit_values
from .wording import number, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from synecore.problem import Array

    from .result import ExperimentResult


def incumbents(result: ExperimentResult, metric: str | int = 0) -> tuple[Array, Array]:
    """Times (k,) in seconds at which the best value improved, and the values (k,)."""
    values = result.values(metric)
    times = result.results.loc[values.index, ST_TUNER_TIME].to_numpy(float)
    y = values.to_numpy(float)
    sign = -1.0 if result.metric(metric).maximized else 1.0
    best = sign * np.minimum.accumulate(sign * y)
    improved = np.r_[True, best[1:] != best[:-1]] if len(y) else np.zeros(0, bool)
    return times[improved], best[improved]


def draw_best(axes: Axes, result: ExperimentResult, metric: str | int = 0, **line: Any) -> None:
    """Draw the best value so far as a step line above the points of all reports.

    `line` overrides what the step line looks like, as for `Axes.plot`.
    """
    chosen = result.metric(metric)
    values = result.values(metric)
    if values.empty:
        empty(axes, result.name, result.why_nothing(metric))
        return
    at, best = incumbents(result, metric)
    y = np.asarray(values, float)
    unit = label_time(axes, result.seconds)
    times = result.results.loc[values.index, ST_TUNER_TIME].to_numpy(float)
    axes.plot(
        times / unit.seconds, values, linestyle="none", marker="o", markersize=_dot(len(values)),
        markeredgewidth=0, color=GREY, alpha=0.45, label="a report", rasterized=True,
    )  # fmt: skip
    end = max(result.seconds, float(at[-1]))
    look = {"color": BEST, "linewidth": 2.2, "label": "best so far", **line}
    axes.plot(np.r_[at, end] / unit.seconds, np.r_[best, best[-1]], drawstyle="steps-post", **look)
    mark_best(axes, float(at[-1]) / unit.seconds, float(best[-1]))
    fit_values(axes, chosen, y)
    trial = result.best_trial(metric)
    title(
        axes,
        result.name,
        f"best {chosen.name}: {number(best[-1])} (trial {trial}, after {span(at[-1])})",
    )
    legend(axes, 3)


def _dot(n: int) -> float:
    """Size of a point, in points, for n of them."""
    return 4.0 if n <= 300 else 3.0 if n <= 3000 else 2.0
