"""`synecore resume` and `retrain`, and commands to a running tuner: `stop`, `add`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any

from synecore.cli.reading import add_limits, add_space, read_limits, read_space, read_values
from synecore.errors import OptionError
from synecore.report import RESERVED

NAMES = ("resume", "retrain", "stop", "add")


def add_to(commands: Any) -> None:
    resume = commands.add_parser(
        "resume", help="go on with an interrupted or finished experiment",
        description="Go on where an experiment was interrupted, or extend a finished one.",
        epilog="example: synecore resume train --max-wallclock-time 600 --workers 4",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    resume.set_defaults(run=run_resume)
    resume.add_argument("experiment", help="name, path, or unambiguous beginning")
    resume.add_argument("--workers", "-w", type=int, help="trials at a time (default: as before)")
    resume.add_argument("--max-failures", type=int)
    resume.add_argument(
        "--interrupted", choices=("restart", "fail"), default="restart",
        help="what becomes of trials whose process was lost (default: restart from checkpoint)",
    )  # fmt: skip
    resume.add_argument(
        "--strict", action="store_true", help="fail if a replayed decision differs from the record"
    )
    resume.add_argument("--display", default="auto", help="auto, rich, plain or none")
    resume.add_argument("--json", action="store_true", help="print the best configuration as JSON")
    add_limits(resume.add_argument_group("new limits, for the experiment as a whole"))
    add_space(resume.add_argument_group("a new space, instead of the one on record"))

    retrain = commands.add_parser(
        "retrain", help="run the best configuration again, to its full resource",
        description="Run one configuration again, beside the experiment, which stays as it is.",
        epilog="example: synecore retrain train --set epochs=200",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    retrain.set_defaults(run=run_retrain)
    retrain.add_argument("experiment", help="name, path, or unambiguous beginning")
    retrain.add_argument("--trial", type=int, help="another trial than the best one")
    retrain.add_argument("--metric", default=0, help="best in which objective")
    retrain.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE",
        help="another value for an entry of the configuration; repeat it",
    )  # fmt: skip
    retrain.add_argument(
        "--from-checkpoint", action="store_true", help="start from the trial's checkpoint"
    )
    retrain.add_argument("--json", action="store_true", help="print the outcome as JSON")

    stop = commands.add_parser(
        "stop", help="stop a running experiment, or one of its trials",
        epilog="example: synecore stop train --trial 7",
    )  # fmt: skip
    stop.set_defaults(run=run_stop)
    stop.add_argument("experiment")
    stop.add_argument("--trial", type=int, help="stop this trial only")

    add = commands.add_parser(
        "add", help="let a running experiment try a configuration",
        epilog="""example: synecore add train '{"lr": 0.1}'""",
    )  # fmt: skip
    add.set_defaults(run=run_add)
    add.add_argument("experiment")
    add.add_argument("config", help="JSON; missing parameters are filled in")


def run_resume(arguments: argparse.Namespace) -> int:
    from synecore.cli.results import print_best
    from synecore.tuning.stopping import StoppingCriterion
    from synecore.tuning.tuner import Tuner

    limits = read_limits(arguments)
    settings: dict[str, Any] = {"display": arguments.display}
    if limits:
        settings["stop_criterion"] = StoppingCriterion(**limits)
    if arguments.workers is not None:
        settings["n_workers"] = arguments.workers
    if arguments.max_failures is not None:
        settings["max_failures"] = arguments.max_failures
    if arguments.space is not None or arguments.param:
        settings["config_space"] = read_space(
            arguments.space, arguments.param, arguments.constraint
        )
    tuner = Tuner.resume(
        arguments.experiment, interrupted=arguments.interrupted, strict=arguments.strict, **settings
    )
    print_best(tuner.run(), as_json=arguments.json)
    return 0


def run_retrain(arguments: argparse.Namespace) -> int:
    from synecore.cli.output import pairs, print_json
    from synecore.tuning.experiment import Experiment

    def show(metrics: Mapping[str, Any]) -> None:
        own = {name: value for name, value in metrics.items() if not name.startswith(RESERVED)}
        print(pairs(own), file=sys.stderr, flush=True)

    done = Experiment.open(arguments.experiment).retrain(
        trial=arguments.trial, metric=arguments.metric,
        changes=read_values(arguments.set, "--set"),
        from_checkpoint=arguments.from_checkpoint, on_report=show,
    )  # fmt: skip
    outcome = {
        "config": dict(done.config), "metrics": dict(done.metrics), "path": str(done.path),
        "checkpoint": None if done.checkpoint is None else str(done.checkpoint),
    }  # fmt: skip
    if arguments.json:
        print_json(outcome)
    else:
        print(f"files: {done.path}")
        print(f"checkpoint: {done.checkpoint or 'none written'}")
    return 0


def run_stop(arguments: argparse.Namespace) -> int:
    from synecore.paths import find_experiment
    from synecore.tuning.commands import send

    folder = find_experiment(arguments.experiment)
    if arguments.trial is None:
        print(send(folder, "stop"))
    else:
        print(send(folder, "stop_trial", trial=arguments.trial))
    return 0


def run_add(arguments: argparse.Namespace) -> int:
    from synecore.paths import find_experiment
    from synecore.tuning.commands import send

    try:
        config = json.loads(arguments.config)
    except ValueError as error:
        raise OptionError(f"add: {arguments.config!r} is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise OptionError(f"add: a configuration maps names to values, got {arguments.config!r}")
    print(send(find_experiment(arguments.experiment), "add", config=config))
    return 0
