"""Finite ranges: numbers at equal steps."""

from __future__ import annotations

import math
from functools import cached_property
from numbers import Real
from typing import Any

from synecore.errors import SpaceError
from synecore.space.domain import CLOSE, Domain, read_number
from synecore.space.ranges import read_bound, read_integer
from synecore.space.samplers import Grid, Sampler, Scale, Uniform


class FiniteRange(Domain):
    """`size` numbers from lower to upper at equal steps, of the value or of its logarithm.

    With `cast_int` they are rounded to integers, after the transform.
    """

    default_sampler_cls = Uniform
    fields = ("lower", "upper", "size", "log_scale", "cast_int")

    def __init__(
        self,
        lower: float,
        upper: float,
        size: int,
        log_scale: bool = False,
        cast_int: bool = False,
    ) -> None:
        super().__init__()
        self.lower = _finite_bound("lower", lower)
        self.upper = _finite_bound("upper", upper)
        self.size = read_integer("size", size)
        self.log_scale = bool(log_scale)
        self.cast_int = bool(cast_int)
        if self.lower > self.upper:
            raise SpaceError(f"lower {lower!r} is above upper {upper!r}; swap the two bounds.")
        if self.size < 1 or (self.size == 1) != (self.lower == self.upper):
            raise SpaceError(
                f"size: {size!r} values from {lower!r} to {upper!r}; give a size of at least 2 and "
                "two different bounds."
            )
        if self.size > 2**20:
            raise SpaceError(f"size: {size!r} is more than 2**20; use uniform or randint.")
        if self.log_scale and self.lower <= 0.0:
            raise SpaceError(f"lower {lower!r} must be above 0 on a log scale.")

    @property
    def scale(self) -> Scale:
        return "log" if self.log_scale else "linear"

    @property
    def value_type(self) -> type:
        return int if self.cast_int else float

    @cached_property
    def values(self) -> list[Any]:
        """The values in order; with `cast_int` some may be there more than once."""
        if self.size == 1:
            return [round(self.lower) if self.cast_int else self.lower]
        low, high = (math.log(v) if self.log_scale else v for v in (self.lower, self.upper))
        width = high - low
        inner = [low + i * width / (self.size - 1) for i in range(1, self.size - 1)]
        if self.log_scale:
            inner = [float(f"{math.exp(v):.11e}") for v in inner]
        else:
            magnitude = math.ceil(math.log10(max(abs(low), abs(high))))
            step = math.floor(math.log10(width / (self.size - 1)))
            decimals = min(15 - magnitude, max(13 - magnitude, 6 - step))
            inner = [round(v, decimals) + 0.0 for v in inner]
        values = [self.lower, *inner, self.upper]
        return [round(v) for v in values] if self.cast_int else values

    @property
    def n_values(self) -> int | None:
        return len(set(self.values)) if self.cast_int else self.size

    @property
    def domain_str(self) -> str:
        return f"({self.lower}, {self.upper}, {self.size})"

    def __len__(self) -> int:
        return self.size

    def cast(self, value: Any) -> Any:
        number = read_number(value)
        if self.log_scale and number > 0.0:
            return min(self.values, key=lambda v: abs(math.log(max(v, 1e-300)) - math.log(number)))
        return min(self.values, key=lambda v: abs(v - number))

    def is_valid(self, value: Any) -> bool:
        if not isinstance(value, Real) or isinstance(value, bool):
            return False
        return math.isclose(self.cast(value), value, rel_tol=CLOSE, abs_tol=CLOSE * self._step)

    @property
    def _step(self) -> float:
        return (self.upper - self.lower) / max(1, self.size - 1) if not self.log_scale else 0.0

    @property
    def n_cells(self) -> int:
        return self.size

    def prior_bounds(self) -> tuple[float, float]:
        return self.lower, self.upper

    def check_sampler(self, sampler: Sampler) -> None:
        if not isinstance(sampler, (Uniform, Grid)):
            raise SpaceError(f"a finite range is drawn uniformly on its scale, not {sampler!r}.")


def _finite_bound(name: str, value: Any) -> float:
    number = read_bound(name, value)
    if not math.isfinite(number):
        raise SpaceError(f"{name}: {value!r} must be finite.")
    return number
