"""An experiment as runs in Weights & Biases: one a trial, and one of the best so far.

An offline run cannot be asked what it holds, so that is noted beside the runs; when everything is
told again, as much is passed over as is noted of a run.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from synecore.actions import Status
from synecore.constants import SMT_TUNER_CREATION_TIMESTAMP
from synecore.plugins import ExperimentView
from synecore.tuning.chronicle import Best, Point

from .wandb_notes import Notes

FOLDER = "wandb"  # in the experiment's folder; wandb gives it this name
BEST = "best"
REPORTS = "reports"  # of all trials so far: the horizontal axis of the run of the best
# The machine and the packages are those of the tuner, again and again for every trial.
_SETTINGS = {
    "console": "off",
    "disable_git": True,
    "save_code": False,
    "silent": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}


class WandbRuns:
    """Writes what it is told with wandb; see `Tracker`.

    A trial's run is open while the trial runs. If a paused trial goes on, its run is begun again
    under the same identifier; offline that is a further folder, which `wandb sync` joins.

    Args:
        library: The module `wandb`.
        experiment: What is told of.
        project, entity, group, mode: As wandb has them.
    """

    def __init__(
        self,
        library: ModuleType,
        experiment: ExperimentView,
        *,
        project: str,
        entity: str | None,
        group: str,
        mode: str,
    ) -> None:
        self._wandb, self._folder = library, experiment.folder
        known = library.Settings.model_fields  # those with "x_" may come and go
        self._settings = library.Settings(**{k: v for k, v in _SETTINGS.items() if k in known})
        self._common = {"project": project, "entity": entity, "group": group, "mode": mode}
        created = experiment.metadata[SMT_TUNER_CREATION_TIMESTAMP]
        # Unique in the project, for ever: an identifier cannot be used again.
        self._key = hashlib.sha256(f"{experiment.name}@{created}".encode()).hexdigest()[:10]
        self._target = experiment.problem.objectives[0].name
        self._open: dict[str, Any] = {}
        self._configs: dict[str, Mapping[str, Any]] = {BEST: {}}
        self._improvements = 0

    def begin(self) -> None:
        self._notes = Notes(self._folder / FOLDER)
        self._told: Counter[str] = Counter()  # run -> how often, this time and before

    def end(self, cut_short: bool) -> None:
        for name in list(self._open):
            self._close(name, exit_code=int(cut_short))
        self._notes.close()

    def started(self, trial: int, config: Mapping[str, Any], time: float) -> None:
        name = run_of(trial)
        self._configs[name] = config
        if self._is_news(name):
            self._run(name)

    def reported(self, point: Point) -> None:
        self._log(run_of(point.trial), point.values, point.step)

    def improved(self, best: Sequence[Best]) -> None:
        values: dict[str, Any] = {f"best/{found.metric}": found.value for found in best}
        values[REPORTS] = best[0].total
        for found in best:
            if found.metric == self._target:
                values["best_trial"] = found.trial
                config = self._configs[run_of(found.trial)]
                values |= {f"best_config/{name}": value for name, value in config.items()}
        # Not the count of reports: a trial that began again may do better without a new one.
        self._improvements += 1
        self._log(BEST, values, self._improvements)

    def paused(self, trial: int, time: float) -> None:
        """Finish the run: a paused trial may never go on, and there may be hundreds."""
        self._finish(run_of(trial), Status.PAUSED)

    def ended(self, trial: int, status: Status, time: float) -> None:
        self._finish(run_of(trial), status)
        self._configs.pop(run_of(trial), None)

    def flush(self) -> None:
        """Nothing: wandb's own process writes what it is given at once."""

    def _log(self, name: str, values: Mapping[str, Any], step: int) -> None:
        if self._is_news(name):
            self._run(name).log(dict(values), step=step)

    def _finish(self, name: str, status: Status) -> None:
        if self._is_news(name):
            self._run(name).summary["status"] = status.label
            self._close(name, int(status is Status.FAILED))

    def _close(self, name: str, exit_code: int) -> None:
        self._open.pop(name).finish(exit_code=exit_code)
        self._notes.finished(name, self._told[name])

    def _is_news(self, name: str) -> bool:
        self._told[name] += 1
        return self._told[name] > self._notes.held[name]

    def _run(self, name: str) -> Any:
        run = self._open.get(name)
        if run is None:
            run = self._open[name] = self._wandb.init(
                id=f"{self._key}-{name}", name=name, job_type=name.partition("-")[0],
                config=dict(self._configs[name]), dir=str(self._folder), resume="allow",
                reinit="create_new", settings=self._settings, **self._common,
            )  # fmt: skip
            self._notes.begins(name, Path(run.dir).parent.name)
            if name == BEST:
                run.define_metric("*", step_metric=REPORTS)
        return run


def run_of(trial: int) -> str:
    """Return the name of a trial's run."""
    return f"trial-{trial}"
