"""Train a multi-layer perceptron on scikit-learn's digits; report and keep a checkpoint each epoch.

Alone:     python train.py --epochs 9 --hidden_units 64
As trial:  the tuner adds the configuration as `--name value`, and `--st_checkpoint_dir FOLDER`.

What makes it a script that can be tuned is the `Reporter`, two lines. What makes it one that can be
paused, killed and resumed without a difference is `save` and `load`.
"""

from __future__ import annotations

import argparse
import math
import os
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from synecore import Reporter

CLASSES = np.arange(10)


def arguments() -> argparse.Namespace:
    """Return the configuration; unknown arguments, such as those of a later version, are left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=27)
    parser.add_argument("--learning_rate", type=float, default=1e-3)
    parser.add_argument("--hidden_units", type=int, default=64)
    parser.add_argument("--hidden_layers", type=int, default=1)
    parser.add_argument("--activation", default="relu", choices=["relu", "tanh", "logistic"])
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--weight_decay", type=float, default=1e-4)
    parser.add_argument("--solver", default="adam", choices=["adam", "sgd"])
    parser.add_argument("--momentum", type=float, default=0.9, help="of the solver sgd")
    parser.add_argument("--st_checkpoint_dir", type=Path, help="where the checkpoint is kept")
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
    checkpoint = args.st_checkpoint_dir / "model.npz" if args.st_checkpoint_dir else None
    done = load(checkpoint, model) if checkpoint and checkpoint.exists() else 0
    report = Reporter()
    for epoch in range(done + 1, args.epochs + 1):
        model.set_params(random_state=epoch)  # an epoch's order depends on its number alone
        try:
            model.partial_fit(X_train, y_train, classes=CLASSES)
        except ValueError as error:
            if "non-finite" not in str(error):
                raise
            # The weights grew beyond all bounds. That is a result, and the trial is over.
            report(epoch=epoch, accuracy=math.nan, loss=math.nan)
            return
        probabilities = model.predict_proba(X_valid)
        if checkpoint:  # before the report: after it, the tuner may end this process at any time
            save(checkpoint, model, epoch)
        report(
            epoch=epoch,
            accuracy=float((probabilities.argmax(axis=1) == y_valid).mean()),
            loss=float(log_loss(y_valid, probabilities, labels=CLASSES)),
        )


def save(path: Path, model: MLPClassifier, epoch: int) -> None:
    """Write everything that the next epoch depends on, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name("new.npz")
    steps = getattr(model._optimizer, "t", 0)  # of adam
    np.savez(temporary, epoch=epoch, steps=steps, **state_of(model))
    os.replace(temporary, path)


def load(path: Path, model: MLPClassifier) -> int:
    """Bring a fresh model to the state on disk; return the number of epochs that it has seen."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a batch larger than one row
        model.partial_fit(np.zeros((1, 64)), [0], classes=CLASSES)  # makes the arrays to be filled
    with np.load(path, allow_pickle=False) as saved:
        for name, array in state_of(model).items():
            array[...] = saved[name]
        if hasattr(model._optimizer, "t"):
            model._optimizer.t = int(saved["steps"])
        return int(saved["epoch"])


def state_of(model: MLPClassifier) -> dict[str, np.ndarray]:
    """Return the model's weights and its optimizer's memory, by name, to read or to fill."""
    lists = {"coefs": model.coefs_, "intercepts": model.intercepts_}
    for name in ("velocities", "ms", "vs"):  # sgd has the first, adam the others
        lists[name] = getattr(model._optimizer, name, [])
    return {f"{name}{i}": array for name, arrays in lists.items() for i, array in enumerate(arrays)}


if __name__ == "__main__":
    main()
