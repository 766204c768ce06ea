"""Stands in for training: how good a choice of optimizer, its options and two layer widths is.

Only the options of the chosen optimizer are given; this script would fail with others.
"""

from __future__ import annotations

import argparse
import math

from synecore import Reporter


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--optimizer", choices=["sgd", "nesterov", "adam"])
    parser.add_argument("--learning_rate", type=float)
    parser.add_argument("--momentum", type=float)
    parser.add_argument("--beta", type=float)
    parser.add_argument("--narrow", type=int)
    parser.add_argument("--wide", type=int)
    args, _ = parser.parse_known_args()

    if (args.momentum is None) == (args.optimizer != "adam"):
        parser.error("momentum is for sgd and nesterov")
    if (args.beta is None) == (args.optimizer == "adam"):
        parser.error("beta is for adam")
    if args.narrow >= args.wide:
        parser.error("narrow must be below wide")

    ideal = {"sgd": 0.1, "nesterov": 0.05, "adam": 0.001}[args.optimizer]
    loss = abs(math.log10(args.learning_rate / ideal))
    loss += abs(args.momentum - 0.9) if args.optimizer != "adam" else 1.0 - args.beta
    loss += abs(math.log2(args.wide / args.narrow) - 1.0) / 4
    Reporter()(loss=loss)


if __name__ == "__main__":
    main()
