"""Keras 3: report the logs of each epoch, and go on from checkpoints.

model, epochs_done = load_checkpoint(args.st_checkpoint_dir)
if model is None:
    model = build_and_compile(args)
model.fit(x, y, validation_data=val, epochs=args.epochs, initial_epoch=epochs_done, callbacks=[
    ReportCallback({"val_loss": "loss"}, checkpoint_dir=args.st_checkpoint_dir)
])
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from synecore_integrations.framework import imported
from synecore_integrations.metric_reports import MetricNames, MetricReports

with imported("Keras", "keras", "keras"):
    import keras

__all__ = ["ReportCallback", "load_checkpoint"]

FILE = re.compile(r"epoch-(\d+)\.keras")


class ReportCallback(keras.callbacks.Callback):  # type: ignore[misc]  # a class of no known type
    """Reports the logs of each epoch, those of the training and `val_...` ones.

    Epochs count from 1, those before a resumption included (`initial_epoch`).

    Args:
        metrics: Name in the logs -> name in the report; or names; None for all.
        resource_attr: Name of the epoch in the report.
        checkpoint_dir: Where to save the model, with its optimiser, before each report; None for no
            checkpoints. The script's argument `st_checkpoint_dir`. The last one stays.
    """

    def __init__(
        self,
        metrics: MetricNames = None,
        *,
        resource_attr: str = "epoch",
        checkpoint_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__()
        self._report = MetricReports(metrics, resource_attr, "what Keras logged")
        self._checkpoint_dir = checkpoint_dir

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Save the model, then report, since a trial may be paused at its report.

        Raises:
            OptionError: A metric of `metrics` is not in the logs.
        """
        if self._checkpoint_dir is not None:
            _save(self.model, os.fspath(self._checkpoint_dir), epoch + 1)
        self._report(logs or {}, epoch + 1)


def load_checkpoint(checkpoint_dir: str | os.PathLike[str] | None) -> tuple[Any, int]:
    """Return the compiled model of the last checkpoint and the epochs it was trained for.

    Returns:
        None and 0 if there is no checkpoint.
    """
    found = _checkpoints(checkpoint_dir)
    if not found:
        return None, 0
    epoch = max(found)
    return keras.models.load_model(found[epoch]), epoch


def _checkpoints(folder: str | os.PathLike[str] | None) -> dict[int, str]:
    """Return the checkpoints of a folder by their epochs."""
    if folder is None or not os.path.isdir(folder):
        return {}
    matches = filter(None, map(FILE.fullmatch, os.listdir(folder)))
    return {int(match[1]): os.path.join(folder, match[0]) for match in matches}


def _save(model: Any, folder: str, epoch: int) -> None:
    """Write a checkpoint whole, under its epoch's name, and only then remove the one before."""
    os.makedirs(folder, exist_ok=True)
    before = _checkpoints(folder)
    unfinished = os.path.join(folder, "unfinished.keras")
    model.save(unfinished)
    os.replace(unfinished, os.path.join(folder, f"epoch-{epoch}.keras"))
    for other, path in before.items():
        if other != epoch:
            os.remove(path)
