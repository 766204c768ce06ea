"""How far an experiment is: counts, times, cost, and the best so far."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from synecore.actions import Reported, ReportedBlock, Status
from synecore.constants import ST_WORKER_COST, ST_WORKER_TIME
from synecore.errors import OptionError
from synecore.problem import Goal
from synecore.trials import TrialTable
from synecore.tuning.results import data_frame

if TYPE_CHECKING:
    import pandas as pd


class MetricsStatistics:
    """Running minimum, maximum, sum and count of numeric metrics.

    The type of the first value seen for a metric fixes whether it is numeric. Of a numeric metric,
    values that are no numbers, or NaN, are passed over.
    """

    def __init__(self) -> None:
        self.count = 0  # of reports
        # Metric -> [minimum, maximum, sum], None for one that is not numeric.
        self._extents: dict[str, list[float] | None] = {}

    def add(self, metrics: Mapping[str, Any]) -> None:
        self.count += 1
        extents = self._extents
        for name, value in metrics.items():
            kind = type(value)
            if kind is not float and kind is not int and not isinstance(value, (int, float)):
                extents.setdefault(name, None)
                continue
            if name not in extents:
                extents[name] = None if kind is bool else [math.inf, -math.inf, 0.0]
            extent = extents[name]
            if extent is not None and value == value:
                if value < extent[0]:
                    extent[0] = value
                if value > extent[1]:
                    extent[1] = value
                extent[2] += value

    @property
    def min_metrics(self) -> dict[str, float]:
        return self._column(0)

    @property
    def max_metrics(self) -> dict[str, float]:
        return self._column(1)

    @property
    def sum_metrics(self) -> dict[str, float]:
        return self._column(2)

    def _column(self, i: int) -> dict[str, float]:
        return {name: extent[i] for name, extent in self._extents.items() if extent is not None}


class TuningStatus:
    """What a stopping criterion, a progress display or a user asks of a running experiment.

    The counts come from the trial table; only what the table does not hold is kept here.
    """

    def __init__(self, table: TrialTable, now: float = 0.0) -> None:
        self.table = table
        self.wallclock_time = now  # seconds on the experiment's clock
        self.overall_metric_statistics = MetricsStatistics()
        self.last_metrics: dict[int, Mapping[str, Any]] = {}  # of each trial, the newest one last
        self._worker_totals = {ST_WORKER_TIME: 0.0, ST_WORKER_COST: 0.0}
        self._worker_last: dict[tuple[str, int], float] = {}

    def update(self, event: Reported | ReportedBlock) -> None:
        """Count the report, or the reports of the block, that the table took in last.

        Late ones count for nothing, nor do those of a block after one that failed the trial.
        """
        counted = self.table.n_counted
        if isinstance(event, Reported):
            if counted:
                self._add(event.trial, event.metrics)
            return
        names = list(event.metrics)
        for values in islice(zip(*event.metrics.values(), strict=True), counted):
            self._add(event.trial, dict(zip(names, values, strict=True)))

    def _add(self, trial: int, metrics: Mapping[str, Any]) -> None:
        self.overall_metric_statistics.add(metrics)
        self.last_metrics.pop(trial, None)
        self.last_metrics[trial] = metrics
        for name in self._worker_totals:
            value = metrics.get(name)
            if isinstance(value, (int, float)) and value == value:
                before = self._worker_last.get((name, trial), 0.0)
                if value < before:  # the reporter of a resumed trial counts from 0 again
                    before = 0.0
                self._worker_last[name, trial] = value
                self._worker_totals[name] += value - before

    @property
    def num_trials_started(self) -> int:
        return self.table.n_trials

    @property
    def num_trials_completed(self) -> int:
        return self.table.count(Status.COMPLETED)

    @property
    def num_trials_failed(self) -> int:
        return self.table.count(Status.FAILED)

    @property
    def num_trials_finished(self) -> int:
        """Completed, stopped, stopping (not to pause) or failed: trials that can run no more."""
        count = self.table.count
        return (count(Status.COMPLETED) + count(Status.STOPPED) + count(Status.STOPPING)
                + count(Status.FAILED) - self.table.n_pausing)  # fmt: skip

    @property
    def num_trials_running(self) -> int:
        return self.table.count(Status.RUNNING) + self.table.count(Status.QUEUED)

    @property
    def user_time(self) -> float:
        """Seconds spent in the workers, all trials together."""
        return self._worker_totals[ST_WORKER_TIME]

    @property
    def cost(self) -> float:
        """Estimated cost of all trials: the problem's cost metric, else what the reporter
        estimates.
        """
        if self.table.problem.cost is None:
            return self._worker_totals[ST_WORKER_COST]
        return self.table.total_cost

    def get_dataframe(self) -> pd.DataFrame:
        """One row a trial: status, counts, configuration and last metrics."""
        rows = (self.row(trial) for trial in range(self.table.n_trials))
        return data_frame(rows, "TuningStatus.get_dataframe")

    def row(self, trial: int) -> dict[str, Any]:
        """A trial's line in the status table, without any data-frame library."""
        table = self.table
        row: dict[str, Any] = {
            "trial_id": trial,
            "status": table.status(trial).label,
            "iter": int(table.value("reports", trial)),
        }
        row |= table.configs[trial]
        row |= self.last_metrics.get(trial, {})
        return row

    def summary(self) -> str:
        """One line for a log."""
        count = self.table.count
        parts = [
            f"{int(self.wallclock_time)} s",
            f"{self.num_trials_started} trials",
            f"{self.num_trials_running} running",
        ]
        parts += [
            f"{count(status)} {status.name.lower()}"
            for status in (Status.PAUSED, Status.STOPPED, Status.COMPLETED, Status.FAILED)
            if count(status)
        ]
        if self.cost:
            parts.append(f"cost {self.cost:.2f}")
        found = best_metric(self.table)
        if found is not None:
            trial, value = found
            parts.append(
                f"best {self.table.problem.objectives[0].name}={value:.6g} (trial {trial})"
            )
        return " · ".join(parts)


def best_metric(table: TrialTable, objective: int = 0) -> tuple[int, float] | None:
    """Trial and value, in the user's sign, of the best observation; None if there is none."""
    found = table.best(objective)
    if found is None:
        return None
    trial, y = found
    return trial, -y if table.problem.objectives[objective].goal is Goal.MAXIMIZE else y


def print_best_metric_found(
    status: TuningStatus, metric_names: Sequence[str] | None = None, mode: object = None
) -> tuple[int, float] | None:
    """Print a summary and the best value of the first metric; return trial and value.

    metric_names
        The first one is looked at; by default the problem's first objective.
    mode
        Accepted and not needed: the problem says whether a metric is minimised.
    """
    names = [objective.name for objective in status.table.problem.objectives]
    name = metric_names[0] if metric_names else names[0]
    if name not in names:
        raise OptionError(f"metric {name!r} is no objective of the problem: {', '.join(names)}")
    print(status.summary())
    found = best_metric(status.table, names.index(name))
    if found is not None:
        trial, value = found
        print(
            f"best {name}: {value:.6g}, trial {trial}, configuration {status.table.configs[trial]}"
        )
    return found


def duration(seconds: float) -> str:
    """'1:02:03' for people."""
    seconds = int(seconds)
    text = f"{seconds % 3600 // 60}:{seconds % 60:02d}"
    return f"{seconds // 3600}:{text.zfill(5)}" if seconds >= 3600 else text
