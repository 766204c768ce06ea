"""Start points: complete what a user left open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from synecore.errors import SpaceError, did_you_mean
from synecore.problem import Array

if TYPE_CHECKING:
    from synecore.space.search_space import SearchSpace

TRIES = 2048  # random completions among which the nearest feasible one is looked for
ROUNDS = 8


def impute(space: SearchSpace, points: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """See `SearchSpace.impute`."""
    found: dict[bytes, dict[str, Any]] = {}
    for i, point in enumerate([{}] if points is None else points):
        try:
            config = complete(space, point)
        except SpaceError as error:
            raise SpaceError(f"points_to_evaluate[{i}]: {error}") from None
        found.setdefault(space.encode([config]).tobytes(), config)
    return list(found.values())


def complete(space: SearchSpace, point: Mapping[str, Any]) -> dict[str, Any]:
    """Return the point with the middle of each domain for what it leaves open.

    Where that violates a constraint, what is open takes the nearest values that do not.

    Raises:
        SpaceError: for what is wrong with the point.
    """
    given = _check(space, point)
    row = _filled_row(space, given)
    if space.constraints and not space.feasible(row)[0]:
        row = _nearest_feasible(space, row, given)
    config = space.decode(row)[0]
    for name in given:
        if name not in config:
            raise _inactive(space, name, given[name], config)
    return config


def _check(space: SearchSpace, point: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a point in canonical form."""
    if not isinstance(point, Mapping):
        raise SpaceError(f"{point!r} is not a configuration; write one as {{'lr': 0.1}}.")
    given = {}
    for name, value in point.items():
        if name in space.column_index:
            column = space.columns[space.column_index[name]]
            given[name] = column.decode_one(column.encode_one(value))
        elif name not in space.constants:
            known = [*space.names, *space.constants]
            raise SpaceError(
                f"{name!r} is not in the configuration space"
                f"{did_you_mean(str(name), known) or '.'} Known: {', '.join(known)}."
            )
        elif space.constants[name] != value:
            raise SpaceError(
                f"{name}: {value!r} is not the constant {space.constants[name]!r} of the "
                "configuration space; leave it out."
            )
    return given


def _filled_row(space: SearchSpace, given: Mapping[str, Any]) -> Array:
    row = [column.encode_one(given.get(column.name, column.midpoint)) for column in space.columns]
    return space.snap(np.array([row]))


def _nearest_feasible(space: SearchSpace, middle: Array, given: Mapping[str, Any]) -> Array:
    """The feasible completion with the least distance, from random ones of a fixed seed."""
    rng = np.random.default_rng(0)
    free = [j for j, name in enumerate(space.names) if name not in given]
    target = space.features(middle)
    for _ in range(ROUNDS if free else 0):
        X = np.repeat(_filled_row(space, given), TRIES, axis=0)
        U = rng.random((TRIES, space.dimension))
        for j in free:
            X[:, j] = space.columns[j].from_unit(np.ascontiguousarray(U[:, j]))
        X = space.snap(_reopened(space, X, given))
        X = X[space.feasible(X)]
        if len(X):
            distance = ((space.features(X) - target) ** 2).sum(axis=1)
            return X[[int(np.argmin(distance))]]
    listed = ", ".join(repr(getattr(c, "text", c)) for c in space.constraints)
    if not free:
        raise SpaceError(f"{dict(given)!r} violates a constraint; there are {listed}.")
    raise SpaceError(
        f"{dict(given)!r}: no values found for the other parameters that satisfy the constraints "
        f"{listed}; give a complete configuration."
    )


def _reopened(space: SearchSpace, X: Array, given: Mapping[str, Any]) -> Array:
    """X with the values given also where the first row did not have them active."""
    for name, value in given.items():
        j = space.column_index[name]
        X[:, j] = space.columns[j].encode_one(value)
    return X


def _inactive(space: SearchSpace, name: str, value: Any, config: Mapping[str, Any]) -> SpaceError:
    condition = space.columns[space.column_index[name]].domain.condition
    needs = " and ".join(
        f"{parent} = {' or '.join(map(repr, values))}" for parent, values in condition.items()
    )
    has = (
        ", ".join(f"{p} = {config[p]!r}" for p in condition if p in config) or "it is inactive too"
    )
    return SpaceError(
        f"{name}: {value!r} is given, but this parameter counts only for {needs}, and here {has}."
    )
