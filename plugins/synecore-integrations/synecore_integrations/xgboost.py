"""XGBoost: report each boosting round, and go on from checkpoints.

    booster, rounds_done = load_checkpoint(args.st_checkpoint_dir)
    xgboost.train(
        params, train, num_boost_round=args.rounds - rounds_done, xgb_model=booster,
        evals=[(val, "val")], callbacks=[
            ReportCallback({"val-merror": "error"}, checkpoint_dir=args.st_checkpoint_dir)
        ],
    )

`XGBClassifier(callbacks=[...])` and `xgboost.cv(callbacks=[...])` take the callback too.
"""

from __future__ import annotations

import os
from typing import Any

from synecore_integrations.booster_checkpoint import BoosterCheckpoint, written
from synecore_integrations.framework import imported
from synecore_integrations.metric_reports import MetricNames, MetricReports

with imported("XGBoost", "xgboost", "xgboost"):
    import xgboost

__all__ = ["FILE", "ReportCallback", "load_checkpoint"]

FILE = "model.json"


class ReportCallback(xgboost.callback.TrainingCallback):  # type: ignore[misc]  # of no known type
    """Reports the evaluation of each boosting round.

    Metrics have the names that XGBoost prints: data set, hyphen, metric (`val-merror`); under
    `xgboost.cv` those of its table (`test-merror-mean`, `test-merror-std`). Rounds count from 1,
    those before a resumption included, but for the booster `gblinear`, which forgets their number.

    Args:
        metrics: Name in XGBoost -> name in the report; or names; None for all.
        resource_attr: Name of the number of rounds in the report.
        checkpoint_dir: Where to keep the model as `model.json`, written before the report; None for
            nowhere. The script's argument `st_checkpoint_dir`. Not under `xgboost.cv`.
        checkpoint_every: Rounds between two checkpoints. The model is always written at the end of
            the training; if `EarlyStopping(save_best=True)` stands before this callback, the best
            model.

    Raises:
        OptionError: An option is wrong.
    """

    def __init__(
        self,
        metrics: MetricNames = None,
        *,
        resource_attr: str = "epoch",
        checkpoint_dir: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1,
    ) -> None:
        super().__init__()
        self._report = MetricReports(metrics, resource_attr, "what XGBoost evaluated")
        self._checkpoint = BoosterCheckpoint(checkpoint_dir, checkpoint_every, FILE)
        self._rounds_before = 0
        self._reported = 0
        self._history: Any = {}

    def before_training(self, model: Any) -> Any:
        """Count the rounds that the model has already."""
        self._rounds_before = model.num_boosted_rounds()
        self._reported = 0
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Write the checkpoint, if it is time, then report.

        Raises:
            OptionError: Nothing was evaluated, or not what `metrics` names.
        """
        self._history = evals_log
        rounds = self._rounds_before + epoch + 1
        if self._checkpoint.is_due(rounds):
            self._save(model)
        self._report(_metrics(evals_log, epoch), rounds)
        self._reported = epoch + 1
        return False

    def after_training(self, model: Any) -> Any:
        """Write the model as it is in the end, and report a last round that was withheld.

        XGBoost does not call the callbacks that stand behind the one which ends the training.
        """
        self._save(model)
        for epoch in range(self._reported, _length(self._history)):
            self._report(_metrics(self._history, epoch), self._rounds_before + epoch + 1)
        return model

    def _save(self, model: Any) -> None:
        if isinstance(model, xgboost.Booster):
            self._checkpoint.write(bytes(model.save_raw(raw_format="json")))


def load_checkpoint(checkpoint_dir: str | os.PathLike[str] | None) -> tuple[Any, int]:
    """Return the booster of the checkpoint and its number of rounds.

    Returns:
        None and 0 if there is no checkpoint.
    """
    path = written(checkpoint_dir, FILE)
    if path is None:
        return None, 0
    booster = xgboost.Booster(model_file=path)
    return booster, booster.num_boosted_rounds()


def _length(history: Any) -> int:
    """Return how many rounds the evaluations of one training have."""
    return max((len(values) for by in history.values() for values in by.values()), default=0)


def _metrics(history: Any, epoch: int) -> dict[str, float]:
    """Return the metrics of a round; of folds, their mean and standard deviation."""
    found = {}
    for data, by_metric in history.items():
        for metric, values in by_metric.items():
            value, name = values[epoch], f"{data}-{metric}"
            if isinstance(value, tuple):
                found[f"{name}-mean"], found[f"{name}-std"] = value
            else:
                found[name] = value
    return found
