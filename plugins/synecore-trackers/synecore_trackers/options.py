"""Options of the trackers."""

from __future__ import annotations

from typing import Literal

import attrs

from synecore.options import option


@attrs.frozen(kw_only=True)
class MlflowOptions:
    """Where MLflow's runs go, and their names."""

    tracking_uri: str | None = option(
        default=None,
        doc="Server, database or folder; by default MLFLOW_TRACKING_URI, else the SQLite file "
        "mlflow.db in the experiment's folder.",
    )
    experiment_name: str | None = option(
        default=None, doc="Experiment in MLflow's words, made where it is missing; by default ours."
    )
    run_name: str | None = option(
        default=None, doc="Name of the run that the trials' runs are nested in; by default ours."
    )


@attrs.frozen(kw_only=True)
class WandbOptions:
    """Where the runs of Weights & Biases go, and how they are grouped."""

    project: str | None = option(
        default=None, doc="Project of the runs; by default WANDB_PROJECT, else 'synecore'."
    )
    entity: str | None = option(
        default=None, doc="User or team; by default what wandb is set up with."
    )
    group: str | None = option(
        default=None, doc="What the runs are grouped by; by default the experiment's name."
    )
    mode: Literal["offline", "online", "disabled"] | None = option(
        default=None, doc="By default WANDB_MODE, else 'offline': nothing is sent."
    )
