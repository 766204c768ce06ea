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
from synecore.space.columns import ONE_BY_ONE, Column, column_of
from synecore.space.conditions import canonical_condition, check_conditions
from synecore.space.constraints import RESERVED, ConfigSpace, Predicate, constraints_of, like
from synecore.space.domains import Domain
from synecore.space.expressions import Expression, Kind, kind_of
from synecore.space.features import FeatureMap
from synecore.space.restriction import restrict_domain

_INACTIVE = object()
_NAN = float("nan")


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
        self._index = {name: j for j, name in enumerate(self.names)}
        self._order = [self._index[name] for name in order]
        self._read_conditions(domains)
        self._check_constraints()
        self.active_space: Mapping[str, Any] = dict(active or {})
        self._active = drawing.active_columns(self, self.active_space)
        self._template = dict(items)
        self._decoders = [column.decode_one for column in self.columns]
        self._encoders = [column.encode_one for column in self.columns]
        self._coders = list(zip(self.names, self._encoders, strict=True))
        self._feature_map = FeatureMap(self.columns)

    def _read_conditions(self, domains: Mapping[str, Domain]) -> None:
        """Per column its parents and their values; None: constants exclude it for good."""
        self._parents: list[list[tuple[int, tuple[Any, ...]]] | None] = []
        for name in self.names:
            parents: list[tuple[int, tuple[Any, ...]]] | None = []
            for parent, values in canonical_condition(domains[name], domains).items():
                if parent in self._index:
                    if parents is not None:
                        parents.append((self._index[parent], values))
                elif self.constants[parent] not in values:
                    parents = None
            self._parents.append(parents)
        self.is_conditional = np.array([p is None or len(p) > 0 for p in self._parents])
        self._has_conditions = bool(self.is_conditional.any())

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
        X = self._checked(X)
        if len(X) <= ONE_BY_ONE:
            return [self._config(self._decode_row(row)) for row in X.tolist()]
        filled = self._filled(X)
        columns = [column.decode(filled[:, j]) for j, column in enumerate(self.columns)]
        if self._has_conditions:
            active = self.active(X)
            for j in np.flatnonzero(~active.all(axis=0)):
                for i in np.flatnonzero(~active[:, j]):
                    columns[j][i] = _INACTIVE
        return [self._config(values) for values in zip(*columns, strict=True)]

    def encode(self, configs: Sequence[Mapping[str, Any]]) -> Array:
        """Configurations -> rows. Constants and inactive parameters in them are ignored.

        Raises:
            SpaceError: for a parameter that is missing or a value that is not in its domain.
        """
        if not len(configs):
            return np.empty((0, self.dimension))
        return np.array([self._encode_row(config) for config in configs])

    def snap(self, X: Array) -> Array:
        """Round rows to configurations: encode after decode. NaN where inactive."""
        X = self._checked(X)
        if len(X) <= ONE_BY_ONE:
            return self._stacked([self._snap_row(row) for row in X.tolist()])
        filled = self._filled(X)
        snapped = np.empty_like(filled)
        for j, column in enumerate(self.columns):
            snapped[:, j] = column.snap(filled[:, j])
        if self._has_conditions:
            snapped[~self.active(X)] = _NAN
        return snapped

    def _stacked(self, rows: list[list[float]]) -> Array:
        return np.array(rows) if rows else np.empty((0, self.dimension))

    def _decode_row(self, row: Sequence[float]) -> list[Any]:
        """Values of one row; `_INACTIVE` where the parameter does not count."""
        total = sum(row)
        if total == total and not self._has_conditions:
            return [decode(x) for decode, x in zip(self._decoders, row, strict=True)]
        values: list[Any] = [_INACTIVE] * len(row)
        for j in self._order:
            if self._counts(j, values):
                x = row[j]
                values[j] = self._middle(j) if x != x else self._decoders[j](x)
        return values

    def _counts(self, j: int, values: Sequence[Any]) -> bool:
        parents = self._parents[j]
        return parents is not None and all(values[p] in allowed for p, allowed in parents)

    def _middle(self, j: int) -> Any:
        """Value for a parameter that has become active without having one."""
        if not self.is_conditional[j]:
            raise SpaceError(f"{self.names[j]}: NaN in a row, but this parameter always counts.")
        return self.columns[j].midpoint

    def _config(self, values: Sequence[Any]) -> dict[str, Any]:
        config = self._template.copy()
        if not self._has_conditions:
            for name, value in zip(self.names, values, strict=True):
                config[name] = value
            return config
        for name, value in zip(self.names, values, strict=True):
            if value is _INACTIVE:
                del config[name]
            else:
                config[name] = value
        return config

    def _encode_row(self, config: Mapping[str, Any]) -> list[float]:
        if self._has_conditions:
            return self._encode_conditional(config)
        try:
            return [encode(config[name]) for name, encode in self._coders]
        except KeyError:
            raise self._missing(config, self.names) from None

    def _encode_conditional(self, config: Mapping[str, Any]) -> list[float]:
        values: list[Any] = [_INACTIVE] * self.dimension
        row = [_NAN] * self.dimension
        for j in self._order:
            if not self._counts(j, values):
                continue
            name = self.names[j]
            if name not in config:
                raise self._missing(config, [name])
            row[j] = self._encoders[j](config[name])
            values[j] = self._decoders[j](row[j])
        return row

    def _missing(self, config: Mapping[str, Any], names: Sequence[str]) -> SpaceError:
        absent = [name for name in names if name not in config]
        return SpaceError(
            f"configuration {dict(config)!r:.200} has no value for {', '.join(absent)}; "
            "impute fills in what is left open."
        )

    def _snap_row(self, row: Sequence[float]) -> list[float]:
        return [
            _NAN if value is _INACTIVE else encode(value)
            for encode, value in zip(self._encoders, self._decode_row(row), strict=True)
        ]

    def _checked(self, X: Array) -> Array:
        X = np.asarray(X, dtype=float)
        if X.ndim != 2 or X.shape[1] != self.dimension:
            raise SpaceError(f"rows of {self.dimension} numbers expected, not shape {X.shape}.")
        return X

    def _filled(self, X: Array) -> Array:
        """X with the middle for NaN in conditional columns."""
        missing = np.isnan(X)
        if not missing.any():
            return X
        filled = X.copy()
        for j in np.flatnonzero(missing.any(axis=0)):
            filled[missing[:, j], j] = self._encoders[j](self._middle(int(j)))
        return filled

    # ---- conditions and constraints

    def active(self, X: Array) -> npt.NDArray[np.bool_]:
        """(n, d) which parameters count, given those they depend on."""
        X = self._checked(X)
        active = np.ones(X.shape, dtype=bool)
        if not self._has_conditions:
            return active
        filled = self._filled(X)
        for j in self._order:
            parents = self._parents[j]
            if parents is None:
                active[:, j] = False
                continue
            for p, allowed in parents:
                active[:, j] &= active[:, p] & self.columns[p].matches(filled[:, p], allowed)
        return active

    def feasible(self, X: Array) -> npt.NDArray[np.bool_]:
        """(n,) which rows satisfy the constraints between parameters.

        An expression holds where a parameter that it mentions is inactive.
        """
        X = self._checked(X)
        feasible = np.ones(len(X), dtype=bool)
        if not self.constraints:
            return feasible
        filled, active = self._filled(X), self.active(X)
        decoded: dict[str, Any] = dict(self.constants)
        predicates = [c for c in self.constraints if isinstance(c, Predicate)]
        for constraint in self.constraints:
            if isinstance(constraint, Predicate):
                continue
            mentioned = [self._index[name] for name in constraint.names if name in self._index]
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
        return self._feature_map.features(self._checked(X))

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
            row = self._encode_row(config)
        except SpaceError:
            return False
        return not self.constraints or bool(self.feasible(np.array([row]))[0])

    def match_string(self, config: Mapping[str, Any]) -> str:
        """Return a text that is equal for equal configurations, without inactive parameters."""
        values = self._decode_row(self._encode_row(config))
        pairs = zip(self.names, values, strict=True)
        return ",".join(f"{name}:{value!r}" for name, value in pairs if value is not _INACTIVE)

    # ---- other spaces

    def restrict(self, bounds: Mapping[str, Any], *, keep_encoding: bool = False) -> SearchSpace:
        """Return a narrower space.

        Args:
            bounds: name -> (lower, upper) for numbers, a list of values for categories.
            keep_encoding: encode as this space does, and only draw from the narrower ranges.
        """
        narrow = {}
        for name, limits in bounds.items():
            if name not in self._index:
                raise SpaceError(
                    f"restrict: {name!r} is not a parameter{did_you_mean(name, self.names) or '.'} "
                    f"Parameters: {', '.join(self.names)}."
                )
            narrow[name] = _narrowed(name, self.columns[self._index[name]].domain, limits)
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
        if isinstance(limits, tuple) and domain._is_numeric:
            return restrict_domain(domain, *limits)
        return restrict_domain(domain, values=limits)
    except SpaceError as error:
        raise SpaceError(f"{name}: {error}") from None
    except TypeError:
        raise SpaceError(
            f"{name}: {limits!r} is not a restriction; give (lower, upper), or a list of values."
        ) from None
