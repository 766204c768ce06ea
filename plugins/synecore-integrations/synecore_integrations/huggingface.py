"""Hugging Face `Trainer`: report each evaluation, and go on from checkpoints.

trainer = Trainer(
    model, TrainingArguments(output_dir=args.st_checkpoint_dir, num_train_epochs=args.epochs,
                             eval_strategy="epoch", save_strategy="epoch", save_total_limit=1),
    train_dataset=train, eval_dataset=val, callbacks=[ReportCallback({"eval_loss": "loss"})],
)
trainer.train(resume_from_checkpoint=last_checkpoint(args.st_checkpoint_dir))
"""

from __future__ import annotations

import json
import math
import os
from typing import Any

from synecore_integrations.framework import imported
from synecore_integrations.metric_reports import MetricNames, MetricReports

with imported("Hugging Face transformers", "transformers", "huggingface"):
    from transformers import IntervalStrategy, TrainerCallback

__all__ = ["ReportCallback", "last_checkpoint"]

PREFIX = "checkpoint-"  # the Trainer's folder of a checkpoint, before the number of steps
LAST_FILE = "trainer_state.json"  # the last file that the Trainer writes of it


class ReportCallback(TrainerCallback):  # type: ignore[misc]  # a class of no known type
    """Reports each evaluation during the training, after the checkpoint of the same step.

    The resource counts evaluations: with `eval_strategy="epoch"` it is the epoch, with `"steps"`
    the number of times that `eval_steps` steps were done. Evaluations before the first step and
    after the training are not reported, and among several processes only the first reports.

    Args:
        metrics: Name in the trainer (`eval_loss`, ...) -> name in the report; or names; None for
            all.
        resource_attr: Name of the resource in the report.
    """

    def __init__(self, metrics: MetricNames = None, *, resource_attr: str = "epoch") -> None:
        self._report = MetricReports(metrics, resource_attr, "what the Trainer evaluated")
        self._training = False
        self._pending: dict[str, Any] = {}

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Begin to report."""
        self._training = True

    def on_evaluate(
        self,
        args: Any,
        state: Any,
        control: Any,
        metrics: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Keep the metrics until the checkpoint is written.

        With several sets of evaluation data there is one call for each.
        """
        if self._training and state.global_step and state.is_world_process_zero:
            self._pending.update(metrics or {})

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Report what was evaluated before this checkpoint."""
        self._flush(args, state)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Report an evaluation at the end of an epoch without a checkpoint."""
        self._flush(args, state)

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Report an evaluation within an epoch without a checkpoint."""
        self._flush(args, state)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Report the last evaluation, and nothing that is evaluated later."""
        self._flush(args, state)
        self._training = False

    def _flush(self, args: Any, state: Any) -> None:
        if self._pending:
            found, self._pending = self._pending, {}
            self._report(found, _evaluations(args, state))


def _evaluations(args: Any, state: Any) -> int:
    """Return how many evaluations there have been, over interruptions too."""
    if args.eval_strategy == IntervalStrategy.STEPS:
        return math.ceil(int(state.global_step) / int(state.eval_steps))  # the last may be early
    return round(float(state.epoch))


def last_checkpoint(checkpoint_dir: str | os.PathLike[str] | None) -> str | None:
    """Return what to resume from: the newest whole checkpoint of a folder, None if there is none.

    A trial may be killed while it writes one.
    """
    if checkpoint_dir is None or not os.path.isdir(checkpoint_dir):
        return None
    steps = [
        int(name.removeprefix(PREFIX))
        for name in os.listdir(checkpoint_dir)
        if name.startswith(PREFIX) and name.removeprefix(PREFIX).isdigit()
    ]
    for step in sorted(steps, reverse=True):
        path = os.path.join(checkpoint_dir, f"{PREFIX}{step}")
        if _is_whole(path):
            return path
    return None


def _is_whole(checkpoint: str) -> bool:
    try:
        with open(os.path.join(checkpoint, LAST_FILE), encoding="utf-8") as file:
            json.load(file)
    except (OSError, ValueError):
        return False
    return True
