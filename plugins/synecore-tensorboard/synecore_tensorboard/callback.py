"""Writes an experiment's curves where TensorBoard finds them, while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from synecore.actions import Event
from synecore.plugins import ExperimentView, Setup
from synecore.tuning.chronicle import Chronicle, check_mode, goals, target_of

from .options import TensorboardOptions
from .runs import Runs

FOLDER = "tensorboard_output"  # in the experiment's folder


class TensorboardCallback:
    """Event files of the run that a tuner has it observe, in `<experiment>/tensorboard_output`.

    Every number that a trial reports is a scalar of the trial's own run, `trial-7`; the run `best`
    holds the best so far of each objective, and the configuration it was found with. What a tick of
    the loop brought is in the files at its end. After a resumption the files are completed from the
    journal and go on.

    Args:
        ignore_metrics: Reported metrics that are left out. None: all numbers are written.
        target_metric: Metric whose best so far is written, with its configuration. None: the
            objectives, with the configuration of the first one.
        mode: "min" or "max", for the target metric. None: what the problem says of it, or "min".
        log_hyperparameters: Whether the HPARAMS tab gets the configurations.

    Raises:
        OptionError: for another mode.
    """

    def __init__(
        self,
        ignore_metrics: Sequence[str] | None = None,
        target_metric: str | None = None,
        mode: str | None = None,
        log_hyperparameters: bool = True,
    ) -> None:
        check_mode(mode, "TensorboardCallback")
        self.ignore_metrics = frozenset(ignore_metrics or ())
        self.target_metric, self.mode = target_metric, mode
        self.log_hyperparameters = log_hyperparameters

    def experiment_start(self, experiment: ExperimentView) -> None:
        problem = experiment.problem
        name, goal = target_of(problem, self.target_metric, self.mode, who="TensorboardCallback")
        # Given alone, a mode is that of the first objective.
        targets = {name: goal} if self.target_metric else {**goals(problem), name: goal}
        self._runs = Runs(
            output_folder(experiment.folder), problem, list(targets),
            ignored=self.ignore_metrics, hparams=self.log_hyperparameters,
        )  # fmt: skip
        self._chronicle = Chronicle(experiment, self._runs, targets)
        self._chronicle.recall()
        self._runs.flush()

    def events(self, experiment: ExperimentView, events: Sequence[Event]) -> None:
        self._chronicle.tell(events)
        self._runs.flush()

    def experiment_end(self, experiment: ExperimentView, reason: str) -> None:
        self._runs.flush()


def output_folder(experiment: Path) -> Path:
    """Return the folder that `tensorboard --logdir` is to be given."""
    return experiment / FOLDER


def make(setup: Setup, options: TensorboardOptions) -> TensorboardCallback:
    return TensorboardCallback(
        options.ignore_metrics, options.target_metric, options.mode, options.log_hyperparameters
    )
