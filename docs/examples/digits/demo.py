"""Tune the network of train.py with asynchronous successive halving: `./run demo`.

Every trial trains on the same data with another configuration. At epochs 1, 3 and 9 a trial is
compared with all that came there before it, and all but the best third are stopped, so that most of
the time goes to good ones. Interrupt it when you like: `./run demo --resume` goes on.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from synecore import Experiment, StoppingCriterion, Tuner, make_backend, make_scheduler
from synecore.actions import Decided
from synecore.errors import ExperimentError, SynecoreError
from synecore.space import (
    choice,
    logordinal,
    lograndint,
    loguniform,
    randint,
    reverseloguniform,
)
from synecore.tuning.lock import is_running
from synecore_analysis import load_experiment, plot_best, plot_curves

NAME = "digits"  # of the experiments, before the time stamp
ROOT = Path(__file__).resolve().parents[3]

SPACE = {
    "learning_rate": loguniform(1e-4, 1e-1),
    "hidden_units": lograndint(8, 256),
    "hidden_layers": randint(1, 3),
    "activation": choice(["relu", "tanh", "logistic"]),
    "batch_size": logordinal([16, 32, 64, 128, 256]),
    "weight_decay": loguniform(1e-6, 1.0),
    "solver": choice(["adam", "sgd"]),
    "momentum": reverseloguniform(0.5, 0.99).when(solver="sgd"),  # adam has none
    "epochs": 27,
}
START = {  # the values that one would begin with by hand; what is left out is filled in
    "learning_rate": 1e-3,
    "hidden_units": 64,
    "hidden_layers": 1,
    "activation": "relu",
    "batch_size": 32,
    "solver": "adam",
}


def main() -> int:
    """Tune, or go on with the latest run; then show what came out. Return the exit status."""
    parser = argparse.ArgumentParser(prog="./run demo", description=__doc__.split(":")[0] + ".")
    parser.add_argument(
        "--seconds", type=float, help="of tuning (default: 50, or what the resumed run had)"
    )
    parser.add_argument("--workers", type=int, help="trials at a time (default: 2)")
    parser.add_argument("--resume", action="store_true", help="go on with the latest run")
    args = parser.parse_args()
    try:
        tuner = resumed_tuner(args) if args.resume else new_tuner(args)
        print(f"Experiment {tuner.name} in {tuner.tuner_path}")
        print("Ctrl-C ends it early; every report is kept.\n", flush=True)
        experiment = tuner.run()
    except (KeyboardInterrupt, SystemExit) as stop:
        print(f"\nInterrupted. To go on: {shown('run')} demo --resume", flush=True)
        return 130 if isinstance(stop, KeyboardInterrupt) else int(stop.code or 0)
    except SynecoreError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    show(experiment)
    return 0


def new_tuner(args: argparse.Namespace) -> Tuner:
    """Return a tuner for a new experiment, and say if the last one was left unfinished."""
    left = unfinished()
    if left is not None:
        print(f"{left} was interrupted. To go on with it: {shown('run')} demo --resume")
    return Tuner(
        trial_backend=make_backend("local", entry_point=Path(__file__).with_name("train.py")),
        scheduler=make_scheduler(
            "asha",
            SPACE,
            metric="accuracy",
            mode="max",
            resource_attr="epoch",
            max_resource_attr="epochs",
            points_to_evaluate=[START],
            random_seed=0,
        ),
        stop_criterion=StoppingCriterion(max_wallclock_time=args.seconds or 50.0),
        n_workers=args.workers or 2,
        tuner_name=NAME,
        metadata={"example": "digits"},
        print_update_interval=5.0,
    )


def resumed_tuner(args: argparse.Namespace) -> Tuner:
    """Return a tuner that goes on with the latest run of this demo."""
    changes: dict[str, object] = {"print_update_interval": 5.0}
    if args.seconds is not None:
        changes["stop_criterion"] = StoppingCriterion(max_wallclock_time=args.seconds)
    if args.workers is not None:
        changes["n_workers"] = args.workers
    return Tuner.resume(NAME, **changes)


def unfinished() -> str | None:
    """Return the name of the latest run, if it was interrupted before its time was over."""
    try:
        latest = Experiment.open(NAME)
        enough = StoppingCriterion.from_json(latest.metadata["stop_criterion"])
        over = is_running(latest.path) or enough(latest.status())
    except (SynecoreError, KeyError):
        return None
    return None if over else latest.name


def show(experiment: Experiment) -> None:
    """Print the best configuration, where the figures are, and what to try next."""
    result = load_experiment(experiment.path)
    print(f"\n{result}")
    try:
        best = result.best_config()
    except ExperimentError as error:
        print(f"\n{error}")
        return
    print(
        f"\nBest: {best['accuracy']:.2%} of the validation images right, trial {best['trial_id']}"
    )
    for name, value in best.items():
        if name.startswith("config_"):
            print(f"  {name.removeprefix('config_'):<14} {value}")
    print(f"\nBest accuracy over time: {plot_best(result)}")
    print(f"Learning curves:         {plot_curves(result)}")
    command, name = shown(".venv/bin/synecore"), result.name
    print("\nTo try next:")
    stops = [
        event
        for event in experiment.events()
        if isinstance(event, Decided) and event.action == "stop" and event.by == "scheduler"
    ]
    if stops:
        latest = max(stops, key=lambda event: event.why.get("rung", 0))
        print(f"  {command} why {name} {latest.trial}    # why that trial was stopped")
    print(f"  {command} show {name}    # all trials")
    print(f"  {command} resume {name} --max-wallclock-time {2 * result.seconds:.0f}    # go on")


def shown(path: str) -> str:
    """Return a path of the repository as one would type it here."""
    text = os.path.relpath(ROOT / path)
    return text if os.sep in text else os.path.join(".", text)


if __name__ == "__main__":
    sys.exit(main())
