"""Tables for people, JSON for programs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def print_json(value: Any) -> None:
    """One JSON document on standard output; NaN and infinities as null, as JSON has none."""
    json.dump(_plain(value), sys.stdout, indent=1)
    sys.stdout.write("\n")


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):  # a number of numpy's
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> None:
    """Aligned columns, numbers to the right; a dash where a row has no value."""
    if columns is None:
        columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[text(row.get(name)) for name in columns] for row in rows]
    widths = [max([len(name), *(len(line[i]) for line in cells)]) for i, name in enumerate(columns)]
    right = [
        bool(rows) and all(isinstance(r.get(n), (int, float, type(None))) for r in rows)
        for n in columns
    ]
    for line in [list(columns), *cells]:
        parts = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        )
        print("  ".join(parts).rstrip())


def text(value: Any) -> str:
    """A value in a cell."""
    if value is None or value == "":
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def pairs(values: Mapping[str, Any]) -> str:
    """'lr=0.01 width=8'."""
    return " ".join(f"{name}={text(value)}" for name, value in values.items())
