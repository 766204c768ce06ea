from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from synecore.actions import Decided
from synecore_analysis.incumbent import BestSoFar


def test_improvements_are_kept_with_their_times(asha: Any) -> None:
    best = BestSoFar(asha.problem)
    best.update(asha.status().table)
    assert best.times == [1.0, 2.0, 4.0, 5.0]
    assert best.values == [0.9, 0.4, 0.2, 0.1]
    assert (best.value, best.trial, best.resource) == (0.1, 1, 3.0)


@pytest.mark.parametrize("mode", ["min", "max"])
def test_reading_bit_by_bit_is_reading_at_once(journal: Any, mode: str) -> None:
    rng = np.random.default_rng(0)
    run = journal(mode=mode)
    for _ in range(20):
        trial = run.start(width=int(rng.integers(2, 64)))
        for epoch in range(1, 6):
            run.report(trial, epoch, float(rng.choice([rng.normal(), math.nan, math.inf])))
    whole, parts = BestSoFar(run.problem), BestSoFar(run.problem)
    status = run.status()
    whole.update(status.table)
    partial = journal(mode=mode).status()
    for event in run.events:
        partial.table.apply(event)
        parts.update(partial.table)
    assert (parts.times, parts.values) == (whole.times, whole.values)
    assert (parts.trial, parts.resource) == (whole.trial, whole.resource)
    y = whole.values
    assert y == sorted(y, reverse=mode == "min")
    trial, minimized = status.table.best()
    assert (whole.trial, whole.value) == (trial, minimized if mode == "min" else -minimized)


def test_late_and_infeasible_reports_do_not_count(journal: Any) -> None:
    run = journal(constraints={"ms": 5})
    trial = run.start()
    run.report(trial, 1, 0.5, ms=4)
    run.report(trial, 2, 0.1, ms=6)
    run.events.append(Decided(at=2.0, trial=trial, action="stop"))
    run.report(trial, 3, 0.2, ms=4)
    best = BestSoFar(run.problem)
    best.update(run.status().table)
    assert best.values == [0.5]


def test_nothing_reported_is_nothing(journal: Any) -> None:
    run = journal()
    best = BestSoFar(run.problem)
    best.update(run.status().table)
    assert best.value is None
    assert np.isnan(best.sampled(10.0, 5)).all()


def test_samples_are_what_held_at_each_time(asha: Any) -> None:
    best = BestSoFar(asha.problem)
    best.update(asha.status().table)
    sampled = best.sampled(6.0, 12)  # every half second
    assert math.isnan(sampled[0])
    assert sampled[1:].tolist() == [0.9, 0.9, 0.4, 0.4, 0.4, 0.4, 0.2, 0.2, 0.1, 0.1, 0.1]
