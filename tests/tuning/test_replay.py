from __future__ import annotations

import json
import math

import attrs
import numpy as np
import pytest

from synecore.actions import (
    Amended,
    Asked,
    Decided,
    Ended,
    Reply,
    Reported,
    ReportedBlock,
    Resumed,
    Start,
    Started,
    Status,
    Stop,
    Update,
)
from synecore.errors import ResumeMismatchError
from synecore.plugins.make import make_scheduler
from synecore.problem import Problem
from synecore.space import uniform
from synecore.testing import ScriptedScheduler, backend_for, difference, drive
from synecore.testing.problems import curves
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine
from synecore.tuning.journal import event_from_json, event_to_json
from synecore.tuning.replay import replay

X = np.array([0.5])


def engine_of(scheduler, **options):
    return Engine(scheduler, TrialTable(scheduler.problem, scheduler.tags), **options)


def on_disk(events):
    return [event_from_json(json.loads(json.dumps(event_to_json(event)))) for event in events]


def asha(**options):
    known = curves(attr=options.get("type") == "promotion")
    return known, make_scheduler("asha", known.problem, random_seed=3, **options)


@pytest.fixture(params=["stopping", "promotion"])
def run(request):
    """A fresh scheduler, and the events of a run of its equal."""
    known, scheduler = asha(type=request.param)
    driven = drive(scheduler, backend_for(known), n_workers=3, max_trials=15)
    return asha(type=request.param)[1], on_disk(driven.events), driven.table


# ---- what is equal -------------------------------------------------------------------------


def test_a_run_comes_out_again(run):
    fresh, events, table = run
    engine = engine_of(fresh)
    assert replay(engine, events) == []
    assert difference(table, engine.table) == ""


def test_every_beginning_of_a_run_comes_out_again_and_goes_on_like_the_whole(run):
    fresh, events, _ = run
    for n in range(0, len(events), 7):
        # A beginning is cut between appends: an ask or a report with all that was decided on it.
        while n < len(events) and isinstance(events[n], (Decided, Started, Resumed)):
            n += 1
        engine = engine_of(make_scheduler("asha", fresh.problem, random_seed=3, type=kind(fresh)))
        assert replay(engine, events[:n]) == []
        assert replay(engine, events[n:], n) == []


def kind(scheduler):
    return scheduler.scheduler_type


def one_trial(*, scheduler=None, tags=None, config=None, **script):
    problem = Problem.create(config or {"x": uniform(0, 1)}, metric="loss")
    return scheduler or ScriptedScheduler(
        problem, [[Start(X, tags=tags or {})]], tags={"score": "f8"} if tags else None, **script
    )


def recorded(scheduler, *more):
    engine = engine_of(scheduler)
    engine.ask(1, 0.0)
    for event in more:
        engine.ended(event) if isinstance(event, Ended) else engine.report(event)
    return engine.take()[0]


def test_the_figures_of_a_decision_may_differ():
    events = recorded(one_trial())
    events[1] = attrs.evolve(events[1], why={"value": 0.1 + 0.2})
    assert replay(engine_of(one_trial()), on_disk(events)) == []


def test_metrics_and_columns_that_are_not_numbers_are_equal_to_themselves():
    report = Reported(
        at=1.0, trial=0, metrics={"loss": math.nan, "text": "NaN", "more": [math.inf]}
    )
    tags = {"score": math.nan}
    events = recorded(one_trial(tags=tags), report)
    assert replay(engine_of(one_trial(tags=tags)), on_disk(events)) == []


def test_a_tuple_is_a_list_on_disk():
    space = {"x": uniform(0, 1), "layers": (8, 8), "scale": math.inf}
    events = recorded(one_trial(config=space))
    assert events[1].config["layers"] == (8, 8)
    assert replay(engine_of(one_trial(config=space)), on_disk(events)) == []


def test_blocks_are_inputs():
    block = ReportedBlock(trial=0, at=np.array([1.0, 2.0]), metrics={"loss": [1.0, math.nan]})
    events = recorded(one_trial(), block)
    assert replay(engine_of(one_trial()), on_disk(events)) == []


def test_columns_that_observers_added_to_a_report_are_no_difference():
    events = recorded(one_trial(), Reported(at=1.0, trial=0, metrics={"loss": 1.0}))
    events[2].metrics["extra"] = 7
    assert replay(engine_of(one_trial()), on_disk(events)) == []


def test_decisions_of_the_user_and_of_the_tuner_are_inputs():
    engine = engine_of(one_trial())
    engine.ask(1, 0.0)
    engine.report(Reported(at=1.0, trial=0, metrics={"loss": 1.0}))
    engine.decide("stop", 0, 2.0, by="user", why={"source": "user"})
    engine.ended(Ended(at=3.0, trial=0, exit="killed"))
    events, _ = engine.take()
    fresh = engine_of(one_trial())
    assert replay(fresh, on_disk(events)) == []
    assert fresh.table.status(0) is Status.STOPPED


def test_retries_and_amendments_are_inputs():
    engine = engine_of(one_trial(), max_retries=1)
    engine.ask(1, 0.0)
    engine.ended(Ended(at=1.0, trial=0, exit="failed", error="crash"))
    engine.retry(0, 2.0, "the tuner was interrupted", lost=True)
    engine.amend(Amended(at=3.0, problem={"start_points": [{"x": 0.25}]}))
    events, _ = engine.take()
    fresh = engine_of(one_trial(), max_retries=1)
    assert replay(fresh, on_disk(events)) == []
    assert fresh.table.value("attempt", 0) == 2
    assert fresh.table.value("failures", 0) == 1
    assert fresh.table.start_points[-1] == {"x": 0.25}


def test_waiting_and_exhaustion_are_asked_again():
    def script():
        problem = Problem.create({"x": uniform(0, 1)}, metric="loss")
        return ScriptedScheduler(problem, [[Start(X)], Reply.WAIT, Reply.EXHAUSTED])

    engine = engine_of(script())
    for now in (0.0, 1.0, 2.0):
        engine.ask(1, now)
    events, _ = engine.take()
    fresh = script()
    assert replay(engine_of(fresh), on_disk(events)) == []
    assert fresh.state_dict() == {"asked": 3}


# ---- a record that ends in the middle of a tick ---------------------------------------------


def test_what_is_decided_beyond_the_record_is_returned():
    def on_report(report, trials):
        return [Update(0, milestone=5.0), Stop(0)]

    def script():
        problem = Problem.create({"x": uniform(0, 1)}, metric="loss")
        return ScriptedScheduler(problem, [[Start(X, milestone=1)]], on_report=on_report)

    events = recorded(script(), Reported(at=1.0, trial=0, metrics={"loss": 1.0}))
    assert [type(event) for event in events] == [Asked, Started, Reported, Decided, Decided]
    for n in (3, 4):
        assert replay(engine_of(script()), on_disk(events[:n])) == events[n:]


# ---- what differs, in exact words ------------------------------------------------------------


def said(scheduler, events, first=0):
    with pytest.raises(ResumeMismatchError) as error:
        replay(engine_of(scheduler), on_disk(events), first)
    return str(error.value)


def test_another_configuration():
    events = recorded(one_trial())
    events[1] = attrs.evolve(events[1], config={"x": 0.25})
    assert said(one_trial(), events, 40) == (
        "event 41 of the journal differs: recorded start of trial 0 with {'x': 0.25}, until inf, "
        "decided now start of trial 0 with {'x': 0.5}, until inf"
    )


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ([8, 8], [8, 8, 8]), ([8, 8], [8, 9]), ([8], 8), ({"a": 1}, {"a": 2}), ({"a": 1}, {"b": 1}),
        ({"a": 1}, 1), (math.nan, 1.0), (1.0, math.nan), ("8", 8),
    ],
)  # fmt: skip
def test_any_other_value(then, now):
    events = recorded(one_trial(config={"x": uniform(0, 1), "constant": 0}))
    events[1] = attrs.evolve(events[1], config={"x": 0.5, "constant": then})
    scheduler = one_trial(config={"x": uniform(0, 1), "constant": now})
    assert said(scheduler, events).startswith("event 1 of the journal differs: ")


def test_a_trial_that_was_not_stopped():
    report = Reported(at=1.0, trial=0, metrics={"loss": 1.0})
    events = recorded(one_trial(on_report=lambda r, t: [Stop(0)]), report)
    assert said(one_trial(), events) == (
        "event 3 of the journal cannot be repeated: the scheduler does not decide "
        "'stop' of trial 0 again"
    )


def test_a_trial_that_is_stopped_now():
    report = Reported(at=1.0, trial=0, metrics={"loss": 1.0})
    events = recorded(one_trial(), report, Ended(at=2.0, trial=0, exit="ok"))
    assert said(one_trial(on_report=lambda r, t: [Stop(0)]), events) == (
        "event 3 of the journal differs: recorded end of trial 0, completed, "
        "decided now 'stop' of trial 0"
    )


def test_another_answer_to_an_ask():
    problem = Problem.create({"x": uniform(0, 1)}, metric="loss")
    events = recorded(one_trial())
    assert said(ScriptedScheduler(problem, []), events) == (
        "event 0 of the journal differs: recorded an ask for 1 answered 'with trials', "
        "decided now an ask for 1 answered 'exhausted'"
    )


def test_an_end_that_means_something_else_now():
    events = recorded(one_trial(), Ended(at=2.0, trial=0, exit="ok"))
    events[2] = attrs.evolve(events[2], status=Status.PAUSED)
    assert said(one_trial(), events) == (
        "event 2 of the journal differs: recorded end of trial 0, paused, "
        "decided now end of trial 0, completed"
    )


def test_a_scheduler_that_breaks_its_contract_now():
    problem = Problem.create({"x": uniform(0, 1)}, metric="loss")
    events = recorded(one_trial())
    assert said(ScriptedScheduler(problem, [[]]), events) == (
        "event 0 of the journal cannot be repeated: scheduler ScriptedScheduler answered 0 trials "
        "when asked for 1; allowed are 1 to 1, Reply.WAIT or Reply.EXHAUSTED"
    )
