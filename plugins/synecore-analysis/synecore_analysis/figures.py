"""Making, showing and saving figures; axes that fit what they show."""

from __future__ import annotations

import logging
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import numpy as np

from synecore.errors import ExperimentError, OptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from synecore.problem import Array

    from .metric import Metric

logger = logging.getLogger(__name__)

SIZE = (7.2, 4.5)  # inches
DPI = 150
INK, GREY, GRID = "#222222", "#8a8f98", "#e3e5e8"
BEST = "#1b4f8f"

_ENDINGS = (".png", ".pdf", ".svg")
_NO_WINDOW = {"agg", "pdf", "ps", "svg", "cairo", "pgf", "template"}  # matplotlib's back ends
_LOG_FROM = 25.0  # ratio of common to best values from which a logarithmic axis reads better
_LOG_FROM_MAXIMIZED = 1000.0
_FINE_UP_TO = 3000.0  # ratio of values up to which 2 and 5 are labelled beside each power of ten


@attrs.frozen
class TimeUnit:
    """Seconds in a unit, and its name."""

    seconds: float
    name: str

    @classmethod
    def for_span(cls, seconds: float) -> TimeUnit:
        """The unit in which a span is a number that people read easily."""
        for limit, unit, name in ((300, 1, "s"), (3 * 3600, 60, "min"), (72 * 3600, 3600, "h")):
            if seconds <= limit:
                return cls(unit, name)
        return cls(86400, "days")


def show_or_save(
    draw: Callable[[Axes], None],
    figure_path: str | PathLike[str] | None,
    figsize: tuple[float, float] | None = None,
    *,
    fallback: Path,
) -> Path | None:
    """Draw a figure and save it under `figure_path`; show it where that is None.

    Without a display there is nothing to show it on: it is saved as `fallback`, and a line says so.

    Returns:
        The file that was written, None if the figure was shown.
    """
    if figure_path is not None:
        return save(draw, figure_path, figsize)
    import matplotlib
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=figsize or SIZE, layout="constrained")  # chooses the back end
    try:
        if matplotlib.get_backend().lower() in _NO_WINDOW:
            written = save(draw, fallback, figsize)
            print(f"no display to show the figure on; saved as {written}")
            return written
        draw(_axes(figure))
        plt.show()
        return None
    finally:
        plt.close(figure)


def save(
    draw: Callable[[Axes], None],
    figure_path: str | PathLike[str],
    figsize: tuple[float, float] | None = None,
) -> Path:
    """Draw a figure and save it; needs no display, and leaves matplotlib's global state alone.

    Raises:
        OptionError: The file's ending is no kind of figure.
        ExperimentError: The file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    path = Path(figure_path).expanduser()
    if not path.suffix[1:].isalpha():  # none, or as in run-0.5
        path = path.with_name(path.name + ".png")
    if path.suffix.lower() not in _ENDINGS:
        raise OptionError(
            f"figure_path: a figure cannot be saved as {path.name!r}; "
            f"its ending may be {', '.join(_ENDINGS)}"
        )
    figure = Figure(figsize=figsize or SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    draw(_axes(figure))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=DPI)
    except OSError as error:
        raise ExperimentError(
            f"the figure cannot be saved as {path}: {error.strerror}; choose another place"
        ) from error
    return path


def _axes(figure: Figure) -> Axes:
    axes = figure.add_subplot()
    axes.set_axisbelow(True)
    axes.grid(color=GRID, linewidth=0.8)
    axes.tick_params(colors=INK, labelsize=9, length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)
    return axes


def title(axes: Axes, name: str, text: str) -> None:
    """The experiment's name, and below it what the figure says."""
    axes.set_title(
        f"{literal(_shortened(name, 70))}\n", loc="left", fontsize=11, color=INK, weight="bold"
    )
    axes.text(
        0.0,
        1.02,
        literal(text),
        transform=axes.transAxes,
        fontsize=9.5,
        color=INK,
        ha="left",
        va="bottom",
    )


def legend(axes: Axes, columns: int) -> None:
    """A legend below the axes, where it hides nothing."""
    axes.figure.legend(
        *axes.get_legend_handles_labels(), loc="outside lower center", ncols=columns,
        frameon=False, fontsize=9, labelcolor=INK,
    )  # fmt: skip


def empty(axes: Axes, name: str, text: str) -> None:
    """Say in the figure that there is nothing to draw, and why."""
    title(axes, name, "nothing to plot")
    axes.set_axis_off()
    axes.text(
        0.5,
        0.5,
        literal(text),
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=INK,
        wrap=True,
    )


def label_time(axes: Axes, seconds: float) -> TimeUnit:
    """Label the horizontal axis as time up to `seconds`; return its unit."""
    unit = TimeUnit.for_span(seconds)
    axes.set_xlabel(f"time since the start ({unit.name})", fontsize=10, color=INK)
    if seconds > 0:
        axes.set_xlim(-0.02 * seconds / unit.seconds, 1.03 * seconds / unit.seconds)
    return unit


def fit_values(axes: Axes, metric: Metric, values: Array) -> None:
    """Scale and label the vertical axis for `values` (n,), all finite.

    Values that span orders of magnitude get a logarithmic scale. A few that lie far on the worse
    side, such as those of a diverged trial, do not squeeze the others; the label says how many are
    outside.
    """
    label = f"{literal(metric.name)} ({metric.direction})"
    logarithmic = _spans_orders(values, maximized=metric.maximized)
    scaled = np.log(values) if logarithmic else values
    lower, upper = _limits(scaled, 2.0 if logarithmic else 3.0, worse_is_low=metric.maximized)
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


def literal(text: str) -> str:
    """Text that matplotlib does not take for a formula."""
    return text.replace("$", r"\$")


def number(value: float) -> str:
    """A value for a title."""
    return f"{value:.4g}"


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
