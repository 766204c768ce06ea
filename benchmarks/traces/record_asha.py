"""Record what Syne Tune 0.13's asynchronous Hyperband decides, as fixtures for synecore-asha.

Run once a peer version, in an environment of its own, and commit what it writes:

    python -m venv peer
    peer/bin/pip install syne-tune==0.13.0 "numpy<2" "pandas<3" scipy autograd
    peer/bin/python benchmarks/traces/record_asha.py plugins/synecore-asha/tests/fixtures

A trace is a list of steps in order:

    ["ask", bracket drawn, "start" or "resume", trial, first milestone]
    ["report", trial, resource, metric, "CONTINUE" | "STOP" | "PAUSE"]
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
from syne_tune.optimizer.schedulers import HyperbandScheduler

SETTINGS = {
    "stopping-81": {"type": "stopping", "max_t": 81},
    "stopping-56-max": {"type": "stopping", "max_t": 56, "mode": "max"},
    "stopping-ties": {"type": "stopping", "max_t": 27, "decimals": 1},
    "stopping-linear": {
        "type": "stopping", "max_t": 11, "reduction_factor": None, "rung_increment": 2,
    },
    "stopping-levels": {"type": "stopping", "max_t": 30, "rung_levels": [2, 5, 6, 20, 30]},
    "stopping-brackets": {"type": "stopping", "max_t": 27, "brackets": 3},
    "stopping-brackets-apart": {
        "type": "stopping", "max_t": 27, "brackets": 4, "rung_system_per_bracket": True,
    },
    "promotion-81": {"type": "promotion", "max_t": 81},
    "promotion-56-max": {"type": "promotion", "max_t": 56, "mode": "max"},
    "promotion-ties": {"type": "promotion", "max_t": 27, "decimals": 1},
    "promotion-linear": {
        "type": "promotion", "max_t": 11, "reduction_factor": None, "rung_increment": 2,
    },
    "promotion-factor": {"type": "promotion", "max_t": 40, "reduction_factor": 2.5,
                         "grace_period": 2},
    "promotion-brackets": {"type": "promotion", "max_t": 27, "brackets": 3},
    "promotion-brackets-apart": {
        "type": "promotion", "max_t": 27, "brackets": 4, "rung_system_per_bracket": True,
    },
}  # fmt: skip
STEPS = 420
WORKERS = 4


def record(seed: int, *, max_t: int, mode: str = "min", decimals: int = 3, **options) -> dict:
    """Return the settings, rung levels and steps of one run on invented learning curves."""
    rng = np.random.default_rng(seed)
    scheduler = HyperbandScheduler(
        {"x": uniform(0.0, 1.0), "epochs": max_t},
        searcher="random", search_options={"debug_log": False}, metric="value", mode=mode,
        resource_attr="epoch", max_resource_attr="epochs", random_seed=seed, **options,
    )  # fmt: skip
    steps, trials, reached, running = [], {}, {}, []
    drawn = []
    scheduler._initialize_searcher()
    draw = scheduler.terminator._sample_bracket
    scheduler.terminator._sample_bracket = lambda: drawn.append(int(draw())) or drawn[-1]

    def ask() -> None:
        suggestion = scheduler.suggest(len(trials))
        if suggestion.spawn_new_trial_id:
            trial = len(trials)
            trials[trial] = Trial(trial, suggestion.config, datetime.now())
            reached[trial] = 0
            scheduler.on_trial_add(trials[trial])
            kind = "start"
        else:
            trial, kind = int(suggestion.checkpoint_trial_id), "resume"
        config = suggestion.config or trials[trial].config
        until = config["epochs"] if scheduler.does_pause_resume() else None
        if until is None:
            milestones = scheduler.terminator._get_rung_system(str(trial))
            until = milestones[0].get_first_milestone(milestones[2])
        running.append(trial)
        steps.append(["ask", drawn[-1], kind, trial, int(until)])

    while len(steps) < STEPS:
        while len(running) < WORKERS:
            ask()
        trial = running[int(rng.integers(len(running)))]
        reached[trial] += 1
        quality = trials[trial].config["x"]
        value = quality + (1.0 + quality) / reached[trial] + 0.1 * rng.standard_normal()
        value = round(float(-value if mode == "max" else value), decimals)
        report = {"epoch": reached[trial], "value": value, "st_worker_time": 1.0}
        decision = scheduler.on_trial_result(trials[trial], report)
        steps.append(["report", trial, reached[trial], value, decision])
        if decision != "CONTINUE":
            running.remove(trial)
            if decision == "PAUSE":
                scheduler.on_trial_remove(trials[trial])
            else:
                scheduler.on_trial_complete(trials[trial], report)
    return {
        "peer": f"syne-tune {syne_tune.__version__}",
        "options": options, "max_t": max_t, "mode": mode,
        "rung_levels": [int(level) for level in scheduler.rung_levels],
        "bracket_weights": [float(p) for p in scheduler.bracket_distribution()],
        "information_for_rungs": [
            [int(r), int(n), float(q)] for r, n, q in scheduler.terminator.information_for_rungs()
        ],
        "paused_trials": [
            [int(t), int(rank), float(value), int(level)]
            for t, rank, value, level in scheduler.terminator.paused_trials()
        ] if scheduler.does_pause_resume() else [],
        "steps": steps,
    }  # fmt: skip


def main(folder: Path) -> None:
    """Write one JSON file a setting."""
    logging.disable(logging.INFO)
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, setting) in enumerate(SETTINGS.items()):
        trace = record(seed, **setting)
        head = json.dumps({key: value for key, value in trace.items() if key != "steps"}, indent=1)
        steps = ",\n".join(json.dumps(step) for step in trace["steps"])
        text = head.rstrip().removesuffix("}").rstrip() + f',\n "steps": [\n{steps}\n]}}\n'
        (folder / f"{name}.json").write_text(text)
        kinds = [step[2] for step in trace["steps"] if step[0] == "ask"]
        print(name, trace["rung_levels"], {kind: kinds.count(kind) for kind in set(kinds)})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
