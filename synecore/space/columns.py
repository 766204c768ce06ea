"""One parameter as one column of the encoding.

Every column maps a value to a position and back; `decode` rounds to a canonical value, such that

    decode(encode(v)) == v            for every canonical value v, bit for bit,
    snap = encode after decode        is therefore the same when done twice.

There is a function for one value and one for many; both give the same bits. Positions of numbers
are in [0, 1] on the domain's scale; integers fill lower - 0.5 to upper + 0.5, finite lists a cell
each. Positions of categories are their index.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from synecore.errors import SpaceError
from synecore.problem import Array
from synecore.space.domain import Domain
from synecore.space.ranges import Float, Integer

ONE_BY_ONE = 24  # up to so many values, the scalar functions are faster than arrays


class Column:
    """Base of all columns; subclasses set `encode_one` and `decode_one`.

    Attributes:
        n_choices: number of categories, 0 for numeric columns.
        n_values: number of different values, None for infinitely many.
    """

    encode_one: Callable[[Any], float]  # raises a SpaceError for what is not in the domain
    decode_one: Callable[[float], Any]  # for any float but NaN
    n_choices = 0

    def __init__(self, name: str, domain: Domain) -> None:
        self.name = name
        self.domain = domain
        self.n_values = domain.n_values

    # ---- many

    def values(self, x: Array) -> npt.NDArray[Any]:
        """Positions (n,) -> canonical values (n,), as numbers or objects."""
        raise NotImplementedError

    def positions(self, values: npt.NDArray[Any]) -> Array:
        """Canonical values (n,) -> positions (n,)."""
        raise NotImplementedError

    def decode(self, x: Array) -> list[Any]:
        """Positions (n,) -> canonical values as Python objects."""
        if len(x) <= ONE_BY_ONE:
            return list(map(self.decode_one, x.tolist()))
        decoded: list[Any] = self.values(x).tolist()
        return decoded

    def encode(self, values: Sequence[Any]) -> Array:
        """Values of the domain -> positions (n,)."""
        return np.fromiter(map(self.encode_one, values), float, len(values))

    def snap(self, x: Array) -> Array:
        """Positions (n,) -> positions of the canonical values."""
        if len(x) <= ONE_BY_ONE:
            return self.encode(self.decode(x))
        return self.positions(self.values(x))

    def matches(self, x: Array, values: Collection[Any]) -> npt.NDArray[np.bool_]:
        """Say where the value is one of `values`; (n,)."""
        return np.fromiter((value in values for value in self.decode(x)), bool, len(x))

    def cell(self, value: Any) -> tuple[float, float]:
        """Return the ends of the positions that decode to `value`; a point for real numbers."""
        x = self.encode_one(value)
        return x, x

    # ---- drawing

    @cached_property
    def quantiles(self) -> Callable[[Array], Array] | None:
        """Map of uniform numbers to positions; None where it is the identity."""
        from synecore.space.priors import quantile_function

        return quantile_function(self)

    def from_unit(self, u: Array) -> Array:
        """Uniform numbers (n,) in [0, 1) -> positions (n,), distributed as the domain says."""
        return u if self.quantiles is None else self.quantiles(u)

    def draw(self, u: Array) -> list[Any]:
        """Uniform numbers (n,) -> values."""
        return self.decode(self.from_unit(u))

    # ---- others

    @cached_property
    def midpoint(self) -> Any:
        """The value in the middle of the scale; the first category; the mean or the likeliest value
        where there is a prior."""
        from synecore.space.priors import middle

        return middle(self)

    def error(self, value: Any) -> SpaceError:
        """Return the error for a value that is not in the domain."""
        return SpaceError(f"{self.name}: {value!r} is not in {self.domain!r}.")


def column_of(name: str, domain: Domain) -> Column:
    """Return the column of a domain.

    Raises:
        SpaceError: if its sampler does not fit it.
    """
    from synecore.space.finite_columns import finite_column
    from synecore.space.float_column import FloatColumn
    from synecore.space.integer_column import IntegerColumn

    domain.check_sampler(domain.get_sampler())
    if isinstance(domain, Float):
        return FloatColumn(name, domain)
    if isinstance(domain, Integer):
        return IntegerColumn(name, domain)
    return finite_column(name, domain)
