"""Columns of real numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from synecore.errors import SpaceError
from synecore.problem import Array
from synecore.space.columns import Column
from synecore.space.domain import real
from synecore.space.intervals import DIGITS, grid, interval
from synecore.space.ranges import Float, multiples, quantum_of
from synecore.space.rounding import One, to_digits
from synecore.space.scalings import scaling_of

SLACK = 1e-9  # of the range: how far outside a value of the user is still taken as the bound
NARROWEST, WIDEST = 1e-280, 1e300  # ranges of real numbers


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
