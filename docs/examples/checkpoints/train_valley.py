"""Stands in for training: a descent along a curved valley, with checkpoints as JSON.

Alone:     python train_valley.py --rate 0.002 --momentum 0.9 --epochs 10
As trial:  the tuner adds the configuration, and `--st_checkpoint_dir FOLDER`.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from synecore import (
    Reporter,
    add_checkpointing_to_argparse,
    checkpoint_model_at_rung_level,
    json_load_save_functions,
    resume_from_checkpointed_model,
)

STEPS = 20  # of descent in an epoch


def train(state: dict[str, Any], rate: float, momentum: float) -> float:
    """Descend for an epoch, and return Rosenbrock's function there; infinite if it left."""
    x, y, u, v = (state[name] for name in "xyuv")
    for _ in range(STEPS):
        steep = y - x * x
        u = momentum * u - rate * (-2.0 * (1.0 - x) - 40.0 * x * steep)
        v = momentum * v - rate * 20.0 * steep
        x, y = x + u, y + v
        if abs(x) + abs(y) > 1e3:
            return float("inf")
    state.update(x=x, y=y, u=u, v=v)
    return float((1.0 - x) ** 2 + 10.0 * (y - x * x) ** 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=0.002)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--epochs", type=int, default=27)
    parser.add_argument("--seconds_an_epoch", type=float, default=0.0)
    add_checkpointing_to_argparse(parser)
    args, _ = parser.parse_known_args()

    state: dict[str, Any] = {"x": -1.5, "y": 2.0, "u": 0.0, "v": 0.0}
    load, save = json_load_save_functions(state)
    report = Reporter()
    for epoch in range(resume_from_checkpointed_model(args, load) + 1, args.epochs + 1):
        time.sleep(args.seconds_an_epoch)
        loss = train(state, args.rate, args.momentum)
        checkpoint_model_at_rung_level(args, save, epoch)  # before the report
        report(epoch=epoch, loss=loss)


if __name__ == "__main__":
    main()
