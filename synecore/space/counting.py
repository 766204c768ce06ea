"""How many configurations a space has, and all of them where they are few."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from synecore.errors import SpaceError
from synecore.problem import Array
from synecore.space.columns import Column
from synecore.space.constraints import Predicate

if TYPE_CHECKING:
    from synecore.space.search_space import SearchSpace

MOST = 2**20  # configurations that are listed, or counted one by one
MOST_CALLS = 2**16  # the same where a Python function is called for each


def config_space_size(config_space: Mapping[str, Any], upper_limit: int = MOST) -> int | None:
    """Return the number of different configurations; None if infinite, or above `upper_limit`."""
    from synecore.space.domain import Domain
    from synecore.space.search_space import SearchSpace

    if not any(isinstance(domain, Domain) for domain in config_space.values()):
        return 1
    size = SearchSpace(config_space).size
    return size if size is not None and size <= upper_limit else None


def size_of(space: SearchSpace) -> int | None:
    """See `SearchSpace.size`."""
    counts = [column.n_values for column in space.columns]
    finite = [count for count in counts if count is not None]
    if len(finite) < len(counts):
        return None
    if not space.constraints:
        return (
            _count_assignments(space, finite) if space.is_conditional.any() else math.prod(finite)
        )
    most = MOST_CALLS if any(isinstance(c, Predicate) for c in space.constraints) else MOST
    return len(all_points(space)) if math.prod(finite) <= most else None


def _count_assignments(space: SearchSpace, counts: list[int]) -> int | None:
    """Sum over the values of the parents of the product over all else that is then active."""
    parents = {p for listed in space.parents if listed for p, _ in listed}
    parents = {j for j in range(space.dimension) if j in parents}
    if math.prod(counts[j] for j in parents) > MOST:
        return None
    X = _grid(space, sorted(parents))
    rows = space.active(X)
    X[~rows] = np.nan
    _, unique = np.unique(_keys(X), return_index=True, axis=0)
    others = [j for j in range(space.dimension) if j not in parents]
    return sum(math.prod(counts[j] for j in others if row[j]) for row in rows[unique].tolist())


def all_points(space: SearchSpace) -> Array:
    """See `SearchSpace.points`."""
    counts = [column.n_values for column in space.columns]
    finite = [count for count in counts if count is not None]
    if len(finite) < len(counts) or math.prod(finite) > MOST:
        raise SpaceError("this space has infinitely many configurations, or more than 2**20.")
    X = space.snap(_grid(space, range(space.dimension)))
    if space.is_conditional.any():
        _, unique = np.unique(_keys(X), return_index=True, axis=0)
        X = X[np.sort(unique)]
    return X[space.feasible(X)]


def _keys(X: Array) -> Array:
    return np.where(np.isnan(X), -1.0, X)  # NaN differs from NaN


def _grid(space: SearchSpace, varied: Any) -> Array:
    """Every combination of the values of some columns, the last one fastest; the others fixed."""
    chosen = set(varied)
    axes = [
        _positions(column) if j in chosen else [column.encode_one(column.midpoint)]
        for j, column in enumerate(space.columns)
    ]
    return np.array(list(itertools.product(*axes)))


def _positions(column: Column) -> list[float]:
    """Positions of all values of a finite column, in order."""
    listed = getattr(column, "listed", None)
    if listed is None:
        listed = _multiples(column)
    return [column.encode_one(value) for value in dict.fromkeys(listed)]


def _multiples(column: Column) -> list[Any]:
    from synecore.space.ranges import Float, Integer, multiples, quantum_of

    domain = column.domain
    assert isinstance(domain, (Float, Integer))
    q = quantum_of(domain.get_sampler())
    if isinstance(domain, Integer):
        step = 1 if q is None else int(q)
        return [k for k in range(domain.lower, domain.upper + 1) if k % step == 0]
    if q is None:
        return [domain.lower]
    first, last = multiples(domain.lower, domain.upper, q)
    return column.decode(column.positions(np.array([m * q for m in range(first, last + 1)])))
