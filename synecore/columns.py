"""Growable columns of a fixed type, read through read-only views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_FIRST = 64  # rows reserved at the start; doubled whenever they run out


class Columns:
    """Equally long arrays that grow together by doubling. Unset values are 0, or NaN for floats.

    Attributes
    ----------
    n      rows in use
    cells  for the owner alone, as long as no row is added: `cells[name][row]` reads and writes one
           value of a column as a Python number, at a third of the cost of reading an array; of
           columns with several values a row it is the array
    """

    def __init__(self, **spec: tuple[str, tuple[int, ...]]) -> None:
        self.n = 0
        self._capacity = _FIRST
        self._data = {
            name: _unset(name, (_FIRST, *shape), dtype) for name, (dtype, shape) in spec.items()
        }
        self._seal()

    def __getstate__(self) -> dict[str, Any]:
        views = ("_sealed", "cells")
        return {name: value for name, value in vars(self).items() if name not in views}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._seal()  # views of these arrays, not copies of the old ones

    @property
    def names(self) -> Sequence[str]:
        return list(self._data)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """The writable array, longer than n. For the owner alone."""
        return self._data[name]

    def view(self, name: str) -> npt.NDArray[Any]:
        """The first n rows, read-only."""
        return self._sealed[name][: self.n]

    def add(self) -> int:
        """Add a row of unset values and return its index."""
        row = self.n
        if row == self._capacity:
            self._grow()
        self.n = row + 1
        return row

    def append(self, **values: Any) -> int:
        """Add a row and return its index."""
        row = self.add()
        cells = self.cells
        for name, value in values.items():
            cells[name][row] = value
        return row

    def replace(self, name: str, rows: npt.NDArray[Any]) -> None:
        """Put other rows of another width in a column's place."""
        self._data[name] = _unset(name, (self._capacity, *rows.shape[1:]), rows.dtype)
        self._data[name][: self.n] = rows
        self._seal()

    def _grow(self) -> None:
        self._capacity *= 2
        for name, array in self._data.items():
            bigger = _unset(name, (self._capacity, *array.shape[1:]), array.dtype)
            bigger[: self.n] = array[: self.n]
            self._data[name] = bigger
        self._seal()

    def _seal(self) -> None:
        self._sealed: dict[str, npt.NDArray[Any]] = {}
        self.cells: dict[str, Any] = {}
        for name, array in self._data.items():
            sealed = array.view()
            sealed.flags.writeable = False
            self._sealed[name] = sealed
            self.cells[name] = array.data if array.ndim == 1 else array


_ZEROS = frozenset({"reached"})  # a trial that has not reported has reached resource 0


def _unset(name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    array = np.zeros(shape, dtype)
    if array.dtype.kind == "f" and name not in _ZEROS:
        array.fill(np.nan)
    return array
