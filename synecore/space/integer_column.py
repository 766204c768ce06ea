"""Columns of integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from synecore.errors import SpaceError
from synecore.problem import Array
from synecore.space.columns import Column
from synecore.space.domain import whole
from synecore.space.intervals import DIGITS, interval
from synecore.space.ranges import MAX_VALUES, Integer, multiples, quantum_of
from synecore.space.rounding import integer_to_digits

COARSE = 10**14  # integers above this are rounded to 14 digits on a linear scale


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
