"""Random points of a search space, and the ranges that they are drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from synecore.errors import SpaceError, did_you_mean
from synecore.problem import Array
from synecore.space.columns import Column, column_of
from synecore.space.domain import Domain

if TYPE_CHECKING:
    from synecore.space.search_space import SearchSpace

LEAST_BLOCK, LARGEST_BLOCK = 32, 2**16  # rows drawn at once where some are rejected
HOPELESS = 100_000  # rows after which a share of feasible ones below RARE is given up
RARE = 1e-4


def sample(space: SearchSpace, n: int, rng: np.random.Generator) -> Array:
    """See `SearchSpace.sample`."""
    if not space.constraints:
        return _draw(space, n, rng)
    return _draw_feasible(space, n, rng)


def _draw(space: SearchSpace, n: int, rng: np.random.Generator) -> Array:
    """One uniform number a parameter, row after row, whatever becomes of it: so the i-th row does
    not depend on how many are drawn at once."""
    return from_unit(space, rng.random((n, space.dimension)))


def from_unit(space: SearchSpace, U: Array) -> Array:
    """See `SearchSpace.from_unit`."""
    X = np.array(U, dtype=float)
    for j, column in enumerate(space.columns):
        active = space.active_columns.get(j)
        if active is not None:
            X[:, j] = column.encode(active.draw(X[:, j]))
        elif column.n_choices or column.quantiles is not None:
            X[:, j] = column.from_unit(X[:, j])
    return space.snap(X)


def _draw_feasible(space: SearchSpace, n: int, rng: np.random.Generator) -> Array:
    """Rejection in blocks. After the last block the generator is put where it would be had the rows
    been drawn one by one."""
    kept: list[Array] = [np.empty((0, space.dimension))]
    got = examined = 0
    while got < n:
        rate = max((got + 1) / (examined + 1), RARE)
        size = int(min(max((n - got) / rate, LEAST_BLOCK), LARGEST_BLOCK))
        before = rng.bit_generator.state
        X = _draw(space, size, rng)
        hits = np.flatnonzero(space.feasible(X))[: n - got]
        kept.append(X[hits])
        got, examined = got + len(hits), examined + size
        if got == n:
            rng.bit_generator.state = before
            rng.random((int(hits[-1]) + 1, space.dimension))
        elif examined >= HOPELESS and got < RARE * examined:
            raise SpaceError(
                f"constraints {_listed(space)}: {got} of {examined} random configurations satisfy "
                "them, too few to draw from. Narrow the domains to where they can hold, or express "
                "one parameter by another in the script."
            )
    return np.concatenate(kept)


def _listed(space: SearchSpace) -> str:
    return ", ".join(repr(getattr(c, "text", c)) for c in space.constraints)


def active_columns(space: SearchSpace, active: Mapping[str, Any]) -> dict[int, Column]:
    """Columns of the narrower domains, by the index of the column that they narrow.

    Raises:
        SpaceError: for an unknown name, or a domain that is not part of the original one.
    """
    columns = {}
    for name, narrow in active.items():
        if name not in space.column_index:
            if name in space.constants:
                continue
            raise SpaceError(
                f"active: {name!r} is not a parameter{did_you_mean(name, space.names) or '.'} "
                f"Parameters: {', '.join(space.names)}."
            )
        j = space.column_index[name]
        column = (
            column_of(name, narrow) if isinstance(narrow, Domain) else _fixed(name, narrow, space)
        )
        for value in _ends(column):
            space.columns[j].encode_one(value)
        columns[j] = column
    return columns


def _fixed(name: str, value: Any, space: SearchSpace) -> Column:
    from synecore.space.categories import Categorical

    original = space.columns[space.column_index[name]]
    return column_of(name, Categorical([original.decode_one(original.encode_one(value))]))


def _ends(column: Column) -> Sequence[Any]:
    """All values of a category, the smallest and largest of numbers."""
    listed = getattr(column, "listed", None)
    return listed if listed is not None else [column.decode_one(0.0), column.decode_one(1.0)]


def bounds_of(space: SearchSpace) -> Array:
    """See `SearchSpace.bounds`."""
    bounds = np.zeros((space.dimension, 2))
    bounds[:, 1] = np.where(space.is_categorical, space.n_choices - 1.0, 1.0)
    for j, narrow in space.active_columns.items():
        column, ends = space.columns[j], _ends(narrow)
        if len(ends) == 1:
            bounds[j] = column.encode_one(ends[0])
        else:
            cells = [column.cell(value) for value in ends]
            bounds[j] = min(low for low, _ in cells), max(high for _, high in cells)
    return bounds


def allowed_choices(space: SearchSpace) -> list[list[int] | None]:
    """For each column the indices of the categories in use, None where there is no restriction."""
    allowed: list[list[int] | None] = [None] * space.dimension
    for j, narrow in space.active_columns.items():
        if space.n_choices[j]:
            allowed[j] = sorted(int(space.columns[j].encode_one(v)) for v in _ends(narrow))
    return allowed
