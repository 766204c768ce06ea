"""PyTorch Lightning: report what was logged, epoch by epoch, and go on from checkpoints.

    trainer = Trainer(max_epochs=args.epochs, callbacks=[
        ReportCallback({"val_loss": "loss"}, checkpoint_dir=args.st_checkpoint_dir)
    ])
    trainer.fit(model, train, val, ckpt_path=last_checkpoint(args.st_checkpoint_dir))

Works with either of the two packages, `lightning.pytorch` or `pytorch_lightning`: with the one that
the script imported first, else with the one that is installed.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

from synecore_integrations.framework import imported
from synecore_integrations.metric_reports import MetricNames, MetricReports

__all__ = ["ReportCallback", "last_checkpoint"]

FILE = "last.ckpt"


def _lightning() -> Any:
    """Return the package whose callbacks the script's trainer takes."""
    packages = ("lightning.pytorch", "pytorch_lightning")
    for package in packages:
        if package in sys.modules:
            return sys.modules[package]
    try:
        return importlib.import_module(packages[0])
    except ModuleNotFoundError as error:
        if error.name != "lightning":
            raise
    with imported("PyTorch Lightning", "pytorch_lightning", "lightning"):
        return importlib.import_module(packages[1])


class ReportCallback(_lightning().Callback):  # type: ignore[misc]  # a class of no known type
    """Reports the metrics logged by `self.log(...)`, at the end of each epoch with a validation.

    Epochs count from 1. The values are those of `trainer.callback_metrics` at the end of the
    training
    epoch: what `training_step` and the validation logged, not what the model logs in
    `on_train_epoch_end`, which comes after. Where the model has no validation, each epoch is
    reported. The sanity check before the training is not, and among several processes only the
    first reports.

    Args:
        metrics: Name as logged -> name in the report; or names; None for all metrics.
        resource_attr: Name of the epoch in the report.
        checkpoint_dir: Where to write `last.ckpt` before each report; None for no checkpoints. The
            script's argument `st_checkpoint_dir`.
    """

    def __init__(
        self,
        metrics: MetricNames = None,
        *,
        resource_attr: str = "epoch",
        checkpoint_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__()
        self._report = MetricReports(metrics, resource_attr, "what Lightning logged")
        self._checkpoint_dir = checkpoint_dir
        self._validated = False

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin an epoch without a validation."""
        self._validated = False

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Note that this epoch has a validation."""
        self._validated = True

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Write the checkpoint, then report, since a trial may be paused at its report.

        Raises:
            OptionError: A metric of `metrics` was not logged.
        """
        if not self._validated and trainer.enable_validation:
            return
        if self._checkpoint_dir is not None:  # by all processes: each may hold a part of the state
            trainer.save_checkpoint(os.path.join(self._checkpoint_dir, FILE))
        if trainer.is_global_zero:
            self._report(trainer.callback_metrics, trainer.current_epoch + 1)


def last_checkpoint(checkpoint_dir: str | os.PathLike[str] | None) -> str | None:
    """Return the `ckpt_path` to fit from: what `ReportCallback` wrote last, None if nothing."""
    path = None if checkpoint_dir is None else os.path.join(checkpoint_dir, FILE)
    return path if path is not None and os.path.exists(path) else None
