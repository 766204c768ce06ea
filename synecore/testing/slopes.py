"""Derivatives by differences, as an oracle for analytic ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from synecore.problem import Array


def slope(function: Callable[[Array], Any], x: Array, column: int, step: float = 1e-3) -> Any:
    """Derivative by one coordinate: central differences of two steps, extrapolated."""

    def central(h: float) -> Any:
        up, down = x.copy(), x.copy()
        up[column] += h
        down[column] -= h
        return (np.asarray(function(up)) - np.asarray(function(down))) / (2.0 * h)

    return (4.0 * central(step / 2.0) - central(step)) / 3.0
