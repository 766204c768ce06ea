"""Small operations on mappings and lists that launch scripts and studies share."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

T = TypeVar("T")


def dict_get(params: Mapping[str, Any], key: str, default: Any) -> Any:
    """`params[key]`, or `default` where it is missing or None, as argparse leaves unset options."""
    value = params.get(key)
    return default if value is None else value


def recursive_merge(
    a: Mapping[str, Any], b: Mapping[str, Any] | None, stop_keys: Sequence[str] = ()
) -> dict[str, Any]:
    """`a` updated by `b`, level by level; below a key of `stop_keys`, b's value replaces a's
    whole.
    """
    merged = dict(a)
    for key, value in (b or {}).items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = (
            recursive_merge(merged[key], value, stop_keys)
            if both and key not in stop_keys
            else value
        )
    return merged


def dump_json_with_numpy(x: Any, filename: str | os.PathLike[str] | None = None) -> str | None:
    """JSON of mappings that may hold numpy scalars and arrays; a string if no file is named."""

    def plain(value: Any) -> Any:
        if hasattr(value, "tolist"):
            return value.tolist()
        raise TypeError(f"{type(value).__name__} has no JSON form: {value!r:.80}")

    text = json.dumps(x, default=plain)
    if filename is None:
        return text
    with open(filename, "w", encoding="utf-8") as file:
        file.write(text)
    return None


def find_first_of_type(items: Iterable[Any], kind: type[T]) -> T | None:
    """The first item that is an instance of `kind`."""
    return next((item for item in items if isinstance(item, kind)), None)


def metric_name_mode(
    metric_names: Sequence[str], metric_mode: str | Sequence[str], metric: str | int
) -> tuple[str, str]:
    """Name and mode of a metric given by index or name."""
    if isinstance(metric, str):
        if metric not in metric_names:
            raise ValueError(f"metric {metric!r} is none of {', '.join(metric_names)}")
        metric = list(metric_names).index(metric)
    if not -len(metric_names) <= metric < len(metric_names):
        raise ValueError(f"metric index {metric} is out of range for {len(metric_names)} metrics")
    return metric_names[metric], metric_mode if isinstance(metric_mode, str) else metric_mode[
        metric
    ]


def is_increasing(values: Sequence[float]) -> bool:
    """Strictly."""
    return all(a < b for a, b in pairwise(values))


def is_integer(values: Sequence[Any]) -> bool:
    return all(isinstance(v, int) and not isinstance(v, bool) for v in values)


def is_positive_integer(values: Sequence[Any]) -> bool:
    return is_integer(values) and all(v >= 1 for v in values)
