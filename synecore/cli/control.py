"""`synecore resume`, and commands to a running tuner: `stop`, `add`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from synecore.errors import OptionError

NAMES = ("resume", "stop", "add")


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
    resume.add_argument("--max-wallclock-time", type=float, metavar="SECONDS",
                        help="new limits, for the experiment as a whole")  # fmt: skip
    resume.add_argument("--max-num-trials-finished", type=int, metavar="N")
    resume.add_argument("--max-num-trials-completed", type=int, metavar="N")
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

    names = ("max_wallclock_time", "max_num_trials_finished", "max_num_trials_completed")
    limits = {name: v for name in names if (v := getattr(arguments, name)) is not None}
    settings: dict[str, Any] = {"display": arguments.display}
    if limits:
        settings["stop_criterion"] = StoppingCriterion(**limits)
    if arguments.workers is not None:
        settings["n_workers"] = arguments.workers
    if arguments.max_failures is not None:
        settings["max_failures"] = arguments.max_failures
    tuner = Tuner.resume(
        arguments.experiment, interrupted=arguments.interrupted, strict=arguments.strict, **settings
    )
    print_best(tuner.run(), as_json=arguments.json)
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
