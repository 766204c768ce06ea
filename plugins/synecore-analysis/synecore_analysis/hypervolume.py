"""The hypervolume that a set of outcomes dominates, and how it grew over time.

Zitzler & Thiele (1998), "Multiobjective optimization using evolutionary algorithms": the volume of
the points that are dominated by the set and dominate the reference point. Outcomes Y (n, m) are
minimised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synecore.constants import ST_TUNER_TIME
from synecore.errors import OptionError

from .figures import BEST, empty, label_time, title
from .wording import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from synecore.problem import Array

    from .result import ExperimentResult


def hypervolume(Y: Array, reference: Array) -> float:
    """Volume dominated by Y (n, m) up to `reference` (m,); points beyond it count for nothing."""
    front = _front(Y[(reference > Y).all(axis=1)])
    if len(front) == 0:
        return 0.0
    order = front[np.argsort(front[:, -1])]
    if front.shape[1] == 1:
        return float(reference[0] - order[0, 0])
    # Slices along the last objective, each as deep as the front of all points below it.
    depths = np.diff(np.r_[order[:, -1], reference[-1]])
    slices = (
        depth * hypervolume(order[: i + 1, :-1], reference[:-1])
        for i, depth in enumerate(depths)
        if depth > 0
    )
    return float(sum(slices))


def cumulative_hypervolume(Y: Array, reference: Array) -> Array:
    """Volume after each of the outcomes Y (n, m), in order; (n,)."""
    volumes = np.zeros(len(Y))
    front = np.empty((0, Y.shape[1]))
    volume = 0.0
    for i, y in enumerate(Y):
        if (y < reference).all() and not (front <= y).all(axis=1).any():
            front = np.vstack([front[~(front >= y).all(axis=1)], y])
            volume = hypervolume(front, reference)
        volumes[i] = volume
    return volumes


def _front(Y: Array) -> Array:
    """The rows of Y that no other row dominates, each once."""
    Y = np.unique(Y, axis=0)
    keep = [not ((y >= Y).all(axis=1) & (y > Y).any(axis=1)).any() for y in Y]
    return Y[keep]


def draw_hypervolume(
    axes: Axes,
    result: ExperimentResult,
    metrics: Sequence[str | int] | None = None,
    reference_point: Sequence[float] | None = None,
) -> None:
    """Draw the hypervolume over time.

    Args:
        axes: Where to draw.
        result: An experiment with at least two objectives.
        metrics: Which of them; all by default.
        reference_point: In the users' signs, one number a metric; the worst values reported where
            it is not given.
    """
    chosen = [result.metric(m) for m in (result.metric_names() if metrics is None else metrics)]
    if len(chosen) < 2:
        raise OptionError(f"a hypervolume needs two metrics or more, got {len(chosen)}")
    if reference_point is not None and len(reference_point) != len(chosen):
        raise OptionError(
            f"reference_point: {len(reference_point)} numbers for {len(chosen)} metrics"
        )
    signs = np.array([-1.0 if metric.maximized else 1.0 for metric in chosen])
    values = [result.values(metric.name) for metric in chosen]
    rows = sorted(set.intersection(*(set(column.index) for column in values)))
    if not rows:
        empty(axes, result.name, result.why_nothing(chosen[0].name))
        return
    Y = signs * np.column_stack([column.loc[rows].to_numpy(float) for column in values])
    given = None if reference_point is None else signs * np.asarray(reference_point, float)
    volumes = cumulative_hypervolume(Y, Y.max(axis=0) if given is None else given)
    unit = label_time(axes, result.seconds)
    times = result.results.loc[rows, ST_TUNER_TIME].to_numpy(float)
    end = max(result.seconds, float(times[-1]))
    axes.plot(
        np.r_[times, end] / unit.seconds, np.r_[volumes, volumes[-1]],
        drawstyle="steps-post", color=BEST, linewidth=2.2,
    )  # fmt: skip
    axes.set_ylabel("hypervolume (higher is better)")
    names = ", ".join(metric.name for metric in chosen)
    title(axes, result.name, f"hypervolume of {names}: {number(volumes[-1])}")
