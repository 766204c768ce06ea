"""Rounding to canonical decimals, for one float and for arrays, bit for bit the same.

Why: a value that went through the unit interval comes back with an error in its last bits. Rounded
to a grid of decimals much wider than that error, it is the same number again, also when a user
typed it; and equal configurations are equal bytes.

`x * 10**k` and `n / 10**k` are rounded correctly as long as 10**k is a float without error, that is
for k <= 22; beyond, Python's own conversion to decimals does the work.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from synecore.problem import Array

One: TypeAlias = Callable[[float], float]
Many: TypeAlias = Callable[[Array], Array]

EXACT = 22  # 10**22 is the largest power of ten that is a float without error
_LEAST = -307
_POWERS = [float(f"1e{k}") for k in range(_LEAST, 309)]
_POWER_ARRAY = np.array(_POWERS)
_TENS = [10.0**k for k in range(EXACT + 1)]
_TEN_ARRAY = np.array(_TENS)


def exponent(value: float) -> int:
    """Return the k with 10**k <= value < 10**(k + 1), for value >= 1e-307."""
    return bisect_right(_POWERS, value) - 1 + _LEAST


def ceil_log10(value: float) -> int:
    """Return the least k with value <= 10**k."""
    k = exponent(value)
    return k if value == _POWERS[k - _LEAST] else k + 1


def mapped(function: One, values: Array) -> Array:
    """Apply a function of one float to each entry of a vector.

    NumPy's own logarithm may differ in the last bit from the math module's, and from itself between
    one entry and many, so both the scalar and the array path call the math module.
    """
    return np.fromiter(map(function, values.tolist()), float, len(values))


def to_decimals(decimals: int) -> tuple[One, Many]:
    """Return functions that round to so many decimals (may be negative), halves to even."""
    if 0 <= decimals <= EXACT:
        scale = 10.0**decimals

        def one(value: float) -> float:
            return round(value * scale) / scale

        def many(values: Array) -> Array:
            return np.rint(values * scale) / scale + 0.0  # + 0.0: no minus zero

    elif -EXACT <= decimals < 0:
        scale = 10.0**-decimals

        def one(value: float) -> float:
            return round(value / scale) * scale

        def many(values: Array) -> Array:
            return np.rint(values / scale) * scale + 0.0

    else:

        def one(value: float) -> float:
            return round(value, decimals) + 0.0

        def many(values: Array) -> Array:
            return mapped(one, values)

    return one, many


def to_digits(digits: int, cut: float = 1e-307) -> tuple[One, Many]:
    """Return functions that round values >= 0 to so many significant digits, below `cut` to 0."""
    top, text = digits - 1, f"%.{digits - 1}e"

    def one(value: float) -> float:
        if value < cut:
            return 0.0
        places = top - (bisect_right(_POWERS, value) - 1 + _LEAST)
        if 0 <= places <= EXACT:
            scale = _TENS[places]
            return round(value * scale) / scale
        if -EXACT <= places < 0:
            scale = _TENS[-places]
            return round(value / scale) * scale
        return float(text % value)

    def many(values: Array) -> Array:
        places = top - (np.searchsorted(_POWER_ARRAY, values, side="right") - 1 + _LEAST)
        inside = (places >= 0) & (places <= EXACT) & (values >= cut)
        if inside.all():
            scale = _TEN_ARRAY[places]
            rounded: Array = np.rint(values * scale) / scale
            return rounded
        rounded = np.empty_like(values)
        scale = _TEN_ARRAY[places[inside]]
        rounded[inside] = np.rint(values[inside] * scale) / scale
        rounded[~inside] = mapped(one, values[~inside])
        return rounded

    return one, many


def integer_to_digits(value: int, digits: int) -> int:
    """Round an integer >= 0 to so many significant digits, halves up."""
    extra = len(str(value)) - digits
    if extra <= 0:
        return value
    step = 10**extra
    return int((value + step // 2) // step * step)
