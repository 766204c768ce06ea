"""Columns of real numbers and of integers.

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
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from synecore.errors import SpaceError
from synecore.problem import Array
from synecore.space.columns import Column
from synecore.space.domains import (
    MAX_VALUES,
    Domain,
    Float,
    Integer,
    multiples,
    quantum_of,
    real,
    whole,
)
from synecore.space.rounding import (
    Many,
    One,
    ceil_log10,
    integer_to_digits,
    mapped,
    to_decimals,
    to_digits,
)
from synecore.space.samplers import Scale
from synecore.space.scalings import scaling_of

DIGITS = 12  # significant digits on a log scale, and from 0 on a linear one
WIDE = 128.0  # logarithms beyond this leave one digit less
COARSE = 10**14  # integers above this are rounded to 14 digits on a linear scale
SLACK = 1e-9  # of the range: how far outside a value of the user is still taken as the bound
NARROWEST, WIDEST = 1e-280, 1e300  # ranges of real numbers

Interval: TypeAlias = tuple[One, One, Many, Many]  # value -> position and back, one and many


def make(name: str, domain: Domain) -> Column:
    """Return the column of a range of numbers."""
    if isinstance(domain, Integer):
        return IntegerColumn(name, domain)
    if isinstance(domain, Float):
        return FloatColumn(name, domain)
    raise SpaceError(f"{name}: {domain!r} is no domain that can be encoded.")


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


class FloatColumn(Column):
    """A real number, or a multiple of a quantum, in a closed interval."""

    def __init__(self, name: str, domain: Float) -> None:
        super().__init__(name, domain)
        low, high = domain.effective_bounds()
        scale = domain.scale
        if low == high:
            self._fix(low)
            return
        to = scaling_of(scale).to_internal
        narrowest = NARROWEST if scale == "linear" else 0.0
        if not to(high) - to(low) > narrowest or max(abs(low), abs(high)) > WIDEST:
            raise SpaceError(f"{name}: {domain!r} is too wide or too narrow to be encoded.")
        self._position, self._value, self._positions, self._values = interval(scale, low, high)
        self._round, self._round_many = grid(scale, low, high)
        quantum = quantum_of(domain.get_sampler())
        if quantum is None:
            self._bottom, self._top = self._ends(low, high)
        else:
            self._quantise(low, high, quantum)
        self.decode_one, self.encode_one = self._decoder(), self._encoder(low, high, quantum)

    def _fix(self, value: float) -> None:
        self._bottom = self._top = value
        self.decode_one = lambda x: value
        self.encode_one = self._same
        self._values = lambda x: np.full(len(x), value)
        self._positions = lambda v: np.full(len(v), 0.5)
        self._round_many = lambda v: v

    def _same(self, value: Any) -> float:
        if not math.isclose(self._number(value), self._bottom, rel_tol=SLACK):
            raise self.error(value)
        return 0.5

    def _number(self, value: Any) -> float:
        try:
            return real(value)
        except SpaceError:
            raise self.error(value) from None

    def _ends(self, low: float, high: float) -> tuple[float, float]:
        """Return the canonical values at positions 0 and 1: the bounds, unless a number of the grid
        has the same position, as 0.3 has in uniform(0, 0.1 + 0.2)."""
        bottom, top = self._round(low), self._round(high)
        if not (low <= bottom and self._position(bottom) <= 0.0):
            bottom = low
        if not (top <= high and self._position(top) >= 1.0):
            top = high
        return bottom, top

    def _quantise(self, low: float, high: float, q: float) -> None:
        first, last = multiples(low, high, q)
        one, many = to_digits(DIGITS)

        def to_multiple(value: float) -> float:
            exact = min(max(round(value / q), first), last) * q
            rounded = one(exact) if exact >= 0.0 else -one(-exact)
            return low if rounded < low else high if rounded > high else rounded

        def to_multiples(values: Array) -> Array:
            exact = np.clip(np.rint(values / q), first, last) * q
            rounded = np.copysign(many(np.abs(exact)), exact) + 0.0
            return np.minimum(np.maximum(rounded, low), high)

        self._round, self._round_many = to_multiple, to_multiples
        self._bottom, self._top = to_multiple(low), to_multiple(high)

    def _decoder(self) -> One:
        bottom, top, value_at, to_grid = self._bottom, self._top, self._value, self._round

        def decode_one(x: float) -> float:
            if x <= 0.0:
                return bottom
            if x >= 1.0:
                return top
            value = to_grid(value_at(x))
            return bottom if value <= bottom else top if value >= top else value

        return decode_one

    def _encoder(self, low: float, high: float, q: float | None) -> Callable[[Any], float]:
        bottom, top, position = self._bottom, self._top, self._position
        at_bottom, at_top = self._edges()
        slack = SLACK * (min(high - low, low) if self.domain.scale == "log" else high - low)
        least, most = low - slack, high + slack

        def encode_one(value: Any) -> float:
            number = value if type(value) is float else self._number(value)
            if q is not None:
                number = self._multiple(number, q)
            if bottom < number < top:
                x = position(number)
                return x if 0.0 <= x <= 1.0 else 0.0 if x < 0.0 else 1.0
            if not least <= number <= most:  # NaN too
                raise self.error(value)
            return at_bottom if number <= bottom else at_top

        return encode_one

    def _edges(self) -> tuple[float, float]:
        """Positions of the smallest and the largest canonical value."""
        if quantum_of(self.domain.get_sampler()) is None:
            return 0.0, 1.0
        ends = (self._position(self._bottom), self._position(self._top))
        return min(max(ends[0], 0.0), 1.0), min(max(ends[1], 0.0), 1.0)

    def _multiple(self, value: float, q: float) -> float:
        rounded = self._round(value)
        if abs(rounded - value) > 1e-6 * q:
            raise self.error(value)
        return rounded

    def values(self, x: Array) -> npt.NDArray[Any]:
        inside = np.minimum(np.maximum(x, 0.0), 1.0)
        values = self._round_many(self._values(inside))
        values[(values <= self._bottom) | (x <= 0.0)] = self._bottom
        values[(values >= self._top) | (x >= 1.0)] = self._top
        return values

    def positions(self, values: npt.NDArray[Any]) -> Array:
        x: Array = np.minimum(np.maximum(self._positions(values), 0.0), 1.0)
        if self._bottom == self._top:
            return x
        at_bottom, at_top = self._edges()
        x[values <= self._bottom] = at_bottom
        x[values >= self._top] = at_top
        return x


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


class IntegerColumn(Column):
    """An integer, or a multiple of one, relaxed to the interval lower - 0.5 to upper + 0.5."""

    def __init__(self, name: str, domain: Integer) -> None:
        super().__init__(name, domain)
        self._low, self._high = domain.lower, domain.upper
        # Over a range of a millionth of its values the two scales are the same.
        narrow = self._high - self._low < 1e-6 * self._low
        self._log = domain.scale == "log" and not narrow
        q = quantum_of(domain.get_sampler())
        self._q = None if q is None else int(q)
        self._multiples = multiples(self._low, self._high, self._q or 1)
        if self._log:
            ends = domain.lower - 0.5, domain.upper + 0.5
            self._position, self._value, self._positions, self._values = interval("log", *ends)
            self._limit = 10**DIGITS
        else:
            self._limit = COARSE
        self._coarse = (
            self._q is None
            and self._high > self._limit
            and (self._log or self._high - self._low >= MAX_VALUES)
        )
        # Beyond 2**53 NumPy divides integers less exactly than Python does.
        self._scalar = self._coarse or (self._q is not None and self._high > 2**53)
        self.decode_one = self._decoder()
        self.encode_one = self._encoder()

    def _decoder(self) -> Callable[[float], int]:
        low, high, count = self._low, self._high, self._high - self._low + 1
        finish = self._finish if self._coarse or self._q is not None else None
        if self._log:
            value_at = self._value

            def decode_one(x: float) -> int:
                k = round(value_at(0.0 if x < 0.0 else 1.0 if x > 1.0 else x))
                k = low if k < low else high if k > high else k
                return k if finish is None else finish(k)

        else:

            def decode_one(x: float) -> int:
                if x >= 1.0:
                    k = high
                else:
                    k = low + int(x * count) if x > 0.0 else low
                    k = high if k > high else k
                return k if finish is None else finish(k)

        return decode_one

    def _finish(self, k: int) -> int:
        """Round to the quantum, or to as many digits as can be told apart."""
        if self._q is not None:
            first, last = self._multiples
            return min(max(round(k / self._q), first), last) * self._q
        if k <= self._limit:
            return k
        digits = DIGITS if self._log else DIGITS + 2
        step = 10 ** (len(str(k)) - digits)
        k = integer_to_digits(k, digits)
        if k < self._low:
            k += step
        if k > self._high:
            k -= step
        return max(k, self._low)

    def _encoder(self) -> Callable[[Any], float]:
        low, high, count, q = self._low, self._high, self._high - self._low + 1, self._q
        position = self._position if self._log else None

        def encode_one(value: Any) -> float:
            if type(value) is not int:
                value = self._integer(value)
            if not low <= value <= high or (q is not None and value % q):
                raise self.error(value)
            if position is not None:
                x = position(float(value))
                return 0.0 if x < 0.0 else 1.0 if x > 1.0 else x
            return (float(value - low) + 0.5) / count

        return encode_one

    def _integer(self, value: Any) -> int:
        try:
            return whole(value)
        except SpaceError:
            raise self.error(value) from None

    def cell(self, value: Any) -> tuple[float, float]:
        x = self.encode_one(value)
        if not self._log:
            half = 0.5 / (self._high - self._low + 1)
            return x - half, x + half
        ends = self._position(value - 0.5), self._position(value + 0.5)
        return max(ends[0], 0.0), min(ends[1], 1.0)

    def values(self, x: Array) -> npt.NDArray[Any]:
        if self._scalar:
            return np.fromiter(map(self.decode_one, x.tolist()), np.int64, len(x))
        inside = np.minimum(np.maximum(x, 0.0), 1.0)
        if self._log:
            k = np.rint(self._values(inside)).astype(np.int64)
        else:
            k = self._low + np.floor(inside * (self._high - self._low + 1)).astype(np.int64)
        k = np.minimum(np.maximum(k, self._low), self._high)
        if self._q is not None:
            k = np.clip(np.rint(k / self._q).astype(np.int64), *self._multiples) * self._q
        return k

    def positions(self, values: npt.NDArray[Any]) -> Array:
        if self._scalar:
            return np.fromiter(map(self.encode_one, values.tolist()), float, len(values))
        if self._log:
            x: Array = np.minimum(np.maximum(self._positions(values.astype(float)), 0.0), 1.0)
            return x
        count = self._high - self._low + 1
        return ((values - self._low).astype(float) + 0.5) / count
