"""Boosted trees on scikit-learn's digits, with LightGBM."""

import argparse
import json
from pathlib import Path

import lightgbm
from hold import hold
from sklearn.datasets import load_digits

from synecore_integrations.lightgbm import ReportCallback, load_checkpoint


def hold_here(env):
    hold(env.iteration + 1)


hold_here.order = 26  # just behind the report
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, default=0.1)
parser.add_argument("--epochs", type=int)
parser.add_argument("--history", type=Path)
parser.add_argument("--st_checkpoint_dir")
args, _ = parser.parse_known_args()

x, y = load_digits(n_class=4, return_X_y=True)
train = lightgbm.Dataset(x[:400], y[:400], free_raw_data=False)
val = lightgbm.Dataset(x[400:], y[400:], reference=train, free_raw_data=False)
params = {"objective": "multiclass", "num_class": 4, "learning_rate": args.rate, "num_leaves": 4,
          "metric": ["multi_logloss", "multi_error"], "num_threads": 1, "deterministic": True,
          "verbosity": -1}  # fmt: skip
booster, rounds_done = load_checkpoint(args.st_checkpoint_dir)
history: dict[str, dict[str, list[float]]] = {}
lightgbm.train(
    params,
    train,
    num_boost_round=args.epochs - rounds_done,
    init_model=booster,
    valid_sets=[train, val],
    valid_names=["train", "val"],
    callbacks=[
        ReportCallback(
            {"val-multi_logloss": "loss", "train-multi_error": "train_error"},
            checkpoint_dir=args.st_checkpoint_dir,
            checkpoint_every=3,
        ),
        hold_here,
        lightgbm.record_evaluation(history),
        lightgbm.log_evaluation(1),
    ],
)
if args.history:
    pairs = zip(history["val"]["multi_logloss"], history["train"]["multi_error"], strict=True)
    args.history.write_text(
        json.dumps(
            [
                {"epoch": round_, "loss": loss, "train_error": error}
                for round_, (loss, error) in enumerate(pairs, 1)
            ]
        )
    )
