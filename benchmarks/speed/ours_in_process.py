"""Our side of `in_process.py`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from side import Numbers, main

from synecore import Reporter, StoppingCriterion, Tuner, make_backend, make_scheduler
from synecore.space import uniform

DURABLE = {"name": "jsonl"}
VOLATILE = {"name": "jsonl", "sync": "none"}


def quadratic(x: float, y: float) -> float:
    return (x - 1) ** 2 + (y + 2) ** 2


def _seconds(
    function: Callable[..., Any], trials: int, store: Mapping[str, str]
) -> tuple[float, float]:
    """Return the seconds of the whole run with all files that it leaves, on the wall and of CPU."""
    space = {"x": uniform(-5, 5), "y": uniform(-5, 5)}
    tuner = Tuner(
        trial_backend=make_backend("python", tune_function=function, in_process=True),
        scheduler=make_scheduler("fifo", space, searcher="random", metric="loss", random_seed=0),
        stop_criterion=StoppingCriterion(max_num_trials_finished=trials - 1),
        store=store, display="none",
    )  # fmt: skip
    began, cpu = time.perf_counter(), time.process_time()
    tuner.run()
    return time.perf_counter() - began, time.process_time() - cpu


def volatile(trials: int) -> Numbers:
    """Trials a second, and their CPU, with a journal that is left to the system to write."""
    wall, cpu = _seconds(quadratic, trials, VOLATILE)
    return {"volatile_calls": trials / wall, "volatile_call_cpu": 1e6 * cpu / trials}


def durable(trials: int) -> Numbers:
    """Trials a second, each on disk before the next one begins."""
    wall, _ = _seconds(quadratic, trials, DURABLE)
    return {"durable_calls": trials / wall}


def reporting(trials: int, reports: int) -> Numbers:
    """Reports a second, and their CPU, with a decision on each before the function goes on."""

    def train(x: float, y: float) -> None:
        report = Reporter()
        for step in range(1, reports + 1):
            report(loss=quadratic(x, y) + 1 / step, step=step)

    wall, cpu = _seconds(train, trials, VOLATILE)
    n = trials * reports
    return {"reports_of_calls": n / wall, "report_of_call_cpu": 1e6 * cpu / n}


if __name__ == "__main__":
    main([volatile, durable, reporting])
