"""The encoding for models that need numbers: categorical columns one-hot, all in the unit cube."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from synecore.problem import Array
from synecore.space.columns import Column

INACTIVE = 0.5  # of a numeric column, and of a category of two values
TWO = (0.25, 0.75)  # the two values of a binary category: cells of a unit interval


class FeatureMap:
    """X (n, d) <-> F (n, p).

    Numeric columns stay as they are. A category of two values takes one dimension, of k > 2 values
    k dimensions. An inactive parameter is in the middle; its one-hot dimensions are 0.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._widths = [column.n_choices if column.n_choices > 2 else 1 for column in columns]
        starts = np.concatenate([[0], np.cumsum(self._widths)]).astype(int).tolist()
        self.ranges = {
            column.name: (start, stop)
            for column, start, stop in zip(columns, starts[:-1], starts[1:], strict=True)
        }
        self.size: int = starts[-1]
        self._starts = starts[:-1]
        self._choices = [column.n_choices for column in columns]
        self._plain = all(n == 0 for n in self._choices)

    def features(self, X: Array) -> Array:
        """(n, d) -> (n, p)."""
        missing = np.isnan(X)
        if self._plain:
            return np.where(missing, INACTIVE, X)
        F = np.zeros((len(X), self.size))
        rows = np.arange(len(X))
        for j, (start, width) in enumerate(zip(self._starts, self._widths, strict=True)):
            x, here = X[:, j], ~missing[:, j]
            if self._choices[j] == 0:
                F[:, start] = np.where(here, x, INACTIVE)
            elif width == 1:
                two = np.array(TWO if self._choices[j] == 2 else [INACTIVE])
                F[:, start] = np.where(here, two[_indices(x, here, len(two))], INACTIVE)
            else:
                F[rows[here], start + _indices(x, here, width)[here]] = 1.0
        return F

    def positions(self, F: Array) -> Array:
        """(n, p) -> (n, d): the nearest category, numbers cut to [0, 1]."""
        X = np.empty((len(F), len(self._widths)))
        for j, (start, width) in enumerate(zip(self._starts, self._widths, strict=True)):
            if width > 1:
                X[:, j] = np.argmax(F[:, start : start + width], axis=1)
            elif self._choices[j]:
                X[:, j] = (F[:, start] >= 0.5) * (self._choices[j] - 1.0)
            else:
                X[:, j] = np.clip(F[:, start], 0.0, 1.0)
        return X

    def bounds(self, bounds: Array, allowed: Sequence[Sequence[int] | None]) -> Array:
        """Bounds of the features, (p, 2), from those of the positions, (d, 2).

        Args:
            bounds: of each column.
            allowed: for each column the indices of the categories in use, None for all.
        """
        result = np.tile([0.0, 1.0], (self.size, 1))
        for j, (start, width) in enumerate(zip(self._starts, self._widths, strict=True)):
            chosen = allowed[j]
            if self._choices[j] == 0:
                result[start] = bounds[j]
            elif chosen is not None and width == 1:
                two = TWO if self._choices[j] == 2 else (INACTIVE, INACTIVE)
                result[start] = (0.0, 1.0) if len(chosen) > 1 else (two[chosen[0]],) * 2
            elif chosen is not None:
                for k in range(width):
                    if k not in chosen:
                        result[start + k] = 0.0
                    elif len(chosen) == 1:
                        result[start + k] = 1.0
        return result


def _indices(x: Array, here: npt.NDArray[np.bool_], n: int) -> npt.NDArray[np.int64]:
    filled = np.where(here, x, 0.0)
    return np.clip(np.floor(filled + 0.5), 0, n - 1).astype(np.int64)
