"""Each trial's reports as a curve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from synecore.constants import ST_TRIAL_ID, ST_TUNER_TIME, ST_WORKER_ITER

from .metric import numeric

if TYPE_CHECKING:
    from synecore.problem import Array

    from .result import ExperimentResult


@attrs.frozen
class Curve:
    """The reports of a trial that count, in order of time."""

    trial: int
    status: str  # of the trial now
    time: Array  # (r,) seconds since the experiment's start
    resource: Array  # (r,)
    y: Array  # (r,) the metric, in the user's sign


def resource_name(result: ExperimentResult) -> str | None:
    """The reported value that is the resource, None where reports are to be counted."""
    fidelity = (result.metadata.get("problem") or {}).get("fidelity")
    for name in (fidelity["name"] if fidelity else None, ST_WORKER_ITER):
        if name is not None and name in result.results:
            return str(name)
    return None


def curves_of(result: ExperimentResult, metric: str | int = 0) -> Iterator[Curve]:
    """The curves of all trials that have one, by trial."""
    import pandas as pd

    values = result.values(metric)
    rows = result.results.loc[values.index]
    name = resource_name(result)
    if name is None:
        resource = (rows.groupby(ST_TRIAL_ID).cumcount() + 1).astype(float)
    else:
        resource = numeric(rows, name)
    frame = pd.DataFrame(
        {
            "trial": rows[ST_TRIAL_ID],
            "time": rows[ST_TUNER_TIME],
            "resource": resource,
            "y": values,
        }
    )
    status = dict(zip(result.trials[ST_TRIAL_ID], result.trials["status"], strict=True))
    for trial, part in frame.dropna().groupby("trial", sort=True):
        columns = [part[column].to_numpy(float) for column in ("time", "resource", "y")]
        yield Curve(int(str(trial)), str(status.get(trial, "Completed")), *columns)
