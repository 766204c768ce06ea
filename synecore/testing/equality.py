"""Equality, bit for bit, of anything a component takes or answers; it says what differs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from synecore.trials import TrialTable, columns


def difference(expected: Any, actual: Any, where: str = "") -> str:
    """Say where `actual` first differs from `expected`; "" where they are equal.

    NaN equals NaN, a tuple equals a list, and a number equals a number of the same value. Two
    generators are equal, since whoever is given one may draw from it.
    """
    where = where or "it"
    if isinstance(expected, np.ndarray) or isinstance(actual, np.ndarray):
        return _of_arrays(np.asarray(expected), np.asarray(actual), where)
    if isinstance(expected, TrialTable) and isinstance(actual, TrialTable):
        return _of_tables(expected, actual, where)
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        if set(expected) != set(actual):
            return f"{where} has the keys {sorted(actual)}, not {sorted(expected)}"
        return _first(difference(expected[k], actual[k], f"{where}[{k!r}]") for k in expected)
    if _is_list(expected) and _is_list(actual):
        if len(expected) != len(actual):
            return f"{where} has {len(actual)} items, not {len(expected)}"
        pairs = enumerate(zip(expected, actual, strict=True))
        return _first(difference(a, b, f"{where}[{i}]") for i, (a, b) in pairs)
    if type(expected) is type(actual) and attrs.has(type(expected)):
        names = [field.name for field in attrs.fields(type(expected))]
        return _first(
            difference(getattr(expected, n), getattr(actual, n), f"{where}.{n}") for n in names
        )
    if isinstance(expected, np.random.Generator) and isinstance(actual, np.random.Generator):
        return ""
    both_nan = _is_nan(expected) and _is_nan(actual)
    return "" if both_nan or expected == actual else f"{where} is {actual!r}, not {expected!r}"


def _of_arrays(expected: Any, actual: Any, where: str) -> str:
    if expected.shape != actual.shape:
        return f"{where} has the shape {actual.shape}, not {expected.shape}"
    if expected.dtype == actual.dtype and expected.tobytes() == actual.tobytes():
        return ""
    numbers = expected.dtype.kind in "fc" and actual.dtype.kind in "fciub"
    equal = (expected == actual) | ((expected != expected) & (actual != actual) & numbers)
    if equal.all():
        return ""
    index = tuple(int(i) for i in np.argwhere(~equal)[0])
    return f"{where}{list(index)} is {actual[index]!r}, not {expected[index]!r}"


def _of_tables(expected: TrialTable, actual: TrialTable, where: str) -> str:
    return difference(
        {**columns(expected), "start_points": expected.start_points},
        {**columns(actual), "start_points": actual.start_points},
        where,
    )


def _first(differences: Any) -> str:
    return next((text for text in differences if text), "")


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float | np.floating) and math.isnan(value)
