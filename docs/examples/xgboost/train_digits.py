"""Train boosted trees on the digits: reports each round, keeps the model, goes on from it.

python train_digits.py --n_estimators 20 --max_depth 3
"""

from __future__ import annotations

import argparse
from os import PathLike
from typing import Any

import xgboost
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from synecore_integrations.xgboost import ReportCallback, load_checkpoint


def data() -> list[Any]:
    """Return images and labels: to train on, to validate on, and to test on in the end."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.25, random_state=42)
    pairs = [(X_train, y_train), (X_val, y_val), (X_test, y_test)]
    return [xgboost.DMatrix(images, labels) for images, labels in pairs]


def train(args: argparse.Namespace) -> None:
    """Train to `n_estimators` rounds, from the checkpoint if there is one."""
    training, validation, _ = data()
    booster, rounds_done = load_checkpoint(args.st_checkpoint_dir)
    xgboost.train(
        {
            "objective": "multi:softmax",
            "num_class": 10,
            "eval_metric": "merror",
            "max_depth": args.max_depth,
            "gamma": args.gamma,
            "reg_lambda": args.reg_lambda,
        },
        training,
        num_boost_round=args.n_estimators - rounds_done,
        xgb_model=booster,
        evals=[(validation, "validation")],
        verbose_eval=False,
        callbacks=[
            ReportCallback(
                {"validation-merror": "merror"},
                resource_attr="round",
                checkpoint_dir=args.st_checkpoint_dir,  # as model.json
            )
        ],
    )


def accuracy_on_test(checkpoint_dir: str | PathLike[str]) -> float:
    """Return the share of the test images that the model of a checkpoint reads rightly."""
    booster, _ = load_checkpoint(checkpoint_dir)
    test = data()[2]
    return float((booster.predict(test) == test.get_label()).mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--n_estimators", type=int, default=10)
    parser.add_argument("--max_depth", type=int, default=3)
    parser.add_argument("--gamma", type=float, default=2.0)
    parser.add_argument("--reg_lambda", type=float, default=0.001)
    parser.add_argument("--st_checkpoint_dir")
    train(parser.parse_known_args()[0])
