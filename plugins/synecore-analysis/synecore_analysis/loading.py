"""Experiments on disk, one or many, as results."""

from __future__ import annotations

import json
import logging
import zipfile
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synecore.constants import (
    SMT_TUNER_CREATION_TIMESTAMP,
    ST_METADATA_FILENAME,
    ST_RESULTS_DATAFRAME_FILENAME,
)
from synecore.errors import ExperimentError, SynecoreError
from synecore.paths import experiment_names, experiments_root
from synecore.tuning.experiment import Experiment
from synecore.tuning.results import result_rows

from .result import ExperimentResult
from .trial_log import TrialLog

if TYPE_CHECKING:
    import pandas as pd

    from synecore import Tuner

logger = logging.getLogger(__name__)

PathFilter = Callable[[str], bool]
ExperimentFilter = Callable[[ExperimentResult], bool]


def load_experiment(
    tuner_name: str | PathLike[str],
    download_if_not_found: bool = True,
    load_tuner: bool = False,
    local_path: str | PathLike[str] | None = None,
    experiment_name: str | None = None,
) -> ExperimentResult:
    """Load an experiment, also while it runs.

    Args:
        tuner_name: The experiment's name (an unambiguous beginning will do), a nested name such
            as "study/run", or the path of its folder.
        download_if_not_found: Accepted; nothing is downloaded yet.
        load_tuner: Whether `.tuner` is to be a tuner that goes on with the experiment. It stays
            None, with a warning that says why, where that is not possible.
        local_path: Folder of experiments; else SYNECORE_FOLDER, else `~/synecore`.
        experiment_name: First part of a nested name, for experiments of one study.

    Raises:
        ExperimentError: It cannot be found or read.
    """
    name = tuner_name if experiment_name is None else Path(experiment_name) / tuner_name
    experiment = Experiment.open(name, local_path)
    result = as_result(experiment)
    if load_tuner:
        result.tuner = _load_tuner(experiment)
    return result


def as_result(experiment: Experiment | ExperimentResult | str | PathLike[str]) -> ExperimentResult:
    """The results of an experiment given as such, or by name or path."""
    if isinstance(experiment, ExperimentResult):
        return experiment
    if not isinstance(experiment, Experiment):
        return load_experiment(experiment)
    try:
        return _from_journal(experiment)
    except (SynecoreError, KeyError) as error:
        return _from_export(experiment, error)


def _from_journal(experiment: Experiment) -> ExperimentResult:
    from .frames import REPORT_COLUMNS, TRIAL_COLUMNS, frame_of

    log = TrialLog()
    rows = result_rows(log.watch(experiment.events()), experiment.metadata)
    results = frame_of(rows, REPORT_COLUMNS)
    return ExperimentResult(
        experiment.name, results, experiment.metadata, None, experiment.path,
        trials=frame_of(log.rows, TRIAL_COLUMNS), seconds=log.last,
    )  # fmt: skip


def _from_export(experiment: Experiment, error: Exception) -> ExperimentResult:
    """Read what was exported, where the journal or what reads it is missing."""
    from .frames import read_results

    path = experiment.path
    name = str(experiment.metadata.get("name", path.name))
    export = path / ST_RESULTS_DATAFRAME_FILENAME
    if "store" in experiment.metadata:  # there should be a journal
        if not export.is_file():
            raise ExperimentError(
                f"the results of experiment '{name}' cannot be read: {error}; and {path} has no "
                f"{ST_RESULTS_DATAFRAME_FILENAME} to read instead"
            ) from error
        logger.warning(
            "the journal of experiment '%s' cannot be read: %s; its results are those of %s, "
            "which may be older", name, error, ST_RESULTS_DATAFRAME_FILENAME,
        )  # fmt: skip
    elif not export.is_file():
        raise ExperimentError(
            f"{path} has neither a journal nor {ST_RESULTS_DATAFRAME_FILENAME}; there are no "
            "results to read"
        ) from error
    try:
        results = read_results(export)
    except (OSError, ValueError, zipfile.BadZipFile) as problem:
        raise ExperimentError(f"{export} cannot be read: {problem}") from problem
    return ExperimentResult(name, results, experiment.metadata, None, path)


def _load_tuner(experiment: Experiment) -> Tuner | None:
    from synecore import Tuner

    try:
        return Tuner.resume(experiment.path)
    except (SynecoreError, KeyError) as error:
        logger.warning("no tuner for experiment '%s': %s", experiment.path.name, error)
        return None


def get_metadata(
    path_filter: PathFilter | None = None, root: str | PathLike[str] | None = None
) -> dict[str, dict[str, Any]]:
    """metadata.json of all experiments below `root`, by their names ("study/run" for nested ones).

    Args:
        path_filter: Given the path of an experiment's folder, whether to include it.
        root: Folder of experiments; else SYNECORE_FOLDER, else `~/synecore`.
    """
    folder = experiments_root(root)
    found = {}
    for name in experiment_names(folder):
        path = folder / name
        if path_filter is not None and not path_filter(str(path)):
            continue
        try:
            text = (path / ST_METADATA_FILENAME).read_text(encoding="utf-8")
            found[name] = dict(json.loads(text))
        except (OSError, ValueError, TypeError) as error:
            logger.warning("experiment '%s' is left out: %s", name, error)
    return found


def list_experiments(
    path_filter: PathFilter | None = None,
    experiment_filter: ExperimentFilter | None = None,
    root: str | PathLike[str] | None = None,
    load_tuner: bool = False,
) -> list[ExperimentResult]:
    """All experiments below `root` that can be read, the latest first.

    Args:
        path_filter: Given the path of an experiment's folder, whether to load it.
        experiment_filter: Given what was loaded, whether to keep it.
        root: Folder of experiments; else SYNECORE_FOLDER, else `~/synecore`.
        load_tuner: As for `load_experiment`.
    """
    found = []
    folder = experiments_root(root)
    for name in get_metadata(path_filter, folder):
        try:
            result = load_experiment(name, load_tuner=load_tuner, local_path=folder)
        except SynecoreError as error:
            logger.warning("experiment '%s' is left out: %s", name, error)
            continue
        if experiment_filter is None or experiment_filter(result):
            found.append(result)
    return sorted(found, key=_age)


def _age(result: ExperimentResult) -> float:
    return -float(result.metadata.get(SMT_TUNER_CREATION_TIMESTAMP, 0.0))


def load_experiments_df(
    path_filter: PathFilter | None = None,
    experiment_filter: ExperimentFilter | None = None,
    root: str | PathLike[str] | None = None,
    load_tuner: bool = False,
) -> pd.DataFrame:
    """The reports of many experiments in one frame, oldest experiment first.

    The columns are those of `ExperimentResult.results` and, for grouping, the single values of
    each experiment's metadata (`scheduler_name`, `backend`, your own). Arguments as for
    `list_experiments`.
    """
    import pandas as pd

    from .frames import REPORT_COLUMNS, frame_of

    results = list_experiments(path_filter, experiment_filter, root, load_tuner)
    frames = [_with_metadata(result) for result in reversed(results) if len(result.results)]
    if not frames:
        return frame_of((), REPORT_COLUMNS)
    return pd.concat(frames, ignore_index=True)


def _with_metadata(result: ExperimentResult) -> pd.DataFrame:
    frame = result.results
    added = {
        name: value
        for name, value in _single_values(result.metadata).items()
        if name not in frame.columns and name != "name"
    }
    return frame.assign(**{**added, "tuner_name": result.name})


def _single_values(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Values that fit a cell; of a list, one column an item."""
    found: dict[str, Any] = {}
    for name, value in metadata.items():
        if isinstance(value, str | int | float | bool):
            found[name] = value
        elif isinstance(value, list) and all(isinstance(item, str | float | int) for item in value):
            columns = {f"{name}-{i}": item for i, item in enumerate(value)}
            found |= {name: value[0]} if len(value) == 1 else columns
    return found
