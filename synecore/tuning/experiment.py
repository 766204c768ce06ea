"""An experiment is a folder: create one, open one, read it without the plugins that made it."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from synecore.actions import Event, Reported, ReportedBlock, time_of
from synecore.constants import SMT_TUNER_CREATION_TIMESTAMP, ST_METADATA_FILENAME
from synecore.errors import ExperimentError, OptionError
from synecore.paths import experiment_path, find_experiment
from synecore.problem import Problem
from synecore.protocols import ResultStore
from synecore.trials import TrialTable
from synecore.tuning.files import write_atomically
from synecore.tuning.results import result_rows, write_results
from synecore.tuning.status import TuningStatus, best_metric

if TYPE_CHECKING:
    from synecore.tuning.retrain import Retrained

logger = logging.getLogger(__name__)

FORMAT = 1  # of the folder; a reader refuses a newer one


@attrs.frozen
class Experiment:
    """A folder on disk, finished, running or interrupted. Reading it needs no plugin but its
    store's.
    """

    path: Path
    metadata: Mapping[str, Any]

    @classmethod
    def open(
        cls, name: str | os.PathLike[str], local_path: str | os.PathLike[str] | None = None
    ) -> Experiment:
        """Find an experiment by name, path or unambiguous beginning."""
        path = find_experiment(name, local_path)
        file = path / ST_METADATA_FILENAME
        try:
            metadata = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ExperimentError(f"{file} cannot be read: {error}") from error
        if not isinstance(metadata, dict):
            raise ExperimentError(f"{file} cannot be read: it holds no JSON object")
        if metadata.get("format", 0) > FORMAT:
            raise ExperimentError(
                f"experiment '{path.name}' has format {metadata['format']}, this synecore "
                "reads up to "
                f"{FORMAT}; update synecore"
            )
        return cls(path, metadata)

    @property
    def name(self) -> str:
        return str(self.metadata["name"])

    def problem(self) -> Problem:
        """What was optimised at the start. Earlier tasks are not on record, only their names."""
        return Problem.from_json({**self.metadata["problem"], "tasks": []})

    def store(self, mode: str = "r") -> ResultStore:
        """The journal on disk; mode "a" to go on writing it."""
        return open_store(self.metadata["store"], self.path, mode)

    def events(self) -> Iterator[Event]:
        store = self.store()
        try:
            yield from store.events()
        finally:
            store.close()

    def table(self) -> TrialTable:
        """Fold the journal."""
        return self.status().table

    def status(self) -> TuningStatus:
        """Fold the journal into table and status, as they stood after its last event."""
        status = TuningStatus(TrialTable(self.problem(), self.metadata.get("tags", {})))
        for event in self.events():
            status.table.apply(event)
            if isinstance(event, (Reported, ReportedBlock)):
                status.update(event)
            status.wallclock_time = time_of(event)
        return status

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row a report, with the documented columns."""
        return result_rows(self.events(), self.metadata)

    def export(self) -> Path:
        """Write results.csv.zip into the folder and return its path."""
        return write_results(self.path, self.events(), self.metadata)

    def best_config(self, metric: str | int = 0) -> dict[str, Any]:
        """Trial, metric and configuration of the best observation.

        Raises ExperimentError if nothing finite and feasible was reported yet.
        """
        table = self.table()
        index = objective_index(table.problem, metric)
        found = best_metric(table, index)
        if found is None:
            raise ExperimentError(
                f"experiment '{self.name}' has no finite, feasible value of "
                f"'{table.problem.objectives[index].name}' yet"
            )
        trial, value = found
        return {
            "trial_id": trial,
            table.problem.objectives[index].name: value,
            **{f"config_{name}": v for name, v in table.configs[trial].items()},
        }

    def trial_path(self, trial: int) -> Path:
        """The folder of a trial's files: config.json, std.out, std.err, checkpoints."""
        elsewhere = self.metadata["tuner"].get("trial_backend_path")
        return (self.path if elsewhere is None else Path(elsewhere)) / str(trial)

    def checkpoint_path(self, trial: int | None = None, metric: str | int = 0) -> Path:
        """The folder of a trial's checkpoint, by default that of the best trial in a metric.

        Raises ExperimentError if there is none.
        """
        best = trial is None
        number: int = self.best_config(metric)["trial_id"] if trial is None else trial
        path = self.trial_path(number) / "checkpoints"
        if not path.is_dir():
            raise ExperimentError(
                f"trial {number}{', the best one,' if best else ''} has no checkpoint in {path}: "
                "its script wrote none, or it was removed (delete_checkpoints=True, or a scheduler "
                "that limits their number). `retrain` runs its configuration again"
            )
        return path

    def retrain(self, **arguments: Any) -> Retrained:
        """Run the best configuration again, or another one; see `synecore.tuning.retrain`."""
        from synecore.tuning.retrain import retrain

        return retrain(self, **arguments)


def objective_index(problem: Problem, metric: str | int) -> int:
    """Index of an objective given by index or name."""
    names = [objective.name for objective in problem.objectives]
    if isinstance(metric, str):
        if metric not in names:
            raise OptionError(
                f"metric {metric!r} is no objective of the experiment: {', '.join(names)}"
            )
        return names.index(metric)
    if not 0 <= metric < len(names):
        raise OptionError(f"metric {metric} is out of range; the objectives are {', '.join(names)}")
    return metric


def create(name: str, metadata: Mapping[str, Any], folder: Path | None = None) -> Experiment:
    """Make the folder of a new experiment and write its metadata."""
    path = folder or experiment_path(name)
    metadata = {
        "format": FORMAT, "name": name, SMT_TUNER_CREATION_TIMESTAMP: time.time(), **metadata
    }  # fmt: skip
    _as_text(metadata)  # refused before anything is made
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExperimentError(
            f"cannot make the experiment's folder {path}: {error.strerror}; "
            "choose another place with SYNECORE_FOLDER"
        ) from error
    if (path / ST_METADATA_FILENAME).exists():
        raise ExperimentError(
            f"experiment '{name}' exists already in {path}; resume it (`synecore resume "
            f"{name}`), choose "
            "another tuner_name, or leave suffix_tuner_name=True"
        )
    experiment = Experiment(path, metadata)
    write_metadata(experiment)
    return experiment


def write_metadata(experiment: Experiment) -> None:
    """Write metadata.json, whole or not at all."""
    file, text = experiment.path / ST_METADATA_FILENAME, _as_text(experiment.metadata)
    try:
        write_atomically(file, text.encode())
    except OSError as error:
        raise ExperimentError(
            f"cannot write {file}: {error.strerror}; make room or choose another place with "
            "SYNECORE_FOLDER"
        ) from error


def _as_text(metadata: Mapping[str, Any]) -> str:
    try:
        return json.dumps(metadata, indent=1)
    except (TypeError, ValueError) as error:
        raise OptionError(f"Tuner: metadata must consist of JSON values: {error}") from error


def mark_ended(experiment: Experiment, reason: str | None) -> Experiment:
    """Write why the last run ended; None while one goes on, and after an interruption."""
    if experiment.metadata.get("ended") == reason:
        return experiment
    marked = attrs.evolve(experiment, metadata={**experiment.metadata, "ended": reason})
    write_metadata(marked)
    return marked


def finish(experiment: Experiment, reason: str | None) -> Experiment:
    """Write the results and why the run ended. Both are exports: a full disk costs no result."""
    try:
        experiment.export()
        return mark_ended(experiment, reason)
    except (OSError, ExperimentError) as error:
        logger.error(
            "results.csv.zip or metadata.json of '%s' could not be written: %s; every event is "
            "kept, and `synecore results %s --export` writes the results later",
            experiment.name, error, experiment.name,
        )  # fmt: skip
        return experiment


def open_store(spec: Mapping[str, Any], folder: Path, mode: str = "a") -> ResultStore:
    """Build a store on a folder from its name and options."""
    from synecore.plugins.make import make_store  # resolves names, so not at import

    options = {**spec, "folder": str(folder), "mode": mode}
    store: ResultStore = make_store(options.pop("name"), **options)
    return store


def check_store(spec: Mapping[str, Any]) -> None:
    """Raise OptionError or UnknownComponentError for a store that could not be built."""
    from synecore.plugins.construct import reference
    from synecore.plugins.registry import default_registry
    from synecore.plugins.resolve import resolve

    options = {**spec, "folder": "", "mode": "a"}
    resolve(default_registry(), reference("store", options.pop("name"), options), "store")
