"""Making, showing and saving figures."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from synecore.errors import ExperimentError, OptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


SIZE = (7.2, 4.5)  # inches
DPI = 150
INK, GREY, GRID = "#222222", "#8a8f98", "#e3e5e8"
BEST = "#1b4f8f"

_ENDINGS = (".png", ".pdf", ".svg")
_NO_WINDOW = {"agg", "pdf", "ps", "svg", "cairo", "pgf", "template"}  # matplotlib's back ends


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
    axes.text(0.0, 1.02, literal(text), transform=axes.transAxes, fontsize=9.5, color=INK)


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
        0.5, 0.5, literal(text), transform=axes.transAxes, color=INK, wrap=True,
        ha="center", va="center",
    )  # fmt: skip


def label_time(axes: Axes, seconds: float) -> TimeUnit:
    """Label the horizontal axis as time up to `seconds`; return its unit."""
    unit = TimeUnit.for_span(seconds)
    axes.set_xlabel(f"time since the start ({unit.name})", fontsize=10, color=INK)
    if seconds > 0:
        axes.set_xlim(-0.02 * seconds / unit.seconds, 1.03 * seconds / unit.seconds)
    return unit


def literal(text: str) -> str:
    """Text that matplotlib does not take for a formula."""
    return text.replace("$", r"\$")


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
