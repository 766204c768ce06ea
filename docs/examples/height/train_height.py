"""Stands in for training: a loss that falls with the epochs, faster for a larger `width`.

Alone: `python train_height.py --epochs 5 --width 3 --height 2` prints its reports.
"""

from __future__ import annotations

import argparse
import time

from synecore import Reporter


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=27)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--height", type=float, default=1.0)
    parser.add_argument("--seconds_an_epoch", type=float, default=0.02)
    args, _ = parser.parse_known_args()

    report = Reporter()
    for epoch in range(1, args.epochs + 1):
        time.sleep(args.seconds_an_epoch)
        loss = 1.0 / (0.1 + args.width * epoch / 100) + 0.1 * args.height
        report(epoch=epoch, mean_loss=loss)


if __name__ == "__main__":
    main()
