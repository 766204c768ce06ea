"""An experiment as runs in MLflow: an outer one, and one a trial nested in it.

Runs are found again by their tags, so nothing but the tracking server, or file, needs to be kept:
what it holds of a trial is passed over when the trial is told of again.
"""

from __future__ import annotations

import json
import math
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from synecore.actions import Status
from synecore.constants import SMT_TUNER_CREATION_TIMESTAMP
from synecore.plugins import ExperimentView
from synecore.tuning.chronicle import Best, Point

FILE_NAME = "mlflow.db"  # in the experiment's folder, where no other place is named
PARENT = "mlflow.parentRunId"
EXPERIMENT, TRIAL, STATUS = "synecore.experiment", "synecore.trial", "synecore.status"
POINTS = "synecore.points"  # of a trial that has ended, and all of it was sent
_MOST_METRICS, _MOST_PARAMS = 1000, 100  # of one call
_NOT_IN_NAMES = re.compile(r"[^/\w.\- :]")
_ENDS = {Status.COMPLETED: "FINISHED", Status.STOPPED: "KILLED", Status.FAILED: "FAILED"}


@attrs.define
class _Run:
    """A run of MLflow, and what is still to be sent to it."""

    id: str
    held: float = 0.0  # points to come that it holds already
    ended: bool = False  # and all of it was sent
    paused: bool = False
    n_points: int = 0
    metrics: list[Any] = attrs.field(factory=list)
    tags: dict[str, str] = attrs.field(factory=dict)


class MlflowRuns:
    """Sends what it is told to MLflow; see `Tracker`.

    Args:
        library: The module `mlflow`.
        experiment: What is told of.
        uri: Tracking server, database or folder. None: the file `mlflow.db` in the experiment's
            folder.
        experiment_name: Experiment in MLflow's words.
        run_name: Of the outer run.
    """

    def __init__(
        self,
        library: ModuleType,
        experiment: ExperimentView,
        uri: str | None,
        *,
        experiment_name: str,
        run_name: str,
    ) -> None:
        self._mlflow, self._view, self._uri = library, experiment, uri
        self._file = experiment.folder / FILE_NAME if uri is None else None
        self._experiment_name, self._run_name = experiment_name, run_name
        self._metric = experiment.problem.objectives[0].name
        self._trials: dict[int, _Run] = {}
        self._configs: dict[int, Mapping[str, Any]] = {}
        self._held_best: dict[str, int] = {}  # metric -> improvements that the outer run holds
        self._now = float(experiment.metadata[SMT_TUNER_CREATION_TIMESTAMP])

    # ---- beginning and end --------------------------------------------------------------

    def begin(self) -> None:
        if self._file is not None and not self._file.exists():
            self._make_file(self._file)
        uri = self._uri if self._file is None else _uri_of(self._file)
        self._client = self._mlflow.MlflowClient(tracking_uri=uri)
        self._experiment_id = self._find_or_make_experiment()
        key = f"{self._view.name}@{self._now:.3f}"
        found = next(self._search(EXPERIMENT, key), None)
        if found is None:
            tags = {EXPERIMENT: key, "synecore.folder": str(self._view.folder)}
            self._outer = _Run(self._create(self._run_name, self._now, tags))
            self._send_params(self._outer, _described(self._view.metadata))
            return
        self._outer = _Run(found.info.run_id)
        self._client.update_run(self._outer.id, status="RUNNING")
        for objective in self._view.problem.objectives:
            history = self._history(self._outer, f"best/{objective.name}")
            self._held_best[objective.name] = history
        for run in self._search(PARENT, self._outer.id):
            trial = _Run(run.info.run_id, ended=POINTS in run.data.tags)
            self._trials[int(run.data.tags[TRIAL])] = trial
            trial.held = math.inf if trial.ended else self._history(trial, self._metric)
            if not trial.ended:
                self._client.update_run(trial.id, status="RUNNING")

    def end(self, cut_short: bool) -> None:
        self.flush()
        for run in self._trials.values():
            if not run.ended:  # paused, or cut short; it is RUNNING again after a resumption
                self._terminate(run, "KILLED", self._now)
        self._terminate(self._outer, "KILLED" if cut_short else "FINISHED", self._now)

    # ---- what happens -------------------------------------------------------------------

    def started(self, trial: int, config: Mapping[str, Any], time: float) -> None:
        self._configs[trial] = config
        run = self._trials.get(trial)
        if run is None:
            tags = {PARENT: self._outer.id, TRIAL: str(trial), STATUS: Status.RUNNING.label}
            run = self._trials[trial] = _Run(self._create(f"trial-{trial}", time, tags))
        if not run.ended:
            self._send_params(run, config)

    def reported(self, point: Point) -> None:
        self._now = point.time
        run = self._trials[point.trial]
        run.n_points = point.number
        if run.paused:
            run.paused, run.tags[STATUS] = False, Status.RUNNING.label
        if run.held:
            run.held -= 1
            return
        run.metrics += self._measured(point.values, point.time, point.step)

    def improved(self, best: Sequence[Best]) -> None:
        for found in best:
            if self._held_best.get(found.metric, 0):
                self._held_best[found.metric] -= 1
                continue
            values = {f"best/{found.metric}": found.value}
            self._outer.metrics += self._measured(values, found.time, found.total)
            if found.metric == self._metric:
                self._outer.tags |= {
                    "synecore.best_trial": str(found.trial),
                    "synecore.best_run": self._trials[found.trial].id,
                    "synecore.best_config": json.dumps(dict(self._configs[found.trial])),
                }

    def paused(self, trial: int, time: float) -> None:
        self._now = time
        run = self._trials[trial]
        if not run.ended:
            run.paused, run.tags[STATUS] = True, Status.PAUSED.label

    def ended(self, trial: int, status: Status, time: float) -> None:
        self._now = time
        self._configs.pop(trial, None)
        run = self._trials[trial]
        if run.ended:
            return
        run.tags |= {STATUS: status.label, POINTS: str(run.n_points)}
        self._send(run)
        self._terminate(run, _ENDS[status], time)
        run.ended, run.held = True, math.inf

    def flush(self) -> None:
        for run in (self._outer, *self._trials.values()):
            if run.metrics or run.tags:
                self._send(run)

    # ---- calls --------------------------------------------------------------------------

    def _make_file(self, file: Path) -> None:
        """Make the tables, whole or not at all: MLflow does not mend tables half made."""
        unfinished = file.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        self._mlflow.MlflowClient(tracking_uri=_uri_of(unfinished)).search_experiments()
        unfinished.rename(file)

    def _find_or_make_experiment(self) -> str:
        found = self._client.get_experiment_by_name(self._experiment_name)
        if found is not None:
            return str(found.experiment_id)
        # Beside a file of ours; a server of somebody else's knows a better place.
        beside = None if self._file is None else self._file.with_name("mlflow_artifacts")
        place = None if beside is None else beside.absolute().as_uri()
        return str(self._client.create_experiment(self._experiment_name, artifact_location=place))

    def _search(self, tag: str, value: str) -> Iterator[Any]:
        """Yield the runs that have a tag of this value."""
        token = None
        while True:
            page = self._client.search_runs(
                [self._experiment_id], f"tags.`{tag}` = '{value}'", page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return

    def _create(self, name: str, time: float, tags: Mapping[str, str]) -> str:
        run = self._client.create_run(
            self._experiment_id, start_time=_milliseconds(time), tags=dict(tags), run_name=name
        )
        return str(run.info.run_id)

    def _terminate(self, run: _Run, status: str, time: float) -> None:
        self._client.set_terminated(run.id, status, end_time=_milliseconds(time))

    def _history(self, run: _Run, metric: str) -> int:
        """Return how many values of a metric a run holds."""
        return len(self._client.get_metric_history(run.id, name_of(metric)))

    def _measured(self, values: Mapping[str, float], time: float, step: int) -> list[Any]:
        metric, stamp = self._mlflow.entities.Metric, _milliseconds(time)
        return [metric(name_of(name), value, stamp, step) for name, value in values.items()]

    def _send_params(self, run: _Run, values: Mapping[str, Any]) -> None:
        param = self._mlflow.entities.Param
        params = [param(name_of(name), str(value)) for name, value in values.items()]
        for first in range(0, len(params), _MOST_PARAMS):
            self._client.log_batch(run.id, params=params[first : first + _MOST_PARAMS])

    def _send(self, run: _Run) -> None:
        """Send metrics before tags, so that a tag says that they were."""
        for first in range(0, len(run.metrics), _MOST_METRICS):
            self._client.log_batch(run.id, run.metrics[first : first + _MOST_METRICS])
        run.metrics.clear()
        if run.tags:
            tag = self._mlflow.entities.RunTag
            tags = [tag(name, value) for name, value in run.tags.items()]
            self._client.log_batch(run.id, tags=tags)
            run.tags.clear()


def name_of(name: str) -> str:
    """Return a metric's or parameter's name with what MLflow does not allow in it replaced.

    It allows letters, digits and "/_.-: ", and no name that would be another one as a path.
    """
    allowed = _NOT_IN_NAMES.sub("_", name)
    as_path = posixpath.normpath(allowed)
    if as_path == allowed and as_path != "." and not as_path.startswith(("..", "/")):
        return allowed
    return allowed.replace("/", "_").replace(".", "_") or "_"


def _uri_of(file: Path) -> str:
    return f"sqlite:///{file.absolute()}"


def _milliseconds(time: float) -> int:
    return round(1000 * time)


def _described(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What is constant of an experiment, as parameters of its run."""
    names = ("scheduler_name", "backend", "entry_point_name", "metric_names", "metric_mode")
    return {name: metadata[name] for name in names if metadata.get(name) is not None}
