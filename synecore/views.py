"""The table as a wrapped scheduler sees it, whose problem has other objectives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from synecore.errors import SynecoreError
from synecore.problem import Array, IntArray, Problem, TrialView

_FIRST = 64  # rows reserved at the start; doubled whenever they run out


class DerivedTrials:
    """Another table's columns, with objectives computed from the ones on record.

    `map_y` turns (n, m) minimised values, of which some may not be finite, into (n, m') of the
    wrapped problem. It must treat each row by itself: it is called once for the rows that are new
    since the last look.

    Attributes
    ----------
    view     the table that this one is derived from
    problem  the problem whose objectives `y` holds
    """

    def __init__(self, view: TrialView, problem: Problem, map_y: Callable[[Array], Array]) -> None:
        self.view = view
        self.problem = problem
        self._map_y = map_y
        self._y = np.empty((_FIRST, len(problem.objectives)))
        self._n = 0  # rows of _y that are filled

    @property
    def start_points(self) -> Sequence[Mapping[str, Any]]:
        return self.view.start_points

    @property
    def n_trials(self) -> int:
        return self.view.n_trials

    @property
    def n_obs(self) -> int:
        return self.view.n_obs

    def trial(self, column: str) -> npt.NDArray[Any]:
        return self.view.trial(column)

    def obs(self, column: str) -> npt.NDArray[Any]:
        if column != "y":
            return self.view.obs(column)
        y = self.view.obs("y")
        if len(y) > self._n:
            self._extend(y)
        rows = self._y[: len(y)]
        rows.flags.writeable = False
        return rows

    def pending(self) -> tuple[IntArray, Array]:
        return self.view.pending()

    def seen(self, X: Array) -> npt.NDArray[np.bool_]:
        return self.view.seen(X)

    def _extend(self, y: Array) -> None:
        n = len(y)
        if n > len(self._y):
            bigger = np.empty((max(n, 2 * len(self._y)), self._y.shape[1]))
            bigger[: self._n] = self._y[: self._n]
            self._y = bigger
        mapped = self._map_y(y[self._n :])
        if mapped.shape != (n - self._n, self._y.shape[1]):
            raise SynecoreError(
                f"a derived table needs {self._y.shape[1]} objectives for each of "
                f"{n - self._n} rows; map_y returned an array of shape {mapped.shape}"
            )
        self._y[self._n : n] = mapped
        self._n = n
