"""Boosted trees on scikit-learn's digits, with XGBoost."""

import argparse
import json
from pathlib import Path

import xgboost
from hold import hold
from sklearn.datasets import load_digits

from synecore_integrations.xgboost import ReportCallback, load_checkpoint


class Hold(xgboost.callback.TrainingCallback):
    def after_iteration(self, model, epoch, evals_log):
        hold(model.num_boosted_rounds())


parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, default=0.1)
parser.add_argument("--epochs", type=int)
parser.add_argument("--history", type=Path)
parser.add_argument("--st_checkpoint_dir")
args, _ = parser.parse_known_args()

x, y = load_digits(n_class=4, return_X_y=True)
train, val = xgboost.DMatrix(x[:400], y[:400]), xgboost.DMatrix(x[400:], y[400:])
params = {"objective": "multi:softprob", "num_class": 4, "eta": args.rate, "max_depth": 2,
          "eval_metric": ["mlogloss", "merror"], "nthread": 1}  # fmt: skip
booster, rounds_done = load_checkpoint(args.st_checkpoint_dir)
history: dict[str, dict[str, list[float]]] = {}
xgboost.train(
    params,
    train,
    num_boost_round=args.epochs - rounds_done,
    xgb_model=booster,
    evals=[(train, "train"), (val, "val")],
    evals_result=history,
    verbose_eval=True,
    callbacks=[
        ReportCallback(
            {"val-mlogloss": "loss", "train-merror": "train_error"},
            checkpoint_dir=args.st_checkpoint_dir,
            checkpoint_every=3,
        ),
        Hold(),
    ],
)
if args.history:
    pairs = zip(history["val"]["mlogloss"], history["train"]["merror"], strict=True)
    args.history.write_text(
        json.dumps(
            [
                {"epoch": round_, "loss": loss, "train_error": error}
                for round_, (loss, error) in enumerate(pairs, 1)
            ]
        )
    )
