"""Maps of an interval onto [0, 1] on a scale, and the decimals that values are rounded to.

How wide the decimal grid is
----------------------------
A position x carries an error of about 2**-53, and so does each of the few operations between a
value and its position. With bounds a and b, on a linear scale, that is an error of the value of a
few 2**-53 max(|a|, |b|, b - a); the grid is 1e-12 of the range's power of ten, and no finer than
1e-15 of the power of ten above max(|a|, |b|). From a = 0 the error is relative, as on a log scale.
There, with L = log(b / a), the relative error of the value is a few L 2**-53: 6e-14 for
L = 128, against a grid of 12 significant digits (half a step is at least 5e-13), and 6e-13 for the
widest range, against 11 digits. All leave a factor of four or more.
"""

from __future__ import annotations

import math
from typing import TypeAlias

from synecore.problem import Array
from synecore.space.rounding import Many, One, ceil_log10, mapped, to_decimals, to_digits
from synecore.space.samplers import Scale
from synecore.space.scalings import scaling_of

DIGITS = 12  # significant digits on a log scale, and from 0 on a linear one
WIDE = 128.0  # logarithms beyond this leave one digit less

Interval: TypeAlias = tuple[One, One, Many, Many]  # value -> position and back, one and many


def interval(scale: Scale, lower: float, upper: float) -> Interval:
    """Return the map of [lower, upper] onto [0, 1] on a scale, and its inverse.

    One array operation at a time, in the same order as for one float, so that the bits agree.
    """
    scaling = scaling_of(scale)
    to, back = scaling.to_internal, scaling.from_internal
    low = to(lower)
    width = to(upper) - low
    if scale == "linear":

        def position(value: float) -> float:
            return (value - low) / width

        def value_at(x: float) -> float:
            return low + x * width

        def positions(values: Array) -> Array:
            return (values - low) / width

        def values_at(x: Array) -> Array:
            return low + x * width

    else:

        def position(value: float) -> float:
            return (to(value) - low) / width

        def value_at(x: float) -> float:
            return back(low + x * width)

        def positions(values: Array) -> Array:
            return (mapped(to, values) - low) / width

        def values_at(x: Array) -> Array:
            return mapped(back, low + x * width)

    return position, value_at, positions, values_at


def grid(scale: Scale, low: float, high: float) -> tuple[One, Many]:
    """Return the rounding to canonical decimals for a range; see the head of this module."""
    if scale == "log":
        logs = (abs(math.log(low)), abs(math.log(high)), math.log(high) - math.log(low))
        return to_digits(DIGITS if max(logs) <= WIDE else DIGITS - 1)
    if scale == "reverse-log":
        return to_decimals(DIGITS + 2)
    if low == 0.0:
        return to_digits(DIGITS, cut=max(1e-290, high * 1e-290))
    magnitude = ceil_log10(max(abs(low), abs(high)))
    return to_decimals(min(DIGITS - ceil_log10(high - low), DIGITS + 3 - magnitude))
