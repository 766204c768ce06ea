"""What speculative removal of checkpoints costs, and what it saves beside its baselines.

    python benchmarks/quality/checkpoint_removal.py [--quick]

Saves: the resource that trials resumed without their checkpoint train a second time, in runs of
ASHA with promotion on invented learning curves. That checks the mechanism; it is no claim about
real training. Costs: CPU time of one decision.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from synecore.plugins.make import make_scheduler
from synecore.testing import backend_for, drive
from synecore.testing.problems import curves

RULES = {
    "least expected loss": None, "by_level": "by_level", "random": "random",
}  # fmt: skip
MAX_T, WORKERS = 81, 4


def run(seed: int, trials: int, removal: Mapping[str, Any] | None, seconds: float | None) -> Any:
    """Return the scheduler after a run of so many trials, and the time at which the last began."""
    known = curves(MAX_T, attr=True)
    asha: Any = make_scheduler(
        "asha", known.problem, type="promotion", random_seed=seed,
        early_checkpoint_removal_kwargs=removal,
    )  # fmt: skip
    asha.set_time_budget(seconds)
    backend = backend_for(known)
    driven = drive(asha, backend, n_workers=WORKERS, max_trials=trials, max_events=10**6)
    return asha, float(driven.table.trial("started").max())


def saved(seeds: int, trials: int, limit: int) -> dict[str, tuple[float, float]]:
    """Return for each rule the epochs trained again (their mean over seeds) and their deviation."""
    again: dict[str, list[int]] = {rule: [] for rule in RULES}
    for seed in range(seeds):
        _, seconds = run(seed, trials, None, None)
        for rule, baseline in RULES.items():
            removal = {"max_num_checkpoints": limit, "baseline": baseline}
            asha, _ = run(seed, trials, removal, seconds)
            again[rule].append(asha.checkpoint_removal.extra_results()["cost_resources"])
    return {rule: (float(np.mean(e)), float(np.std(e))) for rule, e in again.items()}


def decisions(paused: int, trials: int) -> list[float]:
    """Return the microseconds of CPU of each decision which of so many paused trials goes."""
    known = curves(MAX_T, attr=True)
    _, seconds = run(0, trials, None, None)
    removal = {"max_num_checkpoints": paused + WORKERS, "max_wallclock_time": seconds}
    asha: Any = make_scheduler(
        "asha", known.problem, type="promotion", random_seed=0,
        early_checkpoint_removal_kwargs=removal,
    )  # fmt: skip
    took: list[float] = []
    drop = asha.checkpoint_removal.drop

    def timed(trials: Any, now: float) -> Any:
        begin = time.process_time_ns()
        actions = drop(trials, now)
        if actions:
            took.append((time.process_time_ns() - begin) / 1000)
        return actions

    asha.checkpoint_removal.drop = timed
    drive(asha, backend_for(known), n_workers=WORKERS, max_trials=trials, max_events=10**6)
    return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer seeds and trials")
    quick = parser.parse_args().quick
    seeds, trials = (3, 60) if quick else (20, 200)
    print(f"epochs trained again, {seeds} seeds of {trials} trials, {WORKERS} workers, mean (sd)")
    print(f"{'checkpoints':>12}", *(f"{rule:>20}" for rule in RULES))
    for limit in (6, 8, 12, 20):
        found = saved(seeds, trials, limit)
        print(f"{limit:>12}", *(f"{f'{mean:.1f} ({sd:.1f})':>20}" for mean, sd in found.values()))
    print("CPU of one decision, microseconds: median, 95%, largest")
    for paused in (10, 100):
        took = decisions(paused, 4 * paused + (20 if quick else 200))
        print(f"{paused:>12} paused", *(f"{np.quantile(took, q):10.0f}" for q in (0.5, 0.95, 1.0)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
