"""Ranges of real numbers and of integers."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from synecore.errors import SpaceError
from synecore.space.domain import CLOSE, Domain, read_number, real, whole
from synecore.space.samplers import (
    Grid,
    LogUniform,
    Normal,
    Quantized,
    ReverseLogUniform,
    Sampler,
    Uniform,
)

MAX_INTEGER = 2**63 - 1
MAX_VALUES = 2**46  # integers on a linear scale from below 0 that a column in [0, 1] tells apart


class Float(Domain):
    """Real number in the closed interval [lower, upper]."""

    default_sampler_cls = Uniform
    fields = ("lower", "upper")

    def __init__(self, lower: float, upper: float) -> None:
        super().__init__()
        self.lower = read_bound("lower", lower)
        self.upper = read_bound("upper", upper)
        if self.lower > self.upper:
            raise SpaceError(
                f"lower {self.lower!r} is above upper {self.upper!r}; swap the two bounds."
            )

    @property
    def value_type(self) -> type:
        return float

    @property
    def n_values(self) -> int | None:
        if self.lower == self.upper:
            return 1
        quantum = quantum_of(self.get_sampler())
        if quantum is None:
            return None
        first, last = multiples(self.lower, self.upper, quantum)
        return last - first + 1

    @property
    def domain_str(self) -> str:
        return f"({self.lower}, {self.upper})"

    def uniform(self) -> Float:
        """Return this interval with uniform sampling."""
        return self._with(Uniform())

    def loguniform(self) -> Float:
        """Return this interval on a log scale."""
        return self._with(LogUniform())

    def reverseloguniform(self) -> Float:
        """Return this interval on the scale -log(1 - x)."""
        return self._with(ReverseLogUniform())

    def normal(self, mean: float = 0.0, sd: float = 1.0) -> Float:
        """Return this interval with normal sampling, cut at the bounds."""
        return self._with(Normal(mean, sd))

    def quantized(self, q: float) -> Float:
        """Return the multiples of `q` in this interval, drawn by rounding what was drawn before."""
        return self._with(Quantized(self.get_sampler(), q))

    def _with(self, sampler: Sampler) -> Float:
        new = self.copy()
        new.set_sampler(sampler, allow_override=True)
        return new

    def cast(self, value: Any) -> float:
        return read_number(value)

    def is_valid(self, value: Any) -> bool:
        if not isinstance(value, Real) or isinstance(value, bool):
            return False
        number = float(value)
        if not self.lower <= number <= self.upper:
            return False
        return is_multiple(number, quantum_of(self.get_sampler()))

    def effective_bounds(self) -> tuple[float, float]:
        """Return the bounds; for an infinite one, eight standard deviations of the normal."""
        sampler = self.get_sampler()
        while isinstance(sampler, Quantized):
            sampler = sampler.sampler
        if not isinstance(sampler, Normal):
            return self.lower, self.upper
        reach = 8.0 * sampler.sd
        low = self.lower if math.isfinite(self.lower) else sampler.mean - reach
        high = self.upper if math.isfinite(self.upper) else sampler.mean + reach
        return low, high

    def prior_bounds(self) -> tuple[float, float]:
        return self.effective_bounds()

    @property
    def n_cells(self) -> int:
        return 0

    def check_sampler(self, sampler: Sampler) -> None:
        quantum = quantum_of(sampler)
        low, high = self.lower, self.upper
        if isinstance(sampler, Grid):
            raise SpaceError(
                "a range of real numbers is no grid; use finrange(lower, upper, size)."
            )
        if sampler.scale == "log" and low <= 0.0:
            raise SpaceError(
                f"lower {low!r} must be above 0 on a log scale; for a range that includes 0 use a "
                "linear one, for one just below 1 reverseloguniform."
            )
        if sampler.scale == "log" and (low < 1e-300 or high > 1e300):
            raise SpaceError(f"({low!r}, {high!r}): a log scale reaches from 1e-300 to 1e300.")
        if sampler.scale == "reverse-log" and not 0.0 <= low <= high < 1.0:
            raise SpaceError(
                f"({low!r}, {high!r}): a reverse log scale needs 0 <= lower <= upper < 1."
            )
        innermost = sampler
        while isinstance(innermost, Quantized):
            innermost = innermost.sampler
        if not isinstance(innermost, Normal) and not (math.isfinite(low) and math.isfinite(high)):
            raise SpaceError(
                f"({low!r}, {high!r}): bounds must be finite; only normal(mean, sd) does without."
            )
        if quantum is not None:
            check_multiples(low, high, quantum)


def read_bound(name: str, value: Any) -> float:
    number = read_number(value) if isinstance(value, str) else _as_real(name, value)
    if math.isnan(number):
        raise SpaceError(f"{name}: {value!r} is not a number.")
    return number + 0.0  # no minus zero


def _as_real(name: str, value: Any) -> float:
    try:
        return real(value)
    except SpaceError:
        raise SpaceError(f"{name}: {value!r} is not a number.") from None


def quantum_of(sampler: Sampler) -> float | None:
    """Return the `q` of a quantised sampler."""
    return sampler.q if isinstance(sampler, Quantized) else None


def multiples(lower: float, upper: float, q: float) -> tuple[int, int]:
    """Return the first and last m with lower <= m q <= upper, up to rounding of the division."""
    if isinstance(lower, int) and isinstance(upper, int) and q == int(q):
        return -(-lower // int(q)), upper // int(q)
    low, high = lower / q, upper / q
    return math.ceil(low - CLOSE * abs(low)), math.floor(high + CLOSE * abs(high))


def check_multiples(lower: float, upper: float, q: float) -> None:
    """Raise a SpaceError unless there are multiples of q, and not too many to tell them apart."""
    if not (math.isfinite(lower) and math.isfinite(upper)):
        raise SpaceError(f"({lower!r}, {upper!r}): bounds must be finite to be quantised.")
    first, last = multiples(lower, upper, q)
    if first > last:
        raise SpaceError(f"q: no multiple of {q!r} lies in ({lower!r}, {upper!r}).")
    if last - first > 10**10 or max(abs(first), abs(last)) > 10**11:
        raise SpaceError(f"q: {q!r} is too fine for ({lower!r}, {upper!r}); leave it out.")


def is_multiple(value: float, q: float | None) -> bool:
    """Say whether a value given by a user is meant as a multiple of q."""
    return q is None or abs(value - round(value / q) * q) <= 1e-6 * q


class Integer(Domain):
    """Integer in the closed interval [lower, upper]; upper is included."""

    default_sampler_cls = Uniform
    fields = ("lower", "upper")

    def __init__(self, lower: int, upper: int) -> None:
        super().__init__()
        self.lower = read_integer("lower", lower)
        self.upper = read_integer("upper", upper)
        if self.lower > self.upper:
            raise SpaceError(f"lower {lower!r} is above upper {upper!r}; swap the two bounds.")
        if max(abs(self.lower), abs(self.upper)) > MAX_INTEGER:
            raise SpaceError(
                f"({lower!r}, {upper!r}): integers reach from -(2**63 - 1) to 2**63 - 1."
            )
        if self.lower < 0 and self.upper - self.lower >= MAX_VALUES:
            raise SpaceError(
                f"({lower!r}, {upper!r}): more than 2**46 integers from below 0 cannot be told "
                "apart; start at 0, or use uniform."
            )

    @property
    def value_type(self) -> type:
        return int

    @property
    def n_values(self) -> int | None:
        quantum = quantum_of(self.get_sampler())
        if quantum is None:
            return self.upper - self.lower + 1
        first, last = multiples(self.lower, self.upper, quantum)
        return last - first + 1

    @property
    def domain_str(self) -> str:
        return f"({self.lower}, {self.upper})"

    def uniform(self) -> Integer:
        """Return these integers with uniform sampling."""
        return self._with(Uniform())

    def loguniform(self) -> Integer:
        """Return these integers on a log scale."""
        return self._with(LogUniform())

    def quantized(self, q: int) -> Integer:
        """Return the multiples of `q` among these, drawn by rounding what was drawn before."""
        return self._with(Quantized(self.get_sampler(), read_integer("q", q)))

    def _with(self, sampler: Sampler) -> Integer:
        new = self.copy()
        new.set_sampler(sampler, allow_override=True)
        return new

    def cast(self, value: Any) -> int:
        return _cast_integer(value)

    def is_valid(self, value: Any) -> bool:
        try:
            number = whole(value)
        except SpaceError:
            return False
        q = quantum_of(self.get_sampler())
        return self.lower <= number <= self.upper and (q is None or number % int(q) == 0)

    def prior_bounds(self) -> tuple[float, float]:
        return float(self.lower), float(self.upper)

    @property
    def n_cells(self) -> int:
        plain = quantum_of(self.get_sampler()) is None
        count = self.upper - self.lower + 1
        return count if plain and count <= 2**16 else 0

    def check_sampler(self, sampler: Sampler) -> None:
        quantum = quantum_of(sampler)
        if isinstance(sampler, Grid):
            raise SpaceError("integers are no grid of their own; use finrange or ordinal.")
        if sampler.scale == "reverse-log":
            raise SpaceError("a reverse log scale is for real numbers below 1.")
        if sampler.scale == "log" and self.lower < 1:
            raise SpaceError(f"lower {self.lower!r} must be at least 1 on a log scale.")
        if quantum is not None:
            check_multiples(self.lower, self.upper, quantum)


def read_integer(name: str, value: Any) -> int:
    try:
        return whole(value)
    except SpaceError:
        raise SpaceError(f"{name}: {value!r} is not an integer.") from None


def _cast_integer(value: Any) -> int:
    try:
        return int(value) if isinstance(value, str) else whole(round(value))
    except ValueError:
        return round(read_number(value))
    except TypeError:
        raise SpaceError(f"{value!r} is not a number") from None
