from __future__ import annotations

import statistics

import numpy as np
import pytest

from synecore import PlateauStopper
from synecore.tuning.status import MetricsStatistics


class Status:
    """What a stopper looks at, told by hand."""

    def __init__(self) -> None:
        self.overall_metric_statistics = MetricsStatistics()
        self.last_metrics: dict[int, dict[str, float]] = {}

    def tell(self, trial: int, **metrics: float) -> None:
        self.overall_metric_statistics.add(metrics)
        self.last_metrics.pop(trial, None)
        self.last_metrics[trial] = metrics


def test_stops_once_the_best_trials_hardly_differ():
    stopper, status = PlateauStopper("loss", std=0.1, num_trials=3), Status()
    for trial, loss in enumerate([5.0, 1.0, 3.0, 1.05, 7.0]):
        status.tell(trial, loss=loss)
        assert not stopper(status)
    status.tell(5, loss=0.95)
    assert stopper(status)


def test_patience_counts_trials_not_looks():
    stopper, status = PlateauStopper("loss", std=0.1, num_trials=2, patience=1), Status()
    for trial in range(2):
        status.tell(trial, loss=1.0)
    assert not stopper(status)
    assert not stopper(status)
    status.tell(2, loss=9.0)
    assert stopper(status)


@pytest.mark.parametrize("mode", ["min", "max"])
def test_agrees_with_sorting_all_trials_anew_however_seldom_it_looks(mode):
    rng, sign = np.random.default_rng(0), 1.0 if mode == "min" else -1.0
    stopper = PlateauStopper("loss", std=0.02, num_trials=5, mode=mode)
    status, best, flat_for = Status(), {}, 0
    for _ in range(60):
        known = len(best)
        told = {}
        for _ in range(rng.integers(1, 5)):
            trial = int(rng.integers(0, 40))
            told[trial] = float(rng.random())
            status.tell(trial, loss=told[trial])
        for trial, loss in told.items():
            best[trial] = min(sign * loss, best.get(trial, sign * loss))
        if len(best) > known and len(best) >= 5:
            flat = statistics.pstdev(sorted(best.values())[:5]) <= 0.02
            flat_for = flat_for + 1 if flat else 0
        assert stopper(status) == (flat_for > 0)


def test_a_stopper_made_later_knows_what_was_reported_before():
    status = Status()
    for trial in range(12):
        status.tell(trial, loss=1.0)
    assert PlateauStopper("loss")(status)


def test_values_that_are_no_numbers_are_passed_over():
    stopper, status = PlateauStopper("loss", num_trials=2), Status()
    status.tell(0, loss=float("nan"))
    status.tell(1, loss=None)
    status.tell(2, accuracy=1.0)
    assert not stopper(status)


@pytest.mark.parametrize("mode", ["min", "max"])
def test_infinite_values_are_passed_over(mode):
    stopper, status = PlateauStopper("loss", num_trials=2, mode=mode), Status()
    for trial, loss in enumerate([float("inf"), float("-inf"), float("inf"), 1.0]):
        status.tell(trial, loss=loss)
        assert not stopper(status)
    status.tell(4, loss=1.0)
    assert stopper(status)
