"""Record what Syne Tune 0.13's median stopping rule decides, as a fixture for synecore-basic.

Run once a peer version, in the environment that record_asha.py describes:

    peer/bin/python benchmarks/traces/record_median_stopping.py \
        plugins/synecore-basic/tests/fixtures

A trace is a list of reports in order, for trials that are started as workers become free:
[trial, resource, metric, "CONTINUE" or "STOP"].
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import syne_tune
from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import uniform
from syne_tune.optimizer.schedulers import FIFOScheduler, MedianStoppingRule

SETTINGS = {
    "median": {},
    "median-latest-max": {"running_average": False, "mode": "max"},
    "median-strict": {"rank_cutoff": 0.25, "grace_population": 3, "grace_time": 3},
}
REPORTS = 300
WORKERS = 4
MAX_T = 9


def record(seed: int, *, mode: str = "min", **options) -> dict:
    """Return the settings and the reports of one run on invented learning curves."""
    rng = np.random.default_rng(seed)
    fifo = FIFOScheduler(
        {"x": uniform(0.0, 1.0)}, searcher="random", search_options={"debug_log": False},
        metric="value", mode=mode, random_seed=seed,
    )  # fmt: skip
    rule = MedianStoppingRule(fifo, resource_attr="epoch", **options)
    trials, reached, running, steps = {}, {}, [], []
    while len(steps) < REPORTS:
        while len(running) < WORKERS:
            trial = len(trials)
            suggestion = rule.suggest(trial)
            trials[trial] = Trial(trial, suggestion.config, datetime.now())
            reached[trial] = 0
            running.append(trial)
        trial = running[int(rng.integers(len(running)))]
        reached[trial] += 1
        value = trials[trial].config["x"] + 1.0 / reached[trial] + 0.2 * rng.standard_normal()
        value = round(float(-value if mode == "max" else value), 3)
        report = {"epoch": reached[trial], "value": value}
        decision = rule.on_trial_result(trials[trial], report)
        steps.append([trial, reached[trial], value, decision])
        if decision != "CONTINUE" or reached[trial] == MAX_T:
            running.remove(trial)
    return {
        "peer": f"syne-tune {syne_tune.__version__}", "options": options, "mode": mode,
        "max_t": MAX_T, "workers": WORKERS, "steps": steps,
    }  # fmt: skip


def main(folder: Path) -> None:
    """Write one JSON file a setting."""
    logging.disable(logging.INFO)
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, setting) in enumerate(SETTINGS.items()):
        trace = record(seed, **setting)
        steps = ",\n".join(json.dumps(step) for step in trace.pop("steps"))
        head = json.dumps(trace, indent=1).rstrip().removesuffix("}").rstrip()
        (folder / f"{name}.json").write_text(head + f',\n "steps": [\n{steps}\n]}}\n')
        print(name, steps.count("STOP"), "stopped")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
