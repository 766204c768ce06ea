"""`synecore list | show | results | plot`: experiments on disk, finished or running."""

from __future__ import annotations

import argparse
import csv
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synecore.cli.output import pairs, print_json, print_table
from synecore.constants import SMT_TUNER_CREATION_TIMESTAMP
from synecore.errors import ExperimentError

if TYPE_CHECKING:
    from synecore.tuning.experiment import Experiment

NAMES = ("list", "show", "status", "results", "plot")


def add_to(commands: Any) -> None:
    listing = commands.add_parser("list", help="experiments, the latest last")
    listing.set_defaults(run=run_list)
    listing.add_argument("beginning", nargs="?", default="", help="only names that begin so")
    listing.add_argument("--json", action="store_true")

    show = commands.add_parser(
        "show", aliases=["status"], help="how far an experiment is, trial by trial"
    )
    show.set_defaults(run=run_show)
    show.add_argument("experiment", help="name, path, or unambiguous beginning")
    show.add_argument("--json", action="store_true")

    results = commands.add_parser(
        "results", help="every report as CSV, or the best configuration",
        epilog="example: synecore results train > results.csv",
    )  # fmt: skip
    results.set_defaults(run=run_results)
    results.add_argument("experiment")
    results.add_argument("--best", action="store_true", help="the best configuration only")
    results.add_argument("--metric", default=0, help="for --best: which objective")
    results.add_argument("--export", action="store_true", help="write results.csv.zip")
    results.add_argument("--json", action="store_true")

    plot = commands.add_parser(
        "plot", help="best value over time, or learning curves, as PNG",
        epilog="example: synecore plot train --kind curves -o curves.png",
    )  # fmt: skip
    plot.set_defaults(run=run_plot)
    plot.add_argument("experiment")
    plot.add_argument("--kind", choices=("best", "trials", "curves"), default="best")
    plot.add_argument("-o", "--output", type=Path, help="default: in the experiment's folder")


def run_list(arguments: argparse.Namespace) -> int:
    from synecore.paths import experiment_names, experiments_root
    from synecore.tuning.experiment import Experiment

    root = experiments_root()
    rows: list[dict[str, Any]] = []
    for name in experiment_names(root):
        if not name.startswith(arguments.beginning):
            continue
        try:
            metadata = Experiment.open(root / name).metadata
        except ExperimentError as error:
            rows.append({"name": name, "state": str(error)})
            continue
        rows.append(
            {
                "name": name,
                "state": _state(root / name, metadata),
                "scheduler": metadata.get("scheduler_name"),
                "metric": ", ".join(metadata.get("metric_names", [])),
                "created": _created(metadata),
            }
        )
    rows.sort(key=lambda row: row.get("created", ""))
    if arguments.json:
        print_json(rows)
    elif rows:
        print_table(rows)
    else:
        print(f"no experiments in {root}")
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    from synecore.tuning.experiment import Experiment
    from synecore.tuning.lock import is_running

    experiment = Experiment.open(arguments.experiment)
    status = experiment.status()
    rows = [status.row(trial) for trial in range(status.num_trials_started)]
    running = is_running(experiment.path)
    if arguments.json:
        print_json(
            {
                "name": experiment.name, "path": str(experiment.path), "running": running,
                "seconds": status.wallclock_time, "metadata": experiment.metadata, "trials": rows,
            }
        )  # fmt: skip
        return 0
    state = _state(experiment.path, experiment.metadata)
    print(f"{experiment.name}  ({state})  {experiment.path}")
    print(status.summary())
    hidden = ("st_worker_timestamp", "st_worker_iter")
    print_table([{k: v for k, v in row.items() if k not in hidden} for row in rows])
    return 0


def run_results(arguments: argparse.Namespace) -> int:
    from synecore.tuning.experiment import Experiment

    experiment = Experiment.open(arguments.experiment)
    if arguments.best:
        metric = arguments.metric
        index = int(metric) if str(metric).isdigit() else metric
        print_best(experiment, as_json=arguments.json, metric=index)
        return 0
    if arguments.export:
        print(experiment.export())
        return 0
    rows = list(experiment.rows())
    if arguments.json:
        print_json(rows)
        return 0
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(sys.stdout, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return 0


def run_plot(arguments: argparse.Namespace) -> int:
    from synecore.tuning.experiment import Experiment

    experiment = Experiment.open(arguments.experiment)
    try:
        from synecore_analysis import plot_experiment
    except ModuleNotFoundError as error:
        message = "plots need synecore-analysis: pip install synecore-analysis"
        raise ModuleNotFoundError(message, name=error.name) from None
    path = arguments.output or experiment.path / f"{arguments.kind}.png"
    print(plot_experiment(experiment, arguments.kind, path))
    return 0


def print_best(experiment: Experiment, *, as_json: bool, metric: str | int = 0) -> None:
    """The best configuration, or a plain word that there is none yet."""
    try:
        best = experiment.best_config(metric)
    except ExperimentError as error:
        if as_json:
            print_json(None)
        print(error, file=sys.stderr)
        return
    if as_json:
        print_json({"name": experiment.name, "path": str(experiment.path), **best})
        return
    config = {k.removeprefix("config_"): v for k, v in best.items() if k.startswith("config_")}
    trial = best["trial_id"]
    (name,) = (k for k in best if k != "trial_id" and not k.startswith("config_"))
    print(f"best {name}: {best[name]:.6g}  (trial {trial})")
    print(f"  {pairs(config)}")
    print(f"  synecore why {experiment.name} {trial}   synecore plot {experiment.name}")


def _created(metadata: Any) -> str:
    began = metadata.get(SMT_TUNER_CREATION_TIMESTAMP, 0.0)
    return datetime.fromtimestamp(began).strftime("%Y-%m-%d %H:%M:%S")


def _state(path: Path, metadata: Any) -> str:
    """What `list` and `show` say of an experiment."""
    from synecore.tuning.lock import is_running

    if is_running(path):
        return "running"
    return "ended" if metadata.get("ended") else "interrupted"
