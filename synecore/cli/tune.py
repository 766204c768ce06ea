"""`synecore tune SCRIPT`."""

from __future__ import annotations

import argparse
from typing import Any

from synecore.cli.reading import (
    add_limits,
    add_space,
    read_json,
    read_limits,
    read_options,
    read_space,
)

NAMES = ("tune",)
_EPILOG = """\
A domain is written as in Python: uniform(0,1), loguniform(1e-4,1), randint(1,20),
lograndint(8,512), choice(['relu','tanh']), finrange(0,1,11), ... Anything else is a constant
that the script receives.
A space file (.json, .toml, .yaml) maps names to the same texts; see the space reference.

examples:
  synecore tune train.py --space space.toml --metric accuracy --mode max --method asha \\
      --resource-attr epoch --max-resource-attr epochs --workers 4 --max-wallclock-time 600
  synecore tune ./train.sh --param "x=uniform(-5,5)" --metric loss --method random \\
      --max-num-trials-finished 20
  synecore tune train.py --space space.json --metric loss --method asha --option type=promotion \\
      --option 'searcher={"name": "sobol"}' --max-wallclock-time 60
"""


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "tune", help="tune a script", description="Tune the hyperparameters of a script.",
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    command.set_defaults(run=run)
    command.add_argument("script", help="any executable script, or a Python file")
    space = command.add_argument_group("space")
    add_space(space)
    space.add_argument(
        "--start", action="append", default=None, metavar="JSON",
        help="configuration to evaluate first, partial or whole; repeat it",
    )  # fmt: skip
    goal = command.add_argument_group("goal")
    goal.add_argument("--metric", action="append", required=True, help="reported value to optimise")
    goal.add_argument("--mode", action="append", choices=("min", "max"), help="default: min")
    goal.add_argument("--resource-attr", help="reported resource, such as epoch")
    goal.add_argument("--max-resource-attr", help="parameter that tells a trial its last epoch")
    goal.add_argument("--max-t", type=int, help="largest resource, if no parameter says it")
    method = command.add_argument_group("method")
    method.add_argument("--method", default="asha", help="scheduler or searcher (default: asha)")
    method.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE",
        help="option of the method, its value as JSON or text; repeat it",
    )  # fmt: skip
    method.add_argument("--seed", type=int, help="the same seed gives the same suggestions")
    running = command.add_argument_group("running")
    running.add_argument("--workers", "-w", type=int, default=1, help="trials at a time")
    running.add_argument("--name", help="of the experiment; a time stamp is added")
    running.add_argument("--exact-name", action="store_true", help="add no time stamp")
    running.add_argument("--backend", default="local", help="where trials run (default: local)")
    running.add_argument(
        "--backend-option", action="append", default=[], metavar="NAME=VALUE",
        help="option of the backend; repeat it",
    )  # fmt: skip
    running.add_argument("--store", default="jsonl", help="what is kept (default: jsonl)")
    running.add_argument(
        "--max-failures", type=int, default=1, help="failed trials that are allowed"
    )
    running.add_argument(
        "--max-retries", type=int, default=0, help="new attempts at a failed trial"
    )
    running.add_argument(
        "--retry-delay", type=float, default=1.0, metavar="SECONDS",
        help="wait before a new attempt, doubled each time (default: 1)",
    )  # fmt: skip
    running.add_argument(
        "--callback", action="append", default=[], metavar="NAME",
        help="observer of the run, such as tensorboard; repeat it",
    )  # fmt: skip
    running.add_argument("--display", default="auto", help="auto, rich, plain or none")
    running.add_argument("--json", action="store_true", help="print the best configuration as JSON")
    ending = command.add_argument_group("when to stop (at least one; the first that holds)")
    add_limits(ending)
    ending.add_argument(
        "--finish-running", action="store_true", help="let running trials finish then"
    )


def run(arguments: argparse.Namespace) -> int:
    from synecore.cli.results import print_best
    from synecore.tuning.onecall import tune

    modes = arguments.mode or ["min"]
    options = read_options(arguments.option, "--option")
    for word in ("resource_attr", "max_resource_attr", "max_t"):
        if (value := getattr(arguments, word)) is not None:
            options[word] = value
    if arguments.seed is not None:
        options["random_seed"] = arguments.seed
    if arguments.start is not None:
        options["points_to_evaluate"] = [read_json(text, "--start") for text in arguments.start]
    experiment = tune(
        arguments.script,
        read_space(arguments.space, arguments.param, arguments.constraint),
        metric=arguments.metric[0] if len(arguments.metric) == 1 else arguments.metric,
        mode=modes[0] if len(modes) == 1 else modes,
        method=arguments.method, n_workers=arguments.workers,
        backend=arguments.backend,
        backend_options=read_options(arguments.backend_option, "--backend-option"),
        tuner_name=arguments.name, suffix_tuner_name=not arguments.exact_name,
        store=arguments.store, max_failures=arguments.max_failures,
        max_retries=arguments.max_retries, retry_delay=arguments.retry_delay,
        callbacks=arguments.callback, display=arguments.display,
        wait_trial_completion_when_stopping=arguments.finish_running,
        **read_limits(arguments), **options,
    )  # fmt: skip
    print_best(experiment, as_json=arguments.json)
    return 0
