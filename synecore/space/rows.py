"""Rows of positions and configurations, with parameters that depend on others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from synecore.errors import SpaceError
from synecore.problem import Array
from synecore.space.columns import ONE_BY_ONE, Column

# Indices of the columns a parameter depends on, each with the values under which it counts; None: a
# constant excludes it for good.
Parents: TypeAlias = "list[tuple[int, tuple[Any, ...]]] | None"

INACTIVE = object()  # stands for the value of a parameter that does not count
_NAN = float("nan")


class RowCoder:
    """Decodes, encodes and rounds rows.

    Few rows go value by value, many column by column, with the same results.

    Args:
        columns: of the rows.
        parents: of each column.
        order: indices of the columns, parents before their children.
        template: configuration with all keys in order, and the constants as values.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        parents: Sequence[Parents],
        order: Sequence[int],
        template: Mapping[str, Any],
    ) -> None:
        self.columns = columns
        self.parents = parents
        self.is_conditional = np.array([p is None or len(p) > 0 for p in parents])
        self._has_conditions = bool(self.is_conditional.any())
        self._order = order
        self._template = dict(template)
        self._names = [column.name for column in columns]
        self._decoders = [column.decode_one for column in columns]
        self._encoders = [column.encode_one for column in columns]
        self._coders = list(zip(self._names, self._encoders, strict=True))

    def checked(self, X: Array) -> Array:
        """Return X as an array (n, d) of floats.

        Raises:
            SpaceError: for another shape.
        """
        X = np.asarray(X, dtype=float)
        if X.ndim != 2 or X.shape[1] != len(self.columns):
            raise SpaceError(f"rows of {len(self.columns)} numbers expected, not shape {X.shape}.")
        return X

    # ---- rows

    def decode(self, X: Array) -> list[dict[str, Any]]:
        """Rows (n, d) -> configurations."""
        if len(X) <= ONE_BY_ONE:
            return [self._config(self.values_of(row)) for row in X.tolist()]
        filled = self.filled(X)
        columns = [column.decode(filled[:, j]) for j, column in enumerate(self.columns)]
        if self._has_conditions:
            active = self.active(X)
            for j in np.flatnonzero(~active.all(axis=0)):
                for i in np.flatnonzero(~active[:, j]):
                    columns[j][i] = INACTIVE
        return [self._config(values) for values in zip(*columns, strict=True)]

    def encode(self, configs: Sequence[Mapping[str, Any]]) -> Array:
        """Configurations -> rows (n, d)."""
        return self._stacked([self.encode_row(config) for config in configs])

    def snap(self, X: Array) -> Array:
        """Rows (n, d) -> those of the configurations that they decode to."""
        if len(X) <= ONE_BY_ONE:
            return self._stacked([self._snap_row(row) for row in X.tolist()])
        filled = self.filled(X)
        snapped = np.empty_like(filled)
        for j, column in enumerate(self.columns):
            snapped[:, j] = column.snap(filled[:, j])
        if self._has_conditions:
            snapped[~self.active(X)] = _NAN
        return snapped

    def active(self, X: Array) -> npt.NDArray[np.bool_]:
        """(n, d) which parameters count, given those they depend on."""
        active = np.ones(X.shape, dtype=bool)
        if not self._has_conditions:
            return active
        filled = self.filled(X)
        for j in self._order:
            parents = self.parents[j]
            if parents is None:
                active[:, j] = False
                continue
            for p, allowed in parents:
                active[:, j] &= active[:, p] & self.columns[p].matches(filled[:, p], allowed)
        return active

    def filled(self, X: Array) -> Array:
        """X with the middle of the domain for NaN in conditional columns."""
        missing = np.isnan(X)
        if not missing.any():
            return X
        filled = X.copy()
        for j in np.flatnonzero(missing.any(axis=0)):
            filled[missing[:, j], j] = self._encoders[j](self._middle(int(j)))
        return filled

    def _stacked(self, rows: list[list[float]]) -> Array:
        return np.array(rows) if rows else np.empty((0, len(self.columns)))

    # ---- one row

    def values_of(self, row: Sequence[float]) -> list[Any]:
        """Return the values of one row; INACTIVE where the parameter does not count."""
        total = sum(row)
        if total == total and not self._has_conditions:
            return [decode(x) for decode, x in zip(self._decoders, row, strict=True)]
        values: list[Any] = [INACTIVE] * len(row)
        for j in self._order:
            if self._counts(j, values):
                x = row[j]
                values[j] = self._middle(j) if x != x else self._decoders[j](x)
        return values

    def encode_row(self, config: Mapping[str, Any]) -> list[float]:
        """Return the row of one configuration.

        Raises:
            SpaceError: for a parameter that is missing or a value that is not in its domain.
        """
        if self._has_conditions:
            return self._encode_conditional(config)
        try:
            return [encode(config[name]) for name, encode in self._coders]
        except KeyError:
            raise self._missing(config, self._names) from None

    def _encode_conditional(self, config: Mapping[str, Any]) -> list[float]:
        values: list[Any] = [INACTIVE] * len(self.columns)
        row = [_NAN] * len(self.columns)
        for j in self._order:
            if not self._counts(j, values):
                continue
            name = self._names[j]
            if name not in config:
                raise self._missing(config, [name])
            row[j] = self._encoders[j](config[name])
            values[j] = self._decoders[j](row[j])
        return row

    def _snap_row(self, row: Sequence[float]) -> list[float]:
        return [
            _NAN if value is INACTIVE else encode(value)
            for encode, value in zip(self._encoders, self.values_of(row), strict=True)
        ]

    def _counts(self, j: int, values: Sequence[Any]) -> bool:
        parents = self.parents[j]
        return parents is not None and all(values[p] in allowed for p, allowed in parents)

    def _middle(self, j: int) -> Any:
        """Value for a parameter that has become active without having one."""
        if not self.is_conditional[j]:
            raise SpaceError(f"{self._names[j]}: NaN in a row, but this parameter always counts.")
        return self.columns[j].midpoint

    def _config(self, values: Sequence[Any]) -> dict[str, Any]:
        config = self._template.copy()
        if not self._has_conditions:
            for name, value in zip(self._names, values, strict=True):
                config[name] = value
            return config
        for name, value in zip(self._names, values, strict=True):
            if value is INACTIVE:
                del config[name]
            else:
                config[name] = value
        return config

    def _missing(self, config: Mapping[str, Any], names: Sequence[str]) -> SpaceError:
        absent = [name for name in names if name not in config]
        return SpaceError(
            f"configuration {dict(config)!r:.200} has no value for {', '.join(absent)}; "
            "impute fills in what is left open."
        )
