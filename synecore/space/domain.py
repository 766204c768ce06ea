"""The base of all domains: what values a parameter may take, and on which scale.

Domains do without NumPy, so that a script which only describes a space starts fast.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import cached_property
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeVar

from synecore.errors import SpaceError
from synecore.space.samplers import Grid, NormalPrior, Prior, Sampler, Scale, Uniform, WeightPrior

if TYPE_CHECKING:
    from synecore.space.columns import Column

D = TypeVar("D", bound="Domain")
Condition = Mapping[str, tuple[Any, ...]]  # parent -> its values under which a parameter is active

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
        column = self.column
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
        self.check_sampler(sampler)
        self.sampler = sampler
        self.__dict__.pop("column", None)

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
        values = self.column.draw(rng.random(size))
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
    def column(self) -> Column:
        """Encoding of this domain alone."""
        from synecore.space.columns import column_of  # imports NumPy

        return column_of("value", self)

    def check_sampler(self, sampler: Sampler) -> None:
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
            if not self.n_cells:
                raise SpaceError(
                    f"prior: the values of {self!r} cannot be weighted one by one; "
                    "give mean and sd."
                )
            if len(belief.weights) != self.n_cells:
                raise SpaceError(
                    f"prior: {len(belief.weights)} weights for {self!r}, which has "
                    f"{self.n_cells} values; give one weight a value."
                )
        elif weights is None and mean is not None and sd is not None:
            belief = NormalPrior(mean, sd)
            if not self.is_numeric:
                raise SpaceError(f"prior: {self!r} has no mean; give weights=[...], one a value.")
            low, high = self.prior_bounds()
            if not low <= belief.mean <= high:
                raise SpaceError(
                    f"prior: the mean {mean!r} is not in {self!r}; allowed are {low:g} to {high:g}."
                )
        else:
            raise SpaceError(f"prior of {self!r}: give mean and sd, or weights, and not both.")
        new.prior_belief = belief
        return new

    @property
    def is_numeric(self) -> bool:
        """Whether values can be compared with bounds."""
        return True

    @property
    def n_cells(self) -> int:
        """How many values can be listed one by one; 0: none can."""
        return 0

    def prior_bounds(self) -> tuple[float, float]:
        """Return the range in which the mean of a prior may lie."""
        raise NotImplementedError

    # ---- as objects

    def copy(self: D) -> D:
        """Return an independent copy."""
        new = copy.copy(self)
        new.__dict__.pop("column", None)
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
        return {key: value for key, value in self.__dict__.items() if key != "column"}


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


def read_number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise SpaceError(f"{value!r} is not a number") from None
