"""Logs an experiment to MLflow while it runs."""

from __future__ import annotations

import os

from synecore.plugins import ExperimentView, Setup

from .library import load
from .mlflow_runs import MlflowRuns
from .observer import TrackerObserver
from .options import MlflowOptions


class MlflowCallback(TrackerObserver):
    """A run in MLflow, with a nested run a trial: parameters, metrics by step, how it ended.

    The outer run has the best so far as metrics, and the trial and configuration it comes from as
    tags. Everything is sent from a thread, about once a second.

    Args:
        tracking_uri: Where to. None: MLFLOW_TRACKING_URI, else the SQLite file `mlflow.db` in the
            experiment's folder; then MLflow's own usage reports are switched off too.
        experiment_name: Experiment in MLflow's words. None: our experiment's name.
        run_name: Of the outer run. None: our experiment's name.

    Raises:
        PluginError: where MLflow is not installed, with what to install.
    """

    name = "MLflow"

    def __init__(
        self,
        tracking_uri: str | None = None,
        experiment_name: str | None = None,
        run_name: str | None = None,
    ) -> None:
        self.tracking_uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
        self.experiment_name, self.run_name = experiment_name, run_name
        if self.tracking_uri is None:
            os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read at the import
        self._library = load("mlflow", "MlflowCallback", "mlflow")
        if self.tracking_uri is None:  # now, rather than in the thread
            for needed in ("sqlalchemy", "alembic"):
                load(needed, "MlflowCallback", "mlflow")

    def tracker(self, experiment: ExperimentView) -> MlflowRuns:
        return MlflowRuns(
            self._library, experiment, self.tracking_uri,
            experiment_name=self.experiment_name or experiment.name,
            run_name=self.run_name or experiment.name,
        )  # fmt: skip


def make(setup: Setup, options: MlflowOptions) -> MlflowCallback:
    return MlflowCallback(options.tracking_uri, options.experiment_name, options.run_name)
