"""Train a multi-layer perceptron on scikit-learn's digits, a report and a checkpoint an epoch.

Runs alone, `python train.py --epochs 5`, or as a trial.
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path

import joblib
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from synecore import Reporter


def arguments() -> argparse.Namespace:
    """Return the configuration, and where to keep checkpoints, if anywhere."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning_rate", type=float, default=1e-3)
    parser.add_argument("--hidden_units", type=int, default=64)
    parser.add_argument("--hidden_layers", type=int, default=1)
    parser.add_argument("--activation", default="relu")
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--weight_decay", type=float, default=1e-4)
    parser.add_argument("--solver", default="adam")
    parser.add_argument("--momentum", type=float, default=0.9)  # of "sgd" alone
    parser.add_argument("--epochs", type=int, default=27)
    parser.add_argument("--st_checkpoint_dir", type=Path)
    return parser.parse_known_args()[0]


def main() -> None:
    """Train from the checkpoint, if there is one, to the last epoch."""
    args = arguments()
    X, y = load_digits(return_X_y=True)
    X_train, X_valid, y_train, y_valid = train_test_split(
        X / 16.0, y, test_size=0.3, random_state=0, stratify=y
    )
    model = MLPClassifier(
        hidden_layer_sizes=(args.hidden_units,) * args.hidden_layers,
        activation=args.activation,
        solver=args.solver,
        alpha=args.weight_decay,
        batch_size=args.batch_size,
        learning_rate_init=args.learning_rate,
        momentum=args.momentum,
        random_state=0,
    )
    begin = 1
    checkpoint = args.st_checkpoint_dir / "model.joblib" if args.st_checkpoint_dir else None
    if checkpoint is not None and checkpoint.exists():
        model, epoch = joblib.load(checkpoint)
        begin = epoch + 1
    report = Reporter()
    for epoch in range(begin, args.epochs + 1):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a diverging loss is reported below
            model.partial_fit(X_train, y_train, classes=range(10))
            probabilities = model.predict_proba(X_valid)
        if checkpoint is not None:
            save(checkpoint, (model, epoch))
        report(
            epoch=epoch,
            valid_error=float((probabilities.argmax(axis=1) != y_valid).mean()),
            valid_loss=float(log_loss(y_valid, probabilities, labels=range(10))),
        )


def save(path: Path, state: object) -> None:
    """Write the checkpoint whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    joblib.dump(state, path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)


if __name__ == "__main__":
    main()
