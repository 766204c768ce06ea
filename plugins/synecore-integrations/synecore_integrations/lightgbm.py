"""LightGBM: report each boosting round, and go on from checkpoints.

    booster, rounds_done = load_checkpoint(args.st_checkpoint_dir)
    lightgbm.train(
        params, train, num_boost_round=args.rounds - rounds_done, init_model=booster,
        valid_sets=[val], valid_names=["val"], callbacks=[
            ReportCallback({"val-binary_logloss": "loss"}, checkpoint_dir=args.st_checkpoint_dir)
        ],
    )

`LGBMClassifier.fit(callbacks=[...])` and `lightgbm.cv(callbacks=[...])` take the callback too.
"""

from __future__ import annotations

import os
from typing import Any

from synecore_integrations.booster_checkpoint import BoosterCheckpoint, written
from synecore_integrations.framework import imported
from synecore_integrations.metric_reports import MetricNames, MetricReports

with imported("LightGBM", "lightgbm", "lightgbm"):
    import lightgbm

__all__ = ["FILE", "ReportCallback", "load_checkpoint"]

FILE = "model.txt"


class ReportCallback:
    """Reports the evaluation of each boosting round.

    Metrics are named data set, hyphen, metric (`val-binary_logloss`); under `lightgbm.cv` with
    `-mean` and `-stdv`, as in what it returns. Rounds count from 1, those before a resumption
    included.

    Args:
        metrics: Name in LightGBM -> name in the report; or names; None for all.
        resource_attr: Name of the number of rounds in the report.
        checkpoint_dir: Where to keep the model as `model.txt`, written before the report; None for
            nowhere. The script's argument `st_checkpoint_dir`. Not under `lightgbm.cv`.
        checkpoint_every: Rounds between two checkpoints. The last round always has one.

    Raises:
        OptionError: An option is wrong.
    """

    # As LightGBM asks of a callback. It calls callbacks in order, and `early_stopping`, which ends
    # the training by an exception, is 30: its round is to be reported too.
    order = 25
    before_iteration = False

    def __init__(
        self,
        metrics: MetricNames = None,
        *,
        resource_attr: str = "epoch",
        checkpoint_dir: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1,
    ) -> None:
        self._report = MetricReports(metrics, resource_attr, "what LightGBM evaluated")
        self._checkpoint = BoosterCheckpoint(checkpoint_dir, checkpoint_every, FILE)

    def __call__(self, env: Any) -> None:
        """Write the checkpoint, if it is time, then report.

        Raises:
            OptionError: Nothing was evaluated, or not what `metrics` names.
        """
        rounds = env.iteration + 1
        last = rounds == env.end_iteration
        if isinstance(env.model, lightgbm.Booster) and (last or self._checkpoint.is_due(rounds)):
            self._checkpoint.write(env.model.model_to_string().encode())
        self._report(_metrics(env.evaluation_result_list or []), rounds)


def load_checkpoint(checkpoint_dir: str | os.PathLike[str] | None) -> tuple[Any, int]:
    """Return the booster of the checkpoint and its number of rounds.

    Returns:
        None and 0 if there is no checkpoint.
    """
    path = written(checkpoint_dir, FILE)
    if path is None:
        return None, 0
    booster = lightgbm.Booster(model_file=path)
    return booster, booster.current_iteration()


def _metrics(results: list[Any]) -> dict[str, float]:
    """Return the metrics of a round; of folds, their mean and standard deviation."""
    found = {}
    for data, metric, value, _, *stdv in results:
        name = f"{data}-{metric}"
        if stdv and stdv[0] is not None:
            found[f"{name}-mean"], found[f"{name}-stdv"] = value, stdv[0]
        else:
            found[name] = value
    return found
