"""The search space: parameters as columns of an array, with conditions and constraints.

X is (n, d): a row a configuration, a column a parameter. See `synecore.problem.SearchSpace` for
what the columns hold. Whatever takes X also takes points between configurations; `snap` rounds
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from synecore.errors import SpaceError, did_you_mean
from synecore.problem import Array
from synecore.space import counting, drawing, serial, starting
from synecore.space.columns import Column, column_of
from synecore.space.conditions import canonical_condition, check_conditions
from synecore.space.constraints import RESERVED, ConfigSpace, Predicate, constraints_of, like
from synecore.space.domain import Domain
from synecore.space.expressions import Expression, Kind, kind_of
from synecore.space.features import FeatureMap
from synecore.space.restriction import restrict_domain
from synecore.space.rows import INACTIVE, Parents, RowCoder


class SearchSpace:
    """Vectorised view of a configuration space.

    Args:
        config_space: names to domains and constants, as users write it; may carry constraints.
        active: narrower domains, or values, for some of the parameters. New points are drawn within
            them and `bounds` tells them; the encoding stays that of `config_space`.
        first: parameters whose columns come first, in this order.
        last: the parameter whose column comes last.

    Attributes:
        config_space: a copy, without the key "$constraints".
        constraints: between parameters.
        names: parameters, in the order of the columns.
        columns: one a parameter.
        column_index: name -> index of its column.
        active_columns: index -> column of the narrower domain, see `active`.
        constants: what is no parameter.

    Raises:
        SpaceError: for anything wrong with the space.
    """

    def __init__(
        self,
        config_space: Mapping[str, Any],
        *,
        active: Mapping[str, Any] | None = None,
        first: Sequence[str] = (),
        last: str | None = None,
    ) -> None:
        self.constraints = constraints_of(config_space)
        items = {name: value for name, value in config_space.items() if name != RESERVED}
        self.config_space: dict[str, Any] = (
            ConfigSpace(items, *self.constraints) if self.constraints else items
        )
        domains = {name: v for name, v in items.items() if isinstance(v, Domain)}
        self.constants: Mapping[str, Any] = {n: v for n, v in items.items() if n not in domains}
        _check_names(items, domains)
        order = check_conditions(domains, self.constants)
        self.names: tuple[str, ...] = _ordered(domains, first, last)
        self.columns: tuple[Column, ...] = tuple(column_of(n, domains[n]) for n in self.names)
        self.is_categorical = np.array([c.n_choices > 0 for c in self.columns])
        self.n_choices = np.array([c.n_choices for c in self.columns], dtype=np.int64)
        self._first, self._last = tuple(first), last
        self.column_index = {name: j for j, name in enumerate(self.names)}
        self._coder = RowCoder(
            self.columns,
            [self._parents_of(domains[name], domains) for name in self.names],
            [self.column_index[name] for name in order],
            items,
        )
        self._check_constraints()
        self.active_space: Mapping[str, Any] = dict(active or {})
        self.active_columns = drawing.active_columns(self, self.active_space)
        self._feature_map = FeatureMap(self.columns)

    def _parents_of(self, domain: Domain, domains: Mapping[str, Domain]) -> Parents:
        parents: list[tuple[int, tuple[Any, ...]]] = []
        for parent, values in canonical_condition(domain, domains).items():
            if parent in self.column_index:
                parents.append((self.column_index[parent], values))
            elif self.constants[parent] not in values:
                return None
        return parents

    def _check_constraints(self) -> None:
        kinds: dict[str, Kind] = {n: kind_of(v) for n, v in self.constants.items()}
        for column in self.columns:
            value_type = column.domain.value_type
            kinds[column.name] = (
                "text" if value_type is str else "truth" if value_type is bool else "number"
            )
        for constraint in self.constraints:
            if isinstance(constraint, Expression):
                constraint.check(kinds)

    # ---- what it is

    @property
    def dimension(self) -> int:
        """Number of parameters, d."""
        return len(self.names)

    @cached_property
    def size(self) -> int | None:
        """Number of configurations; None where infinite, or too many to be counted."""
        return counting.size_of(self)

    def points(self) -> Array:
        """Return all configurations of a finite space as rows (size, d).

        Raises:
            SpaceError: if there are infinitely many, or more than 2**20.
        """
        return counting.all_points(self)

    @cached_property
    def bounds(self) -> Array:
        """Range of each column within which new points lie, (d, 2); narrower with `active`."""
        return drawing.bounds_of(self)

    # ---- decoding and encoding

    def decode(self, X: Array) -> list[dict[str, Any]]:
        """Rows -> configurations, constants included, inactive parameters left out."""
        return self._coder.decode(self._coder.checked(X))

    def encode(self, configs: Sequence[Mapping[str, Any]]) -> Array:
        """Configurations -> rows. Constants and inactive parameters in them are ignored.

        Raises:
            SpaceError: for a parameter that is missing or a value that is not in its domain.
        """
        return self._coder.encode(configs)

    def snap(self, X: Array) -> Array:
        """Round rows to configurations: encode after decode. NaN where inactive."""
        return self._coder.snap(self._coder.checked(X))

    # ---- conditions and constraints

    @property
    def is_conditional(self) -> npt.NDArray[np.bool_]:
        """(d,) which parameters depend on others."""
        return self._coder.is_conditional

    @property
    def parents(self) -> Sequence[Parents]:
        """Of each column, the columns it depends on and their values; None: never active."""
        return self._coder.parents

    def active(self, X: Array) -> npt.NDArray[np.bool_]:
        """(n, d) which parameters count, given those they depend on."""
        return self._coder.active(self._coder.checked(X))

    def feasible(self, X: Array) -> npt.NDArray[np.bool_]:
        """(n,) which rows satisfy the constraints between parameters.

        An expression holds where a parameter that it mentions is inactive.
        """
        X = self._coder.checked(X)
        feasible = np.ones(len(X), dtype=bool)
        if not self.constraints:
            return feasible
        filled, active = self._coder.filled(X), self._coder.active(X)
        decoded: dict[str, Any] = dict(self.constants)
        predicates = [c for c in self.constraints if isinstance(c, Predicate)]
        for constraint in self.constraints:
            if isinstance(constraint, Predicate):
                continue
            mentioned = [
                self.column_index[name] for name in constraint.names if name in self.column_index
            ]
            for j in mentioned:
                if self.names[j] not in decoded:
                    decoded[self.names[j]] = self.columns[j].values(filled[:, j])
            feasible &= constraint(decoded) | ~active[:, mentioned].all(axis=1)
        if predicates:
            rows = np.flatnonzero(feasible)
            for i, config in zip(rows, self.decode(X[rows]), strict=True):
                feasible[i] = all(predicate(config) for predicate in predicates)
        return feasible

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Draw n configurations (n, d) from the distributions of the domains, snapped.

        Row after row: one call for n rows gives the same as n calls for one.

        Raises:
            SpaceError: if hardly any configuration satisfies the constraints.
        """
        return drawing.sample(self, n, rng)

    def from_unit(self, U: Array) -> Array:
        """Points (n, d) of the unit cube [0, 1)^d -> configurations (n, d), snapped.

        Uniform points give configurations distributed as `sample` draws them, but for constraints:
        see `feasible`.
        """
        return drawing.from_unit(self, U)

    # ---- features

    @property
    def feature_ranges(self) -> Mapping[str, tuple[int, int]]:
        """Name -> first dimension, and the one after the last, of the parameter's features."""
        return self._feature_map.ranges

    @property
    def n_features(self) -> int:
        """Number of dimensions of the features, p."""
        return self._feature_map.size

    @cached_property
    def feature_bounds(self) -> Array:
        """Range of each feature within which new points lie, (p, 2); narrower with `active`."""
        return self._feature_map.bounds(self.bounds, drawing.allowed_choices(self))

    def features(self, X: Array) -> Array:
        """(n, p) in the unit cube, categorical columns one-hot, for models that need numbers."""
        return self._feature_map.features(self._coder.checked(X))

    def from_features(self, F: Array) -> Array:
        """(n, p) -> (n, d), rounded to the nearest configuration."""
        F = np.asarray(F, dtype=float)
        if F.ndim != 2 or F.shape[1] != self.n_features:
            raise SpaceError(f"rows of {self.n_features} features expected, not shape {F.shape}.")
        return self.snap(self._feature_map.positions(F))

    # ---- single configurations

    def midpoint(self) -> dict[str, Any]:
        """Return the configuration in the middle: of the scale for numbers, the first category.

        Where constraints forbid it, the nearest one that they allow.
        """
        return starting.complete(self, {})

    def impute(self, points: Sequence[Mapping[str, Any]] | None = None) -> list[dict[str, Any]]:
        """Fill in what points leave open, by the middle of each domain; drop repeated ones.

        Args:
            points: as given by a user, possibly partial. None: one point, of middles; []: none.

        Raises:
            SpaceError: for unknown names, values outside of their domain or violated constraints.
        """
        return starting.impute(self, points)

    def contains(self, config: Mapping[str, Any]) -> bool:
        """Say whether a configuration, constants aside, lies in this space."""
        try:
            row = self._coder.encode_row(config)
        except SpaceError:
            return False
        return not self.constraints or bool(self.feasible(np.array([row]))[0])

    def match_string(self, config: Mapping[str, Any]) -> str:
        """Return a text that is equal for equal configurations, without inactive parameters."""
        values = self._coder.values_of(self._coder.encode_row(config))
        pairs = zip(self.names, values, strict=True)
        return ",".join(f"{name}:{value!r}" for name, value in pairs if value is not INACTIVE)

    # ---- other spaces

    def restrict(self, bounds: Mapping[str, Any], *, keep_encoding: bool = False) -> SearchSpace:
        """Return a narrower space.

        Args:
            bounds: name -> (lower, upper) for numbers, a list of values for categories.
            keep_encoding: encode as this space does, and only draw from the narrower ranges.
        """
        narrow = {}
        for name, limits in bounds.items():
            if name not in self.column_index:
                raise SpaceError(
                    f"restrict: {name!r} is not a parameter{did_you_mean(name, self.names) or '.'} "
                    f"Parameters: {', '.join(self.names)}."
                )
            narrow[name] = _narrowed(name, self.columns[self.column_index[name]].domain, limits)
        if keep_encoding:
            active = {**self.active_space, **narrow}
            return SearchSpace(self.config_space, active=active, first=self._first, last=self._last)
        items = like(self.config_space, {**self.config_space, **narrow})
        return SearchSpace(items, first=self._first, last=self._last)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        data: dict[str, Any] = {"config_space": serial.config_space_to_json_dict(self.config_space)}
        if self.active_space:
            data["active"] = serial.config_space_to_json_dict(self.active_space)
        if self._first:
            data["first"] = list(self._first)
        if self._last is not None:
            data["last"] = self._last
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SearchSpace:
        """Return the space that `to_json` wrote."""
        active = data.get("active")
        return cls(
            serial.config_space_from_json_dict(data["config_space"]),
            active=None if active is None else serial.config_space_from_json_dict(active),
            first=data.get("first", ()),
            last=data.get("last"),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SearchSpace) and other.to_json() == self.to_json()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"SearchSpace({self.config_space!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        state = (self.config_space, self.active_space, self._first, self._last)
        return _rebuilt, state


def _rebuilt(
    config_space: Mapping[str, Any],
    active: Mapping[str, Any],
    first: Sequence[str],
    last: str | None,
) -> SearchSpace:
    return SearchSpace(config_space, active=active, first=first, last=last)


def _check_names(items: Mapping[str, Any], domains: Mapping[str, Domain]) -> None:
    for name, value in items.items():
        if not isinstance(name, str) or not name or name.startswith("$"):
            raise SpaceError(f"config_space: {name!r} cannot be the name of a parameter.")
        if callable(value) and not isinstance(value, Domain):
            raise SpaceError(
                f"{name}: {value!r} is a function, neither a domain nor a constant; call it, as in "
                "uniform(0, 1)."
            )
    if not domains:
        raise SpaceError(
            "config_space: no parameter to tune; give at least one a domain, as in "
            '{"lr": loguniform(1e-4, 1)}.'
        )


def _ordered(
    domains: Mapping[str, Domain], first: Sequence[str], last: str | None
) -> tuple[str, ...]:
    for name in (*first, *([] if last is None else [last])):
        if name not in domains:
            raise SpaceError(
                f"{name!r} is not a parameter{did_you_mean(name, domains) or '.'} "
                f"Parameters: {', '.join(domains)}."
            )
    head = [name for name in dict.fromkeys(first) if name != last]
    middle = [name for name in domains if name not in head and name != last]
    return (*head, *middle, *([] if last is None else [last]))


def _narrowed(name: str, domain: Domain, limits: Any) -> Domain:
    if isinstance(limits, Domain):
        return limits
    try:
        if isinstance(limits, tuple) and domain.is_numeric:
            return restrict_domain(domain, *limits)
        return restrict_domain(domain, values=limits)
    except SpaceError as error:
        raise SpaceError(f"{name}: {error}") from None
    except TypeError:
        raise SpaceError(
            f"{name}: {limits!r} is not a restriction; give (lower, upper), or a list of values."
        ) from None
