"""The vertical axis of a figure: a scale that fits a metric's values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .figures import INK, literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from synecore.problem import Array

    from .metric import Metric

_LOG_FROM = 25.0  # ratio of common to best values from which a logarithmic axis reads better
_LOG_FROM_MAXIMIZED = 1000.0
_FINE_UP_TO = 3000.0  # ratio of values up to which 2 and 5 are labelled beside each power of ten
_REACH, _REACH_OF_LOGARITHMS = 3.0, 2.0  # how far beyond the bulk values still set the limits


def fit_values(axes: Axes, metric: Metric, values: Array) -> None:
    """Scale and label the vertical axis for `values` (n,), all finite.

    Values that span orders of magnitude get a logarithmic scale. A few that lie far on the worse
    side, such as those of a diverged trial, do not squeeze the others; the label says how many are
    outside.
    """
    label = f"{literal(metric.name)} ({metric.direction})"
    logarithmic = _spans_orders(values, maximized=metric.maximized)
    scaled = np.log(values) if logarithmic else values
    lower, upper = _limits(
        scaled, _REACH_OF_LOGARITHMS if logarithmic else _REACH, worse_is_low=metric.maximized
    )
    if logarithmic:
        _scale_by_logarithm(axes, float(np.exp(upper - lower)))
        label += ", log scale"
    outside = int(np.count_nonzero((scaled < lower) | (scaled > upper)))
    if outside:
        margin = 0.05 * (upper - lower)
        limits = np.array([lower - margin, upper + margin])
        axes.set_ylim(*map(float, np.exp(limits) if logarithmic else limits))
        label += f"\n{outside} of {len(values)} reports are outside"
    axes.set_ylabel(label, fontsize=10, color=INK)


def _scale_by_logarithm(axes: Axes, ratio: float) -> None:
    """A logarithmic scale with plain numbers, for values whose largest is `ratio` the smallest."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(
        LogLocator(subs=(1.0, 2.0, 5.0) if ratio <= _FINE_UP_TO else (1.0,))
    )
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _spans_orders(values: Array, *, maximized: bool) -> bool:
    """Whether a logarithmic scale shows more than a linear one.

    What matters is near the best value: near zero for an error, where a logarithm spreads it, but
    far from zero for an accuracy, where it would crowd it.
    """
    if values.min() <= 0:
        return False
    low, high = np.quantile(values, [0.1, 0.9])
    if maximized:
        return bool(values.max() / low >= _LOG_FROM_MAXIMIZED)
    return bool(high / values.min() >= _LOG_FROM)


def _limits(values: Array, reach: float, *, worse_is_low: bool) -> tuple[float, float]:
    """Smallest and largest value, but for those far beyond the bulk on the worse side.

    `reach` says how far, in widths of the middle four fifths.
    """
    low, high = np.quantile(values, [0.1, 0.9])
    width = high - low
    if width > 0 and worse_is_low:
        values = values[values >= low - reach * width]
    elif width > 0:
        values = values[values <= high + reach * width]
    return float(values.min()), float(values.max())
