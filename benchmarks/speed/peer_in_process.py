"""The peer's side of `in_process.py`: Optuna 5.0, in the peers' environment."""

from __future__ import annotations

import logging
import time

import optuna
from optuna.storages import InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from side import Numbers, main

optuna.logging.set_verbosity(logging.ERROR)


def quadratic(x: float, y: float) -> float:
    return (x - 1) ** 2 + (y + 2) ** 2


def _objective(trial) -> float:
    return quadratic(trial.suggest_float("x", -5, 5), trial.suggest_float("y", -5, 5))


def _seconds(objective, trials: int, storage) -> tuple[float, float]:
    study = optuna.create_study(
        storage=storage,
        sampler=optuna.samplers.RandomSampler(seed=0),
        pruner=optuna.pruners.NopPruner(),
    )
    began, cpu = time.perf_counter(), time.process_time()
    study.optimize(objective, n_trials=trials)
    return time.perf_counter() - began, time.process_time() - cpu


def volatile(trials: int) -> Numbers:
    wall, cpu = _seconds(_objective, trials, InMemoryStorage())
    return {"volatile_calls": trials / wall, "volatile_call_cpu": 1e6 * cpu / trials}


def durable(trials: int) -> Numbers:
    storage = JournalStorage(JournalFileBackend("journal.log"))
    wall, _ = _seconds(_objective, trials, storage)
    return {"durable_calls": trials / wall}


def reporting(trials: int, reports: int) -> Numbers:
    def objective(trial) -> float:
        loss = _objective(trial)
        for step in range(1, reports + 1):
            trial.report(loss + 1 / step, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return loss

    wall, cpu = _seconds(objective, trials, InMemoryStorage())
    n = trials * reports
    return {"reports_of_calls": n / wall, "report_of_call_cpu": 1e6 * cpu / n}


if __name__ == "__main__":
    main([volatile, durable, reporting])
