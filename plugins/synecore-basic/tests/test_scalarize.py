"""Several objectives as one weighted sum, with a scheduler inside that knows one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from synecore.actions import Ended, Reported, Status
from synecore.errors import OptionError
from synecore.plugins.make import make_scheduler
from synecore.problem import Goal
from synecore.space import uniform
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine

SPACE = {"x": uniform(0.0, 1.0), "epochs": 9}
WORDS = {
    "metric": ["error", "latency"], "resource_attr": "epoch", "max_resource_attr": "epochs",
    "random_seed": 0, "points_to_evaluate": [],
}  # fmt: skip


def build(**options):
    return make_scheduler("scalarize", SPACE, **{**WORDS, **options})


def engine_of(scheduler):
    return Engine(scheduler, TrialTable(scheduler.problem, scheduler.tags))


def tell(engine, trial, resource, error, latency):
    metrics = {"epoch": resource, "error": error, "latency": latency}
    engine.report(Reported(at=0.0, trial=trial, metrics=metrics))
    if engine.table.status(trial) is Status.STOPPING:
        return engine.ended(Ended(at=0.0, trial=trial, exit="killed"))
    return engine.table.status(trial)


def test_the_inner_problem_has_the_documented_metric():
    inner = build().scheduler.problem

    assert [o.name for o in inner.objectives] == ["scalarized_error_latency"]
    assert inner.objectives[0].goal is Goal.MINIMIZE
    assert build(mode="max").scheduler.problem.objectives[0].goal is Goal.MAXIMIZE
    assert build(mode=["min", "max"]).scheduler.problem.objectives[0].goal is Goal.MINIMIZE


def test_decides_as_the_inner_scheduler_on_the_sum():
    """The same numbers, added up by the trial itself."""
    rng = np.random.default_rng(0)
    outer = engine_of(
        build(scheduler={"name": "asha"}, scalarization_weights=[2.0, 0.5], mode=["min", "max"])
    )
    plain = engine_of(make_scheduler("asha", SPACE, **{**WORDS, "metric": "sum", "mode": "min"}))
    for _ in range(200):
        for engine in (outer, plain):
            while engine.table.n_busy < 3:
                engine.ask(1, 0.0)
        assert outer.table.busy().tolist() == plain.table.busy().tolist()
        trial = int(rng.choice(outer.table.busy()))
        resource = int(outer.table.value("reached", trial)) + 1
        error, latency = rng.normal(size=2)
        tell(outer, trial, resource, error, latency)
        plain.report(
            Reported(
                at=0.0, trial=trial, metrics={"epoch": resource, "sum": 2.0 * error - 0.5 * latency}
            )
        )  # fmt: skip
        if plain.table.status(trial) is Status.STOPPING:
            plain.ended(Ended(at=0.0, trial=trial, exit="killed"))
        elif resource == 9:
            for engine in (outer, plain):
                engine.ended(Ended(at=0.0, trial=trial, exit="ok"))
        assert outer.table.status(trial) is plain.table.status(trial)
    assert outer.table.trial("x").tolist() == plain.table.trial("x").tolist()


def test_the_inner_scheduler_is_rebuilt_from_the_derived_table():
    rng = np.random.default_rng(0)
    scheduler = build(scheduler={"name": "asha"}, scalarization_weights=[1.0, 0.1])
    engine = engine_of(scheduler)
    for trial in range(40):
        engine.ask(1, 0.0)
        error = math.nan if trial % 7 == 3 else float(rng.normal())
        tell(engine, trial, 1, error, float(rng.normal()))
    twin = build(scheduler={"name": "asha"}, scalarization_weights=[1.0, 0.1])
    twin.rebuild(engine.table)

    assert twin.scheduler.brackets.snapshot_rungs() == scheduler.scheduler.brackets.snapshot_rungs()
    assert len(twin.scheduler.brackets.snapshot_rungs()[-1][1]) == 40


def test_start_points_are_served_once_to_the_innermost_searcher():
    engine = engine_of(build(points_to_evaluate=[{"x": 0.25}, {"x": 0.75}]))
    for _ in range(3):
        engine.ask(1, 0.0)

    assert [config["x"] for config in engine.table.configs[:2]] == [0.25, 0.75]
    assert engine.events[-1].why == {"source": "random"}


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [0.0, 0.0], [1.0, math.inf]])
def test_weights_that_do_not_fit_are_refused(weights):
    with pytest.raises(OptionError) as error:
        build(scalarization_weights=weights)

    assert str(error.value) == (
        "scheduler 'scalarize': 'scalarization_weights' must be 2 numbers >= 0, not all 0, one for "
        f"each of error, latency: {weights}."
    )
