"""`synecore why EXPERIMENT TRIAL`."""

from __future__ import annotations

import argparse
from typing import Any

from synecore.cli.output import print_json

NAMES = ("why",)


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "why", help="what was decided about a trial, and why",
        description="Print the life of a trial: where its configuration came from, and every "
        "decision with the figures it rested on.",
        epilog="example: synecore why train 7",
    )  # fmt: skip
    command.set_defaults(run=run)
    command.add_argument("experiment", help="name, path, or unambiguous beginning")
    command.add_argument("trial", type=int)
    command.add_argument("--json", action="store_true")


def run(arguments: argparse.Namespace) -> int:
    from synecore.tuning.experiment import Experiment
    from synecore.tuning.explain import life_of
    from synecore.tuning.status import duration

    experiment = Experiment.open(arguments.experiment)
    steps = life_of(experiment, arguments.trial)
    if arguments.json:
        print_json([step.to_json() for step in steps])
        return 0
    for step in steps:
        print(f"{duration(step.at):>8}  {step.text}")
    return 0
