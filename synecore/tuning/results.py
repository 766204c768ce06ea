"""The journal as a table of results: one row a report, with the documented columns."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synecore.actions import (
    Decided,
    Ended,
    Event,
    Reported,
    ReportedBlock,
    Resumed,
    Retried,
    Started,
    Status,
)
from synecore.constants import ST_RESULTS_DATAFRAME_FILENAME, ST_TRIAL_ID, ST_TUNER_TIME

if TYPE_CHECKING:
    import pandas as pd

_DECISIONS = {"stop": "STOP", "pause": "PAUSE", "fail": "STOP"}


def result_rows(events: Iterable[Event], metadata: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Reports in order, with trial_id, config_*, tuner time, decision, status and their origin.

    `status` is the trial's when the report arrived, `decision` what the scheduler answered it with.
    """
    origin = {
        "tuner_name": metadata.get("name"),
        "entry_point_name": metadata.get("entry_point_name"),
        "entry_point_path": metadata.get("entry_point_path"),
    }
    configs: dict[int, dict[str, Any]] = {}
    stopping: dict[int, bool] = {}
    waiting: dict[str, Any] | None = None  # the last row, until we know its decision
    for event in events:
        if isinstance(event, Decided):
            if event.action in _DECISIONS:
                stopping[event.trial] = True
                if waiting is not None and waiting[ST_TRIAL_ID] == event.trial:
                    waiting["decision"] = answer_of(event) or waiting["decision"]
            continue
        if waiting is not None:  # what is decided from here on answers something else
            yield waiting
            waiting = None
        if isinstance(event, Started):
            configs[event.trial] = {f"config_{name}": v for name, v in event.config.items()}
        elif isinstance(event, (Resumed, Retried, Ended)):
            stopping[event.trial] = isinstance(event, Ended)
        for at, trial, metrics in reports_of(event):
            if waiting is not None:  # a report of the same block
                yield waiting
            status = Status.STOPPING if stopping.get(trial) else Status.RUNNING
            waiting = {
                **metrics, ST_TRIAL_ID: trial, **configs.get(trial, {}), ST_TUNER_TIME: at,
                "decision": "CONTINUE", "status": status.label, **origin,
            }  # fmt: skip
    if waiting is not None:
        yield waiting


def answer_of(event: Decided) -> str | None:
    """STOP or PAUSE for a decision that answers a report; None for others, such as the user's."""
    answers = event.by == "scheduler" or event.action == "fail"
    return _DECISIONS.get(event.action) if answers else None


def reports_of(event: Event) -> Iterator[tuple[float, int, Mapping[str, Any]]]:
    """Time, trial and metrics of each report in an event; nothing for other events."""
    if isinstance(event, Reported):
        yield event.at, event.trial, event.metrics
    elif isinstance(event, ReportedBlock):
        names = list(event.metrics)
        for at, *values in zip(event.at, *event.metrics.values(), strict=True):
            yield float(at), event.trial, dict(zip(names, values, strict=True))


def data_frame(rows: Iterable[Mapping[str, Any]], what: str) -> pd.DataFrame:
    """Rows as a data frame. Raises ModuleNotFoundError that says what brings pandas to `what`."""
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        message = f'{what} needs pandas: pip install "synecore[default]"'
        raise ModuleNotFoundError(message, name=error.name) from None
    return pd.DataFrame(list(rows))


def write_results(folder: Path, events: Iterable[Event], metadata: Mapping[str, Any]) -> Path:
    """Write `results.csv.zip`, whole or not at all."""
    rows = list(result_rows(events, metadata))
    layouts = dict.fromkeys(tuple(row) for row in rows)  # few: most rows have the same columns
    columns = list(dict.fromkeys(name for layout in layouts for name in layout)) or [ST_TRIAL_ID]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    if len(layouts) == 1:
        writer.writerows(row.values() for row in rows)
    else:
        writer.writerows([row.get(name, "") for name in columns] for row in rows)
    path = folder / ST_RESULTS_DATAFRAME_FILENAME
    temporary = path.with_suffix(".tmp")
    # Of numbers that differ, level 1 makes a file 8 % larger than level 6, five times as fast.
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("results.csv", text.getvalue())
    os.replace(temporary, path)
    return path
