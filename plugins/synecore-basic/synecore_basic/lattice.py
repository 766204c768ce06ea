"""All combinations of some values of each parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from synecore.problem import Array, IntArray, SearchSpace
from synecore.space.categories import Categorical
from synecore.space.columns import column_of
from synecore.space.domain import Domain
from synecore.space.finite_range import FiniteRange
from synecore.space.ranges import multiples, quantum_of


class Lattice:
    """The Cartesian product of levels, the last parameter running fastest.

    Where a parameter is inactive only its first level counts, so no configuration is there twice;
    those that break a constraint are left out.
    """

    def __init__(self, space: SearchSpace, levels: Sequence[Array]) -> None:
        self._space = space
        self._levels = levels
        self._shape = tuple(len(column) for column in levels)

    def __len__(self) -> int:
        """Number of combinations, left-out ones included."""
        return math.prod(self._shape)

    def rows(self, indices: IntArray) -> Array:
        """Return the points (k, d) of these combinations; all NaN where one is left out."""
        at = np.unravel_index(indices, self._shape)
        X = np.stack([column[i] for column, i in zip(self._levels, at, strict=True)], axis=1)
        active = self._space.active(X)
        X[~active] = np.nan
        first = active | (np.stack(at, axis=1) == 0)
        rows = np.flatnonzero(first.all(axis=1))
        kept = self._space.snap(X[rows])
        feasible = self._space.feasible(kept)
        X[:] = np.nan
        X[rows[feasible]] = kept[feasible]
        return X


def domains_of(space: SearchSpace) -> dict[str, Domain]:
    """Return the domain of each parameter, in the order of the columns."""
    config_space: Mapping[str, Any] = space.config_space  # type: ignore[attr-defined]
    return {name: config_space[name] for name in space.names}


def listed_values(domain: Domain) -> list[Any] | None:
    """Return the values of a finite domain in its order; None for a range of real numbers."""
    if isinstance(domain, Categorical):
        return list(domain.categories)
    if isinstance(domain, FiniteRange):
        return sorted(set(domain.values))
    if domain.n_values is None:
        return None
    low, high = domain.lower, domain.upper  # type: ignore[attr-defined]
    q = quantum_of(domain.get_sampler())
    if q is None:
        return [low] if low == high else list(range(low, high + 1))
    first, last = multiples(low, high, q)
    return [domain.cast(m * q) for m in range(first, last + 1)]


def spread_levels(name: str, domain: Domain, n: int) -> Array:
    """Return up to n levels: the values in the middle of n equal parts of the domain's scale."""
    column = column_of(name, domain)
    return np.unique(column.snap((np.arange(n) + 0.5) / n))
