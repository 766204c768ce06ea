"""Domains: what values a parameter may take, and on which scale.

This module does without NumPy, so that a script which only describes a space starts fast.
"""

from __future__ import annotations

import copy
import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeVar

from synecore.errors import SpaceError, did_you_mean
from synecore.space.samplers import (
    Grid,
    LogUniform,
    Normal,
    NormalPrior,
    Prior,
    Quantized,
    ReverseLogUniform,
    Sampler,
    Scale,
    Uniform,
    WeightPrior,
)

if TYPE_CHECKING:
    from synecore.space.columns import Column

D = TypeVar("D", bound="Domain")
Condition = Mapping[
    str, tuple[Any, ...]
]  # parent -> values of it under which a parameter is active

MAX_INTEGER = 2**63 - 1
MAX_VALUES = 2**46  # integers on a linear scale from below 0 that a column in [0, 1] tells apart
CLOSE = 1e-9  # relative difference below which two numbers given by a user are the same


class Domain:
    """Base of all domains.

    Attributes:
        sampler: as set, None for the default one.
        condition: parent -> values under which the parameter is active; empty: always.
        prior_belief: set by `prior`.
    """

    default_sampler_cls: type[Sampler] | None = None
    fields: tuple[str, ...] = ()  # arguments of the constructor, all of them attributes

    def __init__(self) -> None:
        self.sampler: Sampler | None = None
        self.condition: Condition = {}
        self.prior_belief: Prior | None = None

    # ---- what the values are

    @property
    def value_type(self) -> type:
        """Return the type of the values: str, float, int or bool."""
        raise NotImplementedError

    @property
    def n_values(self) -> int | None:
        """Return how many values there are, None for infinitely many."""
        return None

    @property
    def domain_str(self) -> str:
        """Return the bounds or values as text."""
        raise NotImplementedError

    def cast(self, value: Any) -> Any:
        """Return `value`, which may be text, as a value of the domain's type.

        For a finite domain this can involve rounding to the nearest value.

        Raises:
            SpaceError: if it cannot be read as such.
        """
        raise NotImplementedError

    def is_valid(self, value: Any) -> bool:
        """Say whether `value` lies in the domain."""
        raise NotImplementedError

    def match_string(self, value: Any) -> str:
        """Return a text equal for values that the encoding does not tell apart; see `cast`."""
        column = self._column
        return repr(column.decode_one(column.encode_one(value)))

    # ---- how they are drawn

    def set_sampler(self, sampler: Sampler, allow_override: bool = False) -> None:
        """Set how values are drawn.

        Raises:
            SpaceError: if a sampler is set already, unless `allow_override`.
        """
        if self.sampler is not None and not allow_override:
            raise SpaceError(
                f"{self!r} has a sampler, {self.sampler!r}; allow_override=True replaces it."
            )
        self._check_sampler(sampler)
        self.sampler = sampler
        self.__dict__.pop("_column", None)

    def get_sampler(self) -> Sampler:
        """Return the sampler, by default the one of the class."""
        if self.sampler is not None:
            return self.sampler
        return Uniform() if self.default_sampler_cls is None else self.default_sampler_cls()

    def sample(self, spec: Any = None, size: int = 1, random_state: Any = None) -> Any:
        """Draw one value, or a list of them if `size` is above 1.

        Args:
            spec: ignored; there for callers that pass it to every sampler.
            size: how many.
            random_state: `numpy.random.Generator` or `RandomState`, or a seed; None for a fresh
                generator.
        """
        if isinstance(self.sampler, Grid):
            self.sampler.sample(self)
        import numpy as np  # a launcher that only describes a space does not need it

        rng = (
            random_state if hasattr(random_state, "random") else np.random.default_rng(random_state)
        )
        values = self._column.draw(rng.random(size))
        return values[0] if size == 1 else values

    def is_grid(self) -> bool:
        """Say whether the values are to be walked through."""
        return isinstance(self.sampler, Grid)

    def is_function(self) -> bool:
        """Say whether values come from a function: never so here."""
        return False

    @property
    def scale(self) -> Scale:
        """Return the scale on which the domain is uniform and encoded."""
        return self.get_sampler().scale

    @cached_property
    def _column(self) -> Column:
        from synecore.space.columns import column_of  # imports NumPy

        return column_of("value", self)

    def _check_sampler(self, sampler: Sampler) -> None:
        """Raise a SpaceError if the sampler cannot serve this domain."""

    # ---- what else may be said of them

    def when(self: D, **parents: Any) -> D:
        """Return this domain as one that counts only when other parameters have certain values.

        Several keywords must all hold. A value may be a list of values.

            {"optimizer": choice(["sgd", "adam"]), "momentum": uniform(0, 1).when(optimizer="sgd")}
        """
        if not parents:
            raise SpaceError(
                "when(): name a parameter and its values, as in when(optimizer='sgd')."
            )
        new = self.copy()
        new.condition = {**self.condition, **{k: _as_values(k, v) for k, v in parents.items()}}
        return new

    def prior(
        self: D,
        *,
        mean: float | None = None,
        sd: float | None = None,
        weights: Sequence[float] | None = None,
    ) -> D:
        """Return this domain with a belief about where good values lie.

        Numbers take `mean`, a value, and `sd`, in units of the scale (see `NormalPrior`); finite
        domains take `weights`, one a value.
        """
        new = self.copy()
        belief: Prior
        if weights is not None and mean is None and sd is None:
            belief = WeightPrior(weights)
            if not self._n_cells:
                raise SpaceError(
                    f"prior: the values of {self!r} cannot be weighted one by one; "
                    "give mean and sd."
                )
            if len(belief.weights) != self._n_cells:
                raise SpaceError(
                    f"prior: {len(belief.weights)} weights for {self!r}, which has "
                    f"{self._n_cells} values; give one weight a value."
                )
        elif weights is None and mean is not None and sd is not None:
            belief = NormalPrior(mean, sd)
            if not self._is_numeric:
                raise SpaceError(f"prior: {self!r} has no mean; give weights=[...], one a value.")
            low, high = self._prior_bounds()
            if not low <= belief.mean <= high:
                raise SpaceError(
                    f"prior: the mean {mean!r} is not in {self!r}; allowed are {low:g} to {high:g}."
                )
        else:
            raise SpaceError(f"prior of {self!r}: give mean and sd, or weights, and not both.")
        new.prior_belief = belief
        return new

    @property
    def _is_numeric(self) -> bool:
        return True

    @property
    def _n_cells(self) -> int:
        """How many values can be listed one by one; 0: none can."""
        return 0

    def _prior_bounds(self) -> tuple[float, float]:
        raise NotImplementedError

    # ---- as objects

    def copy(self: D) -> D:
        """Return an independent copy."""
        new = copy.copy(self)
        new.__dict__.pop("_column", None)
        return new

    def _state(self) -> tuple[Any, ...]:
        return (
            *(getattr(self, name) for name in self.fields),
            self.get_sampler(),
            dict(self.condition),
            self.prior_belief,
        )

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._state() == self._state()

    __hash__ = None  # type: ignore[assignment]  # a sampler can be set later

    def __repr__(self) -> str:
        from synecore.space.text import format_domain  # text knows every domain

        return format_domain(self)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_column"}


def _as_values(parent: str, values: Any) -> tuple[Any, ...]:
    several = values if isinstance(values, (list, tuple, set, frozenset, range)) else [values]
    if not several:
        raise SpaceError(f"when({parent}=...): an empty list; the parameter could never be active.")
    return tuple(several)


def real(value: Any) -> float:
    """Return a number as a float.

    Raises:
        SpaceError: for anything else, text and bool included.
    """
    if type(value) is float:
        return value
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value)
    raise SpaceError(f"{value!r} is not a number")


def whole(value: Any) -> int:
    """Return an integer, also one that is written as a float such as 3.0.

    Raises:
        SpaceError: for anything else.
    """
    if type(value) is int:
        return value
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    number = real(value)
    if not number.is_integer():
        raise SpaceError(f"{value!r} is not an integer")
    return int(number)


def _read_number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise SpaceError(f"{value!r} is not a number") from None


class Float(Domain):
    """Real number in the closed interval [lower, upper]."""

    default_sampler_cls = Uniform
    fields = ("lower", "upper")

    def __init__(self, lower: float, upper: float) -> None:
        super().__init__()
        self.lower = _bound("lower", lower)
        self.upper = _bound("upper", upper)
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
        return _read_number(value)

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

    def _prior_bounds(self) -> tuple[float, float]:
        return self.effective_bounds()

    @property
    def _n_cells(self) -> int:
        return 0

    def _check_sampler(self, sampler: Sampler) -> None:
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


def _bound(name: str, value: Any) -> float:
    number = _read_number(value) if isinstance(value, str) else _as_real(name, value)
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
        self.lower = _integer("lower", lower)
        self.upper = _integer("upper", upper)
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
        return self._with(Quantized(self.get_sampler(), _integer("q", q)))

    def _with(self, sampler: Sampler) -> Integer:
        new = self.copy()
        new.set_sampler(sampler, allow_override=True)
        return new

    def cast(self, value: Any) -> int:
        return _read_integer(value)

    def is_valid(self, value: Any) -> bool:
        try:
            number = whole(value)
        except SpaceError:
            return False
        q = quantum_of(self.get_sampler())
        return self.lower <= number <= self.upper and (q is None or number % int(q) == 0)

    def _prior_bounds(self) -> tuple[float, float]:
        return float(self.lower), float(self.upper)

    @property
    def _n_cells(self) -> int:
        plain = quantum_of(self.get_sampler()) is None
        count = self.upper - self.lower + 1
        return count if plain and count <= 2**16 else 0

    def _check_sampler(self, sampler: Sampler) -> None:
        quantum = quantum_of(sampler)
        if isinstance(sampler, Grid):
            raise SpaceError("integers are no grid of their own; use finrange or ordinal.")
        if sampler.scale == "reverse-log":
            raise SpaceError("a reverse log scale is for real numbers below 1.")
        if sampler.scale == "log" and self.lower < 1:
            raise SpaceError(f"lower {self.lower!r} must be at least 1 on a log scale.")
        if quantum is not None:
            check_multiples(self.lower, self.upper, quantum)


def _integer(name: str, value: Any) -> int:
    try:
        return whole(value)
    except SpaceError:
        raise SpaceError(f"{name}: {value!r} is not an integer.") from None


def _read_integer(value: Any) -> int:
    try:
        return int(value) if isinstance(value, str) else whole(round(value))
    except ValueError:
        return round(_read_number(value))
    except TypeError:
        raise SpaceError(f"{value!r} is not a number") from None


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
            number = _read_number(value)
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
    def _is_numeric(self) -> bool:
        return False

    @property
    def _n_cells(self) -> int:
        return len(self.categories)

    def _check_sampler(self, sampler: Sampler) -> None:
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
    def _is_numeric(self) -> bool:
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
        number = _read_number(value)
        if not self.log_scale:
            return self.cast_int(number)
        return self.cast_int(math.log(number)) if number > 0.0 else self.categories[0]

    @property
    def _is_numeric(self) -> bool:
        return True

    def _prior_bounds(self) -> tuple[float, float]:
        return float(self.categories[0]), float(self.categories[-1])

    def _check_sampler(self, sampler: Sampler) -> None:
        if not isinstance(sampler, (Uniform, Grid)):
            raise SpaceError(f"ordinal values are drawn uniformly on their scale, not {sampler!r}.")


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
        self.size = _integer("size", size)
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
        number = _read_number(value)
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
    def _n_cells(self) -> int:
        return self.size

    def _prior_bounds(self) -> tuple[float, float]:
        return self.lower, self.upper

    def _check_sampler(self, sampler: Sampler) -> None:
        if not isinstance(sampler, (Uniform, Grid)):
            raise SpaceError(f"a finite range is drawn uniformly on its scale, not {sampler!r}.")


def _finite_bound(name: str, value: Any) -> float:
    number = _bound(name, value)
    if not math.isfinite(number):
        raise SpaceError(f"{name}: {value!r} must be finite.")
    return number
