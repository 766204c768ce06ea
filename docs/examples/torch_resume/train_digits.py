"""Train a small PyTorch network on scikit-learn's digits; it can be paused and resumed exactly.

Alone:     python train_digits.py --epochs 9 --st_checkpoint_dir somewhere
As trial:  the tuner adds the configuration as `--name value`, and `--st_checkpoint_dir FOLDER`.

A resumed run reaches the very weights of one that never paused, bit for bit: the checkpoint holds
all that the next epoch depends on. That is the weights and the running means of the model, the
moments of the optimizer, where the schedule of the learning rate stands, and both generators.
"""

from __future__ import annotations

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn

from synecore import (
    Reporter,
    checkpoint_model_at_rung_level,
    parse_config,
    pytorch_load_save_functions,
    resume_from_checkpointed_model,
)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=9, help="where to end, for now")
    parser.add_argument("--full_epochs", type=int, default=9, help="length of the schedule")
    parser.add_argument("--learning_rate", type=float, default=1e-2)
    parser.add_argument("--hidden_units", type=int, default=64)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--weight_decay", type=float, default=1e-4)
    return parser


def main() -> None:
    config = parse_config(arguments())
    torch.manual_seed(0)  # first weights, and dropout
    shuffling = torch.Generator().manual_seed(0)

    images, labels = load_digits(return_X_y=True)
    X = torch.tensor(images / 16.0, dtype=torch.float32)
    y = torch.tensor(labels)
    train, valid = torch.arange(len(y)) % 4 != 0, torch.arange(len(y)) % 4 == 0

    model = nn.Sequential(
        nn.Linear(64, config.hidden_units),
        nn.BatchNorm1d(config.hidden_units),
        nn.ReLU(),
        nn.Dropout(config.dropout),
        nn.Linear(config.hidden_units, 10),
    )
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=config.full_epochs)
    progress = {"best_accuracy": 0.0}
    load, save = pytorch_load_save_functions(
        {
            "model": model,
            "optimizer": optimizer,
            "schedule": schedule,
            "shuffling": shuffling,
            "dropout": torch.default_generator,
        },
        mutable_state=progress,
    )

    done = resume_from_checkpointed_model(config, load)
    report = Reporter()
    for epoch in range(done + 1, config.epochs + 1):
        train_epoch(model, optimizer, X[train], y[train], config.batch_size, shuffling)
        schedule.step()
        model.eval()
        with torch.no_grad():
            scores = model(X[valid])
        accuracy = float((scores.argmax(dim=1) == y[valid]).double().mean())
        progress["best_accuracy"] = max(progress["best_accuracy"], accuracy)
        checkpoint_model_at_rung_level(config, save, epoch)  # before the report
        report(
            epoch=epoch,
            accuracy=accuracy,
            loss=float(nn.functional.cross_entropy(scores, y[valid])),
            best_accuracy=progress["best_accuracy"],
        )


def train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    X: torch.Tensor,
    y: torch.Tensor,
    batch_size: int,
    shuffling: torch.Generator,
) -> None:
    """Go once through the data in an order drawn by `shuffling`."""
    model.train()
    for rows in torch.randperm(len(y), generator=shuffling).split(batch_size):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(X[rows]), y[rows]).backward()
        optimizer.step()


if __name__ == "__main__":
    main()
