"""Drawing trials as lines: one colour and one mark for each way in which a trial can end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np

from .figures import BEST, GREY, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from synecore.problem import Array

    from .curves import Curve


@attrs.frozen
class Look:
    """How the trials of one status are drawn."""

    label: str
    color: str
    marker: str
    size: float  # of the mark at the end, in points


# Colours that stay apart for colour-blind eyes (Okabe and Ito, 2008); shapes say the same again.
LOOKS = {
    "Completed": Look("completed", "#009e73", "o", 6.0),
    "Paused": Look("paused", "#56a5d8", "s", 5.0),
    "Stopped": Look("stopped", "#d55e00", "X", 6.0),
    "Stopping": Look("stopping", "#e69f00", "X", 6.0),
    "Failed": Look("failed", INK, "P", 6.5),
    "InProgress": Look("unfinished", GREY, ">", 6.0),
}


def draw_curves_by_status(
    axes: Axes, curves: Sequence[Curve], best: Curve, along: Callable[[Curve], Array]
) -> int:
    """Draw curves along a horizontal axis, `best` above all others and with a star at its best.

    Returns:
        The number of entries for the legend.
    """
    crowd = _Crowd.of(len(curves))
    by_status: dict[str, list[Curve]] = {}
    for curve in curves:
        status = curve.status if curve.status in LOOKS else "Completed"
        by_status.setdefault(status, []).append(curve)
    for status in (status for status in LOOKS if status in by_status):
        group = [curve for curve in by_status[status] if curve is not best]
        _draw_group(axes, [(along(c), c.y) for c in group], LOOKS[status], crowd)
    x = along(best)
    axes.plot(*_broken(x, best.y).T, color=BEST, linewidth=2.2, zorder=4)
    axes.plot(
        x[-1:], best.y[-1:], linestyle="none", zorder=5,
        marker=LOOKS.get(best.status, LOOKS["Completed"]).marker, markersize=7.5,
        markeredgecolor="white", color=BEST,
    )  # fmt: skip
    axes.plot([], [], color=BEST, linewidth=2.2, label="best trial")
    return len(by_status) + 1


def mark_best(axes: Axes, x: float, y: float) -> None:
    """A star where the best value was reported."""
    axes.plot(
        [x], [y], linestyle="none", marker="*", markersize=13, markeredgecolor="white",
        color=BEST, zorder=6, label="best report",
    )  # fmt: skip


@attrs.frozen
class _Crowd:
    """How thin and faint lines and marks are where there are many."""

    width: float
    alpha: float
    scale: float

    @classmethod
    def of(cls, n: int) -> _Crowd:
        for most, look in ((30, (1.2, 0.8, 1.0)), (150, (1.0, 0.55, 1.0)), (600, (0.7, 0.3, 0.75))):
            if n <= most:
                return cls(*look)
        return cls(0.5, 0.15, 0.6)


def _draw_group(
    axes: Axes, lines: Sequence[tuple[Array, Array]], look: Look, crowd: _Crowd
) -> None:
    from matplotlib.collections import LineCollection

    axes.add_collection(
        LineCollection(
            [_broken(x, y) for x, y in lines], colors=look.color, linewidths=crowd.width,
            alpha=crowd.alpha, zorder=2, rasterized=len(lines) > 600,
        ),
        autolim=True,
    )  # fmt: skip
    axes.plot(
        [x[-1] for x, _ in lines], [y[-1] for _, y in lines], linestyle="none",
        marker=look.marker, markersize=look.size * crowd.scale,
        markeredgewidth=0.5 if crowd.scale == 1.0 else 0.0, markeredgecolor="white",
        color=look.color, alpha=min(1.0, 0.35 + crowd.alpha), zorder=3,
    )  # fmt: skip
    axes.plot(
        [], [], color=look.color, marker=look.marker, markersize=look.size, linewidth=1.2,
        label=look.label,
    )  # fmt: skip


def _broken(x: Array, y: Array) -> Array:
    """Points (k, 2) of a line that breaks where x goes back: there a trial began again."""
    back = np.flatnonzero(np.diff(x) < 0) + 1
    return np.column_stack([np.insert(x, back, np.nan), np.insert(y, back, np.nan)])
