"""Logs an experiment to Weights & Biases while it runs."""

from __future__ import annotations

import os

from synecore.errors import OptionError, did_you_mean
from synecore.plugins import ExperimentView, Setup

from .library import load
from .observer import TrackerObserver
from .options import WandbOptions
from .wandb_runs import WandbRuns

MODES = ("offline", "online", "disabled")
PROJECT = "synecore"


class WandbCallback(TrackerObserver):
    """A run in Weights & Biases a trial, and one of the best so far, in one group.

    Nothing is sent unless `mode`, or WANDB_MODE, says "online": the runs are kept in the
    experiment's folder, and `wandb sync` sends them.

    Args:
        project: Of the runs. None: WANDB_PROJECT, else "synecore".
        entity: User or team. None: what wandb is set up with.
        group: What the runs are grouped by. None: the experiment's name.
        mode: "offline", "online" or "disabled". None: WANDB_MODE, else "offline". Offline, wandb's
            own error reports are switched off too.

    Raises:
        OptionError: for another mode.
        PluginError: where wandb is not installed, with what to install.
    """

    name = "Weights & Biases"

    def __init__(
        self,
        project: str | None = None,
        entity: str | None = None,
        group: str | None = None,
        mode: str | None = None,
    ) -> None:
        if mode not in (None, *MODES):
            raise OptionError(
                f"WandbCallback: 'mode' must be one of {', '.join(MODES)}, got {mode!r}"
                f"{did_you_mean(mode, MODES)}"
            )
        self.project = project or os.environ.get("WANDB_PROJECT") or PROJECT
        self.entity, self.group = entity, group
        self.mode = mode or os.environ.get("WANDB_MODE") or "offline"
        if self.mode != "online":
            os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # read at the import
        self._library = load("wandb", "WandbCallback", "wandb")

    def tracker(self, experiment: ExperimentView) -> WandbRuns:
        return WandbRuns(
            self._library, experiment, project=self.project, entity=self.entity,
            group=self.group or experiment.name, mode=self.mode,
        )  # fmt: skip


def make(setup: Setup, options: WandbOptions) -> WandbCallback:
    return WandbCallback(options.project, options.entity, options.group, options.mode)
