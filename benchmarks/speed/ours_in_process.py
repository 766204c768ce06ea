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


def _seconds(function: Callable[..., Any], trials: int, store: Mapping[str, str]) -> float:
    """Return what the whole run takes, with all files that it leaves."""
    space = {"x": uniform(-5, 5), "y": uniform(-5, 5)}
    tuner = Tuner(
        trial_backend=make_backend("python", tune_function=function, in_process=True),
        scheduler=make_scheduler("fifo", space, searcher="random", metric="loss", random_seed=0),
        stop_criterion=StoppingCriterion(max_num_trials_finished=trials - 1),
        store=store, display="none",
    )  # fmt: skip
    began = time.perf_counter()
    tuner.run()
    return time.perf_counter() - began


def volatile(trials: int) -> Numbers:
    """Trials a second, with a journal that is left to the system to write."""
    return {"volatile_calls": trials / _seconds(quadratic, trials, VOLATILE)}


def durable(trials: int) -> Numbers:
    """Trials a second, each on disk before the next one begins."""
    return {"durable_calls": trials / _seconds(quadratic, trials, DURABLE)}


def reporting(trials: int, reports: int) -> Numbers:
    """Reports a second, with a decision on each before the function goes on."""

    def train(x: float, y: float) -> None:
        report = Reporter()
        for step in range(1, reports + 1):
            report(loss=quadratic(x, y) + 1 / step, step=step)

    return {"calls_that_report": trials * reports / _seconds(train, trials, VOLATILE)}


if __name__ == "__main__":
    main([volatile, durable, reporting])
