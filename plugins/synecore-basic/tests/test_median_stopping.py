"""The median stopping rule against brute force and against recorded decisions."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from synecore.actions import Decided, Ended, Reply, Reported, Status
from synecore.errors import OptionError
from synecore.options import ComponentRef
from synecore.plugins.make import make_scheduler
from synecore.space import uniform
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine

TRACES = sorted((Path(__file__).parent / "fixtures").glob("median*.json"))
SPACE = {"x": uniform(0.0, 1.0), "epochs": 9}


def build(**options):
    words = {
        "metric": "value", "resource_attr": "epoch", "max_resource_attr": "epochs",
        "points_to_evaluate": [], "random_seed": 0,
    }  # fmt: skip
    return make_scheduler("median-stopping", SPACE, **{**words, **options})


def engine_of(scheduler):
    return Engine(scheduler, TrialTable(scheduler.problem, scheduler.tags))


def tell(engine, trial, resource, value):
    """Report once; end the trial where it was stopped or has reached its last epoch."""
    engine.report(Reported(at=0.0, trial=trial, metrics={"epoch": resource, "value": value}))
    stopped = engine.table.status(trial) is Status.STOPPING
    if stopped or resource >= engine.table.value("until", trial):
        engine.ended(Ended(at=0.0, trial=trial, exit="killed" if stopped else "ok"))
    return "STOP" if stopped else "CONTINUE"


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_decides_what_the_documented_system_decided(path):
    """There the first resource judged is `grace_time` itself; documented is the one after it."""
    trace = json.loads(path.read_text())
    options = {"grace_time": 1, **trace["options"]}
    options["grace_time"] -= 1
    engine = engine_of(build(mode=trace["mode"], **options))
    for number, (trial, resource, value, decision) in enumerate(trace["steps"]):
        while engine.table.n_busy < trace["workers"]:
            engine.ask(1, 0.0)
        assert tell(engine, trial, resource, value) == decision, f"at step {number}"


@pytest.mark.parametrize("running_average", [True, False])
def test_stops_what_more_than_the_cutoff_are_better_than(running_average):
    rng = np.random.default_rng(1)
    engine = engine_of(build(running_average=running_average, rank_cutoff=0.4))
    history, seen = {}, {}
    for _ in range(250):
        while engine.table.n_busy < 3:
            engine.ask(1, 0.0)
        trial = int(rng.choice(engine.table.busy()))
        resource = int(engine.table.value("reached", trial)) + 1
        value = float(rng.normal())
        history.setdefault(trial, []).append(value)
        compared = np.mean(history[trial]) if running_average else value
        others = seen.setdefault(resource, [])
        others.append(compared)
        better = sum(other < compared for other in others)
        expected = resource > 1 and len(others) >= 5 and better / len(others) > 0.4

        assert tell(engine, trial, resource, value) == ("STOP" if expected else "CONTINUE")


def test_says_why_in_the_users_signs():
    engine = engine_of(build(mode="max", grace_population=2, grace_time=0, rank_cutoff=0.25))
    for trial, value in enumerate([0.5, 0.25]):
        engine.ask(1, 0.0)
        tell(engine, trial, 1, value)

    decision = next(event for event in engine.events if isinstance(event, Decided))
    assert decision.why == {
        "rule": "median", "resource": 1.0, "rank": 2, "of": 2, "rank_cutoff": 0.25, "value": 0.25,
    }  # fmt: skip


def test_a_diverged_trial_is_worse_than_all_others():
    engine = engine_of(build(grace_population=3, grace_time=0))
    for trial, value in enumerate([0.5, 0.7]):
        engine.ask(1, 0.0)
        assert tell(engine, trial, 1, value) == "CONTINUE"
    engine.ask(1, 0.0)

    assert tell(engine, 2, 1, math.nan) == "STOP"


def test_what_it_lets_run_the_wrapped_scheduler_decides():
    engine = engine_of(build(scheduler={"name": "asha"}, grace_population=99))
    fates = []
    for trial, value in enumerate([0.1, 0.2, 0.3]):
        engine.ask(1, 0.0)
        fates.append(tell(engine, trial, 1, value))

    assert fates == ["CONTINUE", "STOP", "STOP"]
    assert engine.table.value("milestone", 0) == 3.0


def test_a_report_that_jumped_over_rungs_is_ranked_once():
    scheduler = build(scheduler={"name": "asha"}, grace_population=99)
    engine = engine_of(scheduler)
    engine.ask(1, 0.0)
    tell(engine, 0, 4, 0.5)

    assert scheduler._at == {4.0: [0.5]}
    assert scheduler.scheduler.information_for_rungs()[0][1] == 1


def test_works_without_a_fidelity():
    """The resource is then the number of reports."""
    scheduler = make_scheduler(
        "median-stopping", {"x": uniform(0.0, 1.0)}, metric="value", random_seed=0,
        grace_population=2, grace_time=0, rank_cutoff=0.0,
    )  # fmt: skip
    engine = engine_of(scheduler)
    for trial, value in enumerate([0.1, 0.2]):
        engine.ask(1, 0.0)
        engine.report(Reported(at=0.0, trial=trial, metrics={"value": value}))

    assert engine.table.status(1) is Status.STOPPING


def test_compares_the_metric_that_is_named():
    problem = make_scheduler(
        "fifo", {"x": uniform(0.0, 1.0)}, metric=["a", "b"], random_seed=0
    ).problem
    options = {"grace_population": 2, "grace_time": 0, "rank_cutoff": 0.0, "metric": "b"}
    rule = make_scheduler(ComponentRef("median-stopping", options), problem, random_seed=0)
    engine = engine_of(rule)
    for trial, (a, b) in enumerate([(2.0, 0.1), (1.0, 0.2)]):
        engine.ask(1, 0.0)
        engine.report(Reported(at=0.0, trial=trial, metrics={"a": a, "b": b}))

    assert engine.table.status(1) is Status.STOPPING
    with pytest.raises(OptionError, match="'metric' must be an objective: 'c'"):
        make_scheduler(ComponentRef("median-stopping", {"metric": "c"}), problem, random_seed=0)


def test_the_ranks_follow_from_the_table():
    rng = np.random.default_rng(1)
    scheduler = build()
    engine = engine_of(scheduler)
    for _ in range(80):
        while engine.table.n_busy < 3 and not isinstance(engine.ask(1, 0.0), Reply):
            pass
        trial = int(rng.choice(engine.table.busy()))
        value = math.nan if rng.random() < 0.1 else float(rng.normal())
        tell(engine, trial, int(engine.table.value("reached", trial)) + 1, value)
    twin = build()
    twin.rebuild(engine.table)

    assert twin._at == scheduler._at
    assert twin._sums == scheduler._sums
