"""Columns of finite lists: categories, ordinal values and finite ranges."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from synecore.errors import SpaceError
from synecore.problem import Array
from synecore.space.categories import Categorical, Ordinal, OrdinalNearestNeighbor
from synecore.space.columns import Column
from synecore.space.domain import CLOSE, Domain
from synecore.space.finite_range import FiniteRange


def finite_column(name: str, domain: Domain) -> Column:
    """Return the column of a domain that lists its values."""
    if isinstance(domain, OrdinalNearestNeighbor):
        return NearestColumn(name, domain)
    if isinstance(domain, Ordinal):
        return CellColumn(name, domain, domain.categories)
    if isinstance(domain, Categorical):
        return CategoricalColumn(name, domain)
    if isinstance(domain, FiniteRange):
        return CellColumn(name, domain, domain.values)
    raise SpaceError(f"{name}: {domain!r} is no domain that can be encoded.")


class ListedColumn(Column):
    """A value of a list; `listed` in order, `cells` of them (some may be equal)."""

    def __init__(self, name: str, domain: Domain, listed: list[Any], at: list[float]) -> None:
        super().__init__(name, domain)
        self.listed = listed
        self.at = np.array(at)
        kind: Any = object if domain.value_type is str else domain.value_type
        self._array: npt.NDArray[Any] = np.empty(len(listed), kind)
        self._array[:] = listed
        first_and_last: dict[Any, tuple[int, int]] = {}
        for i, value in enumerate(listed):
            first_and_last[value] = (first_and_last.get(value, (i, i))[0], i)
        # Of equal values the middle cell stands for all.
        self._index = {
            value: (first + last) // 2 for value, (first, last) in first_and_last.items()
        }
        self._stand_in = np.array([self._index[value] for value in listed])
        positions = {value: at[i] for value, i in self._index.items()}

        def encode_one(value: Any) -> float:
            try:
                return positions[value]
            except (KeyError, TypeError):
                return at[self._nearest(value)]

        self.encode_one = encode_one

    def _nearest(self, value: Any) -> int:
        """Index of a number that differs by rounding only."""
        item = getattr(value, "item", None)  # a NumPy scalar
        if item is not None and not isinstance(value, float):
            value = item()
        if isinstance(value, (int, float)) and self._array.dtype.kind in "if":
            i = int(np.argmin(np.abs(self._array - value)))
            if math.isclose(self.listed[i], value, rel_tol=CLOSE):
                return self._index[self.listed[i]]
        try:
            return self._index[value]
        except (KeyError, TypeError):
            raise self.error(value) from None

    def indices(self, x: Array) -> npt.NDArray[np.int64]:
        """Positions (n,) -> indices into `listed` (n,)."""
        raise NotImplementedError

    def values(self, x: Array) -> npt.NDArray[Any]:
        found: npt.NDArray[Any] = self._array[self.indices(x)]
        return found

    def decode(self, x: Array) -> list[Any]:
        listed = self.listed
        return [listed[i] for i in self.indices(x).tolist()]

    def snap(self, x: Array) -> Array:
        snapped: Array = self.at[self._stand_in[self.indices(x)]]
        return snapped

    def cell(self, value: Any) -> tuple[float, float]:
        x = self.encode_one(value)
        edges = self.edges
        i = bisect_right(edges, x)
        return (edges[i - 1] if i else 0.0), (edges[i] if i < len(edges) else 1.0)

    @property
    def edges(self) -> list[float]:
        """Positions between one cell and the next."""
        raise NotImplementedError

    def matches(self, x: Array, values: Collection[Any]) -> npt.NDArray[np.bool_]:
        allowed = np.array([value in values for value in self.listed], bool)
        hits: npt.NDArray[np.bool_] = allowed[self.indices(x)]
        return hits


class CellColumn(ListedColumn):
    """Each of n values has a cell of length 1/n and sits in its middle."""

    def __init__(self, name: str, domain: Domain, listed: list[Any]) -> None:
        n = len(listed)
        super().__init__(name, domain, listed, [(i + 0.5) / n for i in range(n)])
        last = n - 1

        def decode_one(x: float) -> Any:
            i = int(x * n) if x > 0.0 else 0
            return listed[i if i < last else last]

        self.decode_one = decode_one

    @property
    def edges(self) -> list[float]:
        n = len(self.listed)
        return [i / n for i in range(1, n)]

    def indices(self, x: Array) -> npt.NDArray[np.int64]:
        n = len(self.listed)
        inside = np.minimum(np.maximum(x, 0.0), 1.0)
        found: npt.NDArray[np.int64] = np.minimum(np.floor(inside * n).astype(np.int64), n - 1)
        return found


class NearestColumn(ListedColumn):
    """The nearest of several numbers to a point of an interval."""

    def __init__(self, name: str, domain: OrdinalNearestNeighbor) -> None:
        low, high = domain.lower_int, domain.upper_int
        at = [0.5]
        if low is not None and high is not None and low < high:
            at = [(value - low) / (high - low) for value in domain.categories_int]
        edges = [0.5 * (a + b) for a, b in pairwise(at)]
        if len(at) < len(domain) or not all(a < b for a, b in zip(at, edges, strict=False)):
            raise SpaceError(
                f"{name}: {domain!r} has values too close to be told apart; use kind='equal'."
            )
        super().__init__(name, domain, domain.categories, at)
        self._edges = np.array(edges)
        listed = domain.categories
        self.decode_one = lambda x: listed[bisect_right(edges, x)]

    @property
    def edges(self) -> list[float]:
        edges: list[float] = self._edges.tolist()
        return edges

    def indices(self, x: Array) -> npt.NDArray[np.int64]:
        found: npt.NDArray[np.int64] = np.searchsorted(self._edges, x, side="right")
        return found


class CategoricalColumn(ListedColumn):
    """The index of a category."""

    def __init__(self, name: str, domain: Categorical) -> None:
        listed = domain.categories
        super().__init__(name, domain, listed, [float(i) for i in range(len(listed))])
        self.n_choices = len(listed)
        last = len(listed) - 1

        def decode_one(x: float) -> Any:
            i = int(x + 0.5) if x > 0.0 else 0
            return listed[i if i < last else last]

        self.decode_one = decode_one

    def cell(self, value: Any) -> tuple[float, float]:
        x = self.encode_one(value)
        return x, x

    def indices(self, x: Array) -> npt.NDArray[np.int64]:
        last = len(self.listed) - 1
        inside = np.minimum(np.maximum(x, 0.0), float(last))
        return np.minimum(np.floor(inside + 0.5).astype(np.int64), last)

    def from_unit(self, u: Array) -> Array:
        if self.quantiles is not None:
            return self.quantiles(u)
        indices: Array = np.floor(u * len(self.listed))
        return indices
