"""Lists of values: categories, and values in an order."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

from synecore.errors import SpaceError, did_you_mean
from synecore.space.domain import D, Domain, read_number
from synecore.space.samplers import Grid, Sampler, Scale, Uniform


class Categorical(Domain):
    """One of a finite set of values without an order; for values with one, see `Ordinal`."""

    default_sampler_cls = Uniform
    fields: tuple[str, ...] = ("categories",)

    def __init__(self, categories: Sequence[Any]) -> None:
        super().__init__()
        self.categories = _categories(categories)

    @property
    def value_type(self) -> type:
        return type(self.categories[0])

    @property
    def n_values(self) -> int | None:
        return len(self.categories)

    @property
    def domain_str(self) -> str:
        return str(self.categories)

    def __len__(self) -> int:
        return len(self.categories)

    def uniform(self: D) -> D:
        """Return these categories with uniform sampling."""
        new = self.copy()
        new.set_sampler(Uniform(), allow_override=True)
        return new

    def grid(self: D) -> D:
        """Return these categories as a grid."""
        new = self.copy()
        new.set_sampler(Grid(), allow_override=True)
        return new

    def cast(self, value: Any) -> Any:
        kind = self.value_type
        if kind is bool:
            value = _read_bool(value)
        elif kind in (int, float):
            number = read_number(value)
            return min(self.categories, key=lambda known: abs(known - number))
        if value not in self.categories:
            known = [str(category) for category in self.categories]
            raise SpaceError(
                f"{value!r} is not one of {self.categories!r}{did_you_mean(str(value), known)}"
            )
        return value

    def is_valid(self, value: Any) -> bool:
        return any(value == known and _same_kind(value, known) for known in self.categories)

    @property
    def is_numeric(self) -> bool:
        return False

    @property
    def n_cells(self) -> int:
        return len(self.categories)

    def check_sampler(self, sampler: Sampler) -> None:
        if not isinstance(sampler, (Uniform, Grid)):
            raise SpaceError(f"categories are drawn uniformly or walked through, not {sampler!r}.")


def _same_kind(value: Any, known: Any) -> bool:
    return isinstance(value, str) == isinstance(known, str)


def _categories(categories: Any) -> list[Any]:
    if isinstance(categories, (str, bytes, Mapping)) or not hasattr(categories, "__iter__"):
        raise SpaceError(f"categories: {categories!r} is not a list of values.")
    values = [value.item() if hasattr(value, "item") else value for value in categories]
    if not values:
        raise SpaceError("categories: an empty list; give at least one value.")
    kinds = {type(value) for value in values}
    if kinds == {int, float}:
        values, kinds = [float(value) for value in values], {float}
    if len(kinds) > 1 or not kinds <= {str, int, float, bool}:
        raise SpaceError(
            f"categories: {values!r} must all be of one type: text, integers, real numbers or "
            "booleans. For 'nothing' write a text, such as 'none'."
        )
    if any(value != value for value in values):
        raise SpaceError(f"categories: {values!r} contains a value that is not a number.")
    for i, value in enumerate(values):
        if value in values[:i]:
            raise SpaceError(f"categories: {value!r} is there twice in {values!r}.")
    return values


def _read_bool(value: Any) -> bool:
    if isinstance(value, str) and value.strip().lower() in ("true", "1", "yes"):
        return True
    if isinstance(value, str) and value.strip().lower() in ("false", "0", "no"):
        return False
    if isinstance(value, bool) or value in (0, 1):
        return bool(value)
    raise SpaceError(f"{value!r} is neither true nor false")


class Ordinal(Categorical):
    """Values in an order: drawn like categories, but neighbours are encoded close to each other."""

    @property
    def is_numeric(self) -> bool:
        return False


class OrdinalNearestNeighbor(Ordinal):
    """Increasing numbers, drawn and encoded as the nearest one to a real number in an interval.

    The interval reaches half an average step beyond the first and the last value; on a log scale
    all of this happens for the logarithms.
    """

    fields = ("categories", "log_scale")

    def __init__(self, categories: Sequence[Any], log_scale: bool = False) -> None:
        super().__init__(categories)
        self.log_scale = bool(log_scale)
        if self.value_type not in (int, float):
            raise SpaceError(f"categories: {self.categories!r} must be numbers; use kind='equal'.")
        if any(a >= b for a, b in pairwise(self.categories)):
            raise SpaceError(f"categories: {self.categories!r} must increase; use kind='equal'.")
        if self.log_scale and self.categories[0] <= 0:
            raise SpaceError(f"categories: {self.categories!r} must be above 0 on a log scale.")

    @property
    def scale(self) -> Scale:
        return "log" if self.log_scale else "linear"

    @cached_property
    def categories_int(self) -> list[float]:
        """Values on the scale."""
        return [math.log(v) if self.log_scale else float(v) for v in self.categories]

    @property
    def lower_int(self) -> float | None:
        """Lower end of the interval on the scale; None for a single value."""
        return None if len(self) == 1 else self.categories_int[0] - 0.5 * self._step

    @property
    def upper_int(self) -> float | None:
        """Upper end of the interval on the scale; None for a single value."""
        return None if len(self) == 1 else self.categories_int[-1] + 0.5 * self._step

    @property
    def _step(self) -> float:
        return (self.categories_int[-1] - self.categories_int[0]) / (len(self) - 1)

    def cast_int(self, value_int: float) -> Any:
        """Return the value nearest to a number on the scale."""
        i = bisect_left(self.categories_int, value_int)
        near = [j for j in (i - 1, i) if 0 <= j < len(self)]
        return self.categories[min(near, key=lambda j: abs(self.categories_int[j] - value_int))]

    def cast(self, value: Any) -> Any:
        number = read_number(value)
        if not self.log_scale:
            return self.cast_int(number)
        return self.cast_int(math.log(number)) if number > 0.0 else self.categories[0]

    @property
    def is_numeric(self) -> bool:
        return True

    def prior_bounds(self) -> tuple[float, float]:
        return float(self.categories[0]), float(self.categories[-1])

    def check_sampler(self, sampler: Sampler) -> None:
        if not isinstance(sampler, (Uniform, Grid)):
            raise SpaceError(f"ordinal values are drawn uniformly on their scale, not {sampler!r}.")
