"""Run one configuration of an experiment again, most of all the best one, after the experiment."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from synecore.actions import Ended
from synecore.errors import ExperimentError, OptionError, did_you_mean
from synecore.problem import Problem
from synecore.protocols import Backend, Job, RunContext
from synecore.tuning.experiment import Experiment
from synecore.tuning.results import reports_of

FOLDER = "retrained"  # in the experiment's: 0, 1, … with the files of a trial each
_LONGEST_WAIT = 0.5  # seconds


@attrs.frozen(kw_only=True)
class Retrained:
    """What a configuration gave when it was run again."""

    config: Mapping[str, Any]
    reports: list[Mapping[str, Any]]
    path: Path  # its files: config.json, std.out, std.err
    checkpoint: Path | None  # None if it wrote none

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The last report."""
        return self.reports[-1] if self.reports else {}


def retrain(
    experiment: Experiment,
    *,
    trial: int | None = None,
    metric: str | int = 0,
    changes: Mapping[str, Any] | None = None,
    from_checkpoint: bool = False,
    trial_backend: Backend | None = None,
    on_report: Callable[[Mapping[str, Any]], None] = lambda metrics: None,
) -> Retrained:
    """Run a trial's configuration again, to its full resource, beside the experiment.

    The experiment stays as it is; files go to `<experiment>/retrained/<n>/`.

    trial, metric
        Which trial; by default the best one in this metric.
    changes
        Other values for some entries of the configuration, such as more epochs.
    from_checkpoint
        Start from a copy of the trial's checkpoint.
    trial_backend
        Needed where the experiment was run with an object of your own, or tuned a function.
    on_report
        Called with each report when it comes.

    Raises
    ------
    ExperimentError
        The trial failed, or has no checkpoint to start from.
    OptionError
        There is no such trial, or `changes` names no entry of the configuration.
    """
    table = experiment.table()
    if trial is None:
        trial = int(experiment.best_config(metric)["trial_id"])
    if not 0 <= trial < table.n_trials:
        raise OptionError(f"retrain: there is no trial {trial}; {table.n_trials} were started")
    config = _changed(table.configs[trial], changes or {})
    backend = trial_backend or _recorded_backend(experiment)
    root = experiment.path / FOLDER
    number = 1 + max((int(p.name) for p in root.glob("*") if p.name.isdigit()), default=-1)
    folder = root / str(number)
    folder.mkdir(parents=True)
    if from_checkpoint:
        shutil.copytree(experiment.checkpoint_path(trial), folder / "checkpoints", symlinks=True)
    job = Job(
        trial=number, config=config, until=_full(table.problem, config), milestone=math.inf,
        checkpoint_of=None, resumes=from_checkpoint,
    )  # fmt: skip
    reports = _run(backend, job, table.problem, root, on_report)
    checkpoint = folder / "checkpoints"
    return Retrained(
        config=config, reports=reports, path=folder,
        checkpoint=checkpoint if checkpoint.is_dir() else None,
    )  # fmt: skip


def _recorded_backend(experiment: Experiment) -> Backend:
    from synecore.plugins.make import rebuild  # resolves names, so not at import

    spec = experiment.metadata["components"]["backend"]
    try:
        if spec is not None:
            backend: Backend = rebuild(spec)
            return backend
    except ExperimentError as error:  # of a function, say
        reason = f": {error}"
    else:
        reason = ""
    raise ExperimentError(
        f"the backend of experiment '{experiment.name}' cannot be made from its record{reason}; "
        "give one, as in experiment.retrain(trial_backend=…)"
    )


def _changed(config: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    for name in changes:
        if name not in config:
            raise OptionError(
                f"retrain: the configuration has no {name!r}{did_you_mean(name, config) or '.'} "
                f"It has {', '.join(map(repr, config))}"
            )
    return {**config, **changes}


def _full(problem: Problem, config: Mapping[str, Any]) -> float:
    """The resource to which a trial of this configuration runs."""
    fidelity = problem.fidelity
    if fidelity is None:
        return math.inf
    if fidelity.attr is not None:
        return float(config[fidelity.attr])
    return float(fidelity.high)


def _run(
    backend: Backend,
    job: Job,
    problem: Problem,
    root: Path,
    on_report: Callable[[Mapping[str, Any]], None],
) -> list[Mapping[str, Any]]:
    reports: list[Mapping[str, Any]] = []
    resource = problem.fidelity.name if problem.fidelity is not None else None
    full = False
    backend.open(
        RunContext(
            folder=root, problem=problem, seed=np.random.SeedSequence(), n_workers=1,
            decides="reports", now=0.0,
        )
    )  # fmt: skip
    try:
        backend.start(job)
        while True:
            for event in backend.poll(_LONGEST_WAIT):
                if isinstance(event, Ended):
                    if event.exit == "ok" or full:
                        return reports
                    raise ExperimentError(
                        f"retrain: {dict(job.config)} failed: {event.error or 'killed'}\n"
                        f"Its files are in {root / str(job.trial)}"
                    )
                for _, _, metrics in reports_of(event):
                    reports.append(metrics)
                    on_report(metrics)
                    if resource is not None and not full and metrics[resource] >= job.until:
                        full = True  # a script that does not know its limit is stopped there
                        backend.stop(job.trial, keep_checkpoint=True)
    finally:
        backend.close()
