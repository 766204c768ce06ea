"""Data frames of an experiment: a row a report, and a row a trial.

The first is built from the journal's rows or read from `results.csv.zip`, and has the same columns
and kinds of columns in both cases.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from synecore.constants import ST_TRIAL_ID, ST_TUNER_TIME

REPORT_COLUMNS = (
    ST_TRIAL_ID, ST_TUNER_TIME, "decision", "status", "tuner_name", "entry_point_name",
    "entry_point_path",
)  # fmt: skip
TRIAL_COLUMNS = (
    ST_TRIAL_ID, "status", "started", "ended", "reports", "attempts", "parent", "error",
)  # fmt: skip


def frame_of(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = ()) -> pd.DataFrame:
    """One row a mapping, columns in the order in which they first appear.

    A whole number stays one where other rows have nothing in its column, unlike with pandas' own
    reading of mappings: a conditional parameter's 32 is no 32.0.

    Args:
        rows: The rows.
        columns: Those that are there even without a row that has them, after all others.
    """
    values: dict[str, list[Any]] = {}
    n = 0
    for n, row in enumerate(rows, 1):
        for name, value in row.items():
            column = values.get(name)
            if column is None:
                column = values[name] = [None] * (n - 1)
            column.append(value)
        for column in values.values():
            if len(column) < n:
                column.append(None)
    for name in columns:
        values.setdefault(name, [None] * n)
    return pd.DataFrame({name: series_of(column) for name, column in values.items()})


def series_of(values: Sequence[Any]) -> pd.Series:
    """A column of one kind, as plain as its values allow; None is a missing one."""
    kinds = {type(value) for value in values}
    missing = type(None) in kinds
    kinds.discard(type(None))
    if kinds and kinds <= {int, float} and float in kinds:
        return pd.Series([math.nan if value is None else float(value) for value in values])
    if missing and kinds == {bool}:
        return pd.Series(values, dtype="boolean")
    if missing and kinds == {int} and all(v is None or -(2**63) <= v < 2**63 for v in values):
        return pd.Series(values, dtype="Int64")
    if len(kinds) == 1 and kinds <= {bool, int, str}:
        return pd.Series(values)
    return pd.Series(values, dtype=object)


def read_results(path: Path) -> pd.DataFrame:
    """The frame of an exported `results.csv.zip`."""
    # Of pandas' words for a missing value only those that the export writes: "None" is a choice.
    frame = pd.read_csv(
        path, dtype_backend="numpy_nullable", keep_default_na=False, na_values=["", "nan"]
    )
    return pd.DataFrame(
        {
            name: series_of(column.astype(object).where(column.notna(), None).tolist())
            for name, column in frame.items()
        }
    )


def trials_of(results: pd.DataFrame) -> pd.DataFrame:
    """What the reports alone tell of each trial, where there is no journal to read."""
    if results.empty:
        return frame_of((), TRIAL_COLUMNS)
    fates = {"STOP": "Stopped", "PAUSE": "Paused"}
    rows = []
    for trial, reports in results.groupby(ST_TRIAL_ID, sort=True):
        last = reports.iloc[-1]
        decided = [fates[decision] for decision in reports["decision"] if decision in fates]
        rows.append(
            {
                ST_TRIAL_ID: trial,
                "status": decided[-1] if decided else "Completed",
                "ended": last[ST_TUNER_TIME],
                "reports": len(reports),
                **{name: last[name] for name in results.columns if name.startswith("config_")},
            }
        )
    return frame_of(rows, TRIAL_COLUMNS)
