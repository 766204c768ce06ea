"""A curve as one line of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from synecore.problem import Array

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.-=+*#@"
_LOG_FROM = 20.0  # ratio of largest to smallest value from which logarithms are drawn


def sparkline(values: Array, bars: str = BARS) -> str:
    """One character a value (n,), the higher the larger; a space for NaN.

    Values that span orders of magnitude are drawn by their logarithms.
    """
    known = np.isfinite(values)
    if not known.any():
        return " " * len(values)
    low, high = float(values[known].min()), float(values[known].max())
    scaled = np.where(known, values, low)
    if low > 0 and high / low >= _LOG_FROM:
        scaled, low, high = np.log(scaled), float(np.log(low)), float(np.log(high))
    width = high - low
    share = (scaled - low) / width if width > 0 else np.zeros(len(values))
    heights = np.rint(share * (len(bars) - 1)).astype(int)
    return "".join(bars[height] if ok else " " for height, ok in zip(heights, known, strict=True))
