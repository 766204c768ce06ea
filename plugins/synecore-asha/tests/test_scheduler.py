"""Asynchronous successive halving, driven through the engine on small learning curves."""

from __future__ import annotations

import logging
import math

import numpy as np
import pytest

from synecore.actions import Decided, Ended, Reply, Reported, Resumed, Started, Status
from synecore.errors import OptionError, UnsupportedProblemError
from synecore.plugins.hookspecs import Setup
from synecore.plugins.make import make_scheduler
from synecore.problem import Problem
from synecore.space import choice, randint, uniform
from synecore.testing import FixedSearcher, backend_for, difference, drive
from synecore.testing.problems import curves
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine
from synecore_asha.options import ASHAOptions
from synecore_asha.scheduler import ASHA
from synecore_asha.snapshots import ReadsSnapshots

SPACE = {"x": uniform(0.0, 1.0), "epochs": 9}
WORDS = {
    "metric": "loss", "resource_attr": "epoch", "max_resource_attr": "epochs", "random_seed": 0,
    "points_to_evaluate": [],
}  # fmt: skip

POINTS = [{"x": i / 10} for i in range(9)]


def build(space=SPACE, **options):
    return make_scheduler("asha", space, **{**WORDS, **options})


def engine_of(scheduler):
    return Engine(scheduler, TrialTable(scheduler.problem, scheduler.tags))


def tell(engine, trial, resource, loss):
    """Report once; end the trial where it was stopped or where it ends by itself."""
    metrics = {"epoch": resource, "loss": loss}
    engine.report(Reported(at=0.0, trial=trial, metrics=metrics))
    table = engine.table
    if table.status(trial) is Status.STOPPING:
        return engine.ended(Ended(at=0.0, trial=trial, exit="killed"))
    if resource >= table.value("until", trial):
        return engine.ended(Ended(at=0.0, trial=trial, exit="ok"))
    return table.status(trial)


def play(engine, n_steps, seed=0, n_workers=3, losses=None):
    """Run invented learning curves; yield after every event."""
    rng = np.random.default_rng(seed)
    table = engine.table
    for _ in range(n_steps):
        while table.n_busy < n_workers:
            if isinstance(engine.ask(1, 0.0), Reply):
                break
            yield
        busy = table.busy()
        if not len(busy):
            return
        trial = int(rng.choice(busy))
        loss = float(rng.normal()) if losses is None else losses(trial)
        resource = int(table.value("reached", trial)) + 1
        tell(engine, trial, resource, math.nan if rng.random() < 0.1 else loss)
        yield


# ---- stopping --------------------------------------------------------------------------


def test_stops_all_but_the_top_third():
    engine = engine_of(build())
    fates = []
    for trial, loss in enumerate([0.5, 0.6, 0.4, 0.3, 0.7, 0.35]):
        engine.ask(1, 0.0)
        fates.append(tell(engine, trial, 1, loss))

    seen = np.array([0.5, 0.6, 0.4, 0.3, 0.7, 0.35])
    expected = [
        n == 1 or seen[n - 1] <= np.quantile(seen[:n], 1 / 3) for n in range(1, len(seen) + 1)
    ]
    assert [fate is Status.RUNNING for fate in fates] == expected
    assert Status.STOPPED in fates


def test_says_why_in_the_users_signs():
    engine = engine_of(build(mode="max"))
    for trial, gain in enumerate([0.5, 0.25]):
        engine.ask(1, 0.0)
        tell(engine, trial, 1, gain)

    decisions = [event for event in engine.events if isinstance(event, Decided)]
    assert decisions[0].action == "update"
    assert decisions[0].why == {"rung": 1, "rank": 1, "of": 1, "cutoff": None, "value": 0.5}
    assert decisions[1].action == "stop"
    assert decisions[1].why["rank"] == 2
    assert decisions[1].why["cutoff"] == pytest.approx(0.5 - 0.25 / 3)
    assert decisions[1].why["value"] == 0.25


def test_a_trial_that_jumped_over_rungs_is_judged_at_each():
    engine = engine_of(build())
    engine.ask(1, 0.0)
    tell(engine, 0, 4, 0.5)

    assert [row[:2] for row in engine.scheduler.information_for_rungs()] == [(3, 1), (1, 1)]
    assert engine.table.value("milestone", 0) == 9.0


def test_a_trial_without_a_limit_of_its_own_is_stopped_at_the_largest_resource():
    scheduler = build({"x": uniform(0.0, 1.0)}, max_resource_attr=None, max_t=9)
    engine = engine_of(scheduler)
    engine.ask(1, 0.0)
    for resource in range(1, 10):
        status = tell(engine, 0, resource, 0.1)

    assert engine.events[-2].action == "stop"
    assert engine.events[-2].why == {"resource": 9.0, "max_t": 9.0}
    assert status is Status.COMPLETED


def test_a_trial_whose_configuration_holds_the_limit_ends_by_itself():
    engine = engine_of(build())
    engine.ask(1, 0.0)
    for resource in range(1, 10):
        status = tell(engine, 0, resource, 0.1)

    assert status is Status.COMPLETED


def test_a_space_that_is_used_up_ends_the_run():
    engine = engine_of(build({"a": choice(["b", "c"]), "epochs": 9}))

    assert engine.ask(1, 0.0) == [0]
    assert engine.ask(1, 0.0) == [1]
    assert engine.ask(1, 0.0) is Reply.EXHAUSTED


# ---- promotion -------------------------------------------------------------------------


def test_pauses_at_each_rung_and_promotes_the_best_from_the_top():
    engine = engine_of(build(type="promotion"))
    for trial, loss in enumerate([0.5, 0.1, 0.3]):
        assert engine.ask(1, 0.0) == [trial]
        assert tell(engine, trial, 1, loss) is Status.PAUSED
        if trial == 1:  # of two, the better one is within the cutoff
            assert engine.ask(1, 0.0) == [1]
            assert engine.events[-1].milestone == 3.0
            tell(engine, 1, 2, 0.1)
            assert tell(engine, 1, 3, 0.1) is Status.PAUSED

    assert engine.ask(1, 0.0) == [3]  # nobody new is within the cutoff of 0.1, 0.3, 0.5
    assert engine.scheduler.paused_trials() == [(1, 0, 0.1, 3), (2, 1, 0.3, 1), (0, 2, 0.5, 1)]
    assert engine.scheduler.paused_trials(3) == [(1, 0, 0.1, 3)]
    assert engine.scheduler.paused_trials(2) == []


def test_a_promotion_says_why():
    engine = engine_of(build(type="promotion"))
    for trial, loss in enumerate([0.5, 0.125]):
        engine.ask(1, 0.0)
        tell(engine, trial, 1, loss)
    engine.ask(1, 0.0)

    resumed = engine.events[-1]
    assert isinstance(resumed, Resumed)
    assert resumed.why == {
        "promoted_to": 3, "rung": 1, "rank": 1, "of": 2, "cutoff": 0.25, "value": 0.125,
    }  # fmt: skip


def test_pauses_trials_that_do_not_end_by_themselves():
    scheduler = build({"x": uniform(0.0, 1.0)}, max_resource_attr=None, max_t=9, type="promotion")
    engine = engine_of(scheduler)
    engine.ask(1, 0.0)

    assert tell(engine, 0, 1, 0.5) is Status.PAUSED
    assert engine.events[-2].action == "pause"


def test_a_paused_trial_is_promoted_only_once_its_process_has_ended():
    engine = engine_of(build(type="promotion"))
    for trial, loss in enumerate([0.5, 0.1]):
        engine.ask(1, 0.0)
        engine.report(Reported(at=0.0, trial=trial, metrics={"epoch": 1, "loss": loss}))

    assert engine.ask(1, 0.0) == [2]
    engine.ended(Ended(at=0.0, trial=1, exit="ok"))
    assert engine.ask(1, 0.0) == [1]


def test_a_paused_trial_that_the_user_stopped_is_not_promoted():
    engine = engine_of(build(type="promotion"))
    for trial, loss in enumerate([0.5, 0.1]):
        engine.ask(1, 0.0)
        tell(engine, trial, 1, loss)
    engine.decide("stop", 1, 0.0, by="user")

    assert engine.ask(1, 0.0) == [2]
    assert engine.scheduler.paused_trials() == [(0, 1, 0.5, 1)]


def test_a_trial_that_fails_after_its_report_is_not_promoted():
    engine = engine_of(build(type="promotion"))
    for trial, loss in enumerate([0.5, 0.1]):
        engine.ask(1, 0.0)
        engine.report(Reported(at=0.0, trial=trial, metrics={"epoch": 1, "loss": loss}))
        engine.ended(Ended(at=0.0, trial=trial, exit="failed"))

    assert engine.ask(1, 0.0) == [2]
    assert engine.scheduler.information_for_rungs()[-1][:2] == (1, 2)


def test_a_resumed_trial_without_checkpoint_is_judged_at_the_next_rung_once():
    engine = engine_of(build(type="promotion"))
    for trial, loss in enumerate([0.5, 0.1]):
        engine.ask(1, 0.0)
        tell(engine, trial, 1, loss)
    engine.ask(1, 0.0)
    for resource in (1, 2):
        assert (
            engine.report(Reported(at=0.0, trial=1, metrics={"epoch": resource, "loss": 0.1}))
            is None
            or resource > 1
        )
    assert tell(engine, 1, 3, 0.05) is Status.PAUSED

    assert [row[1] for row in engine.scheduler.information_for_rungs()] == [1, 2]


def test_waits_for_promotions_when_the_space_is_used_up():
    engine = engine_of(build({"n": randint(1, 3), "epochs": 9}, type="promotion"))
    for trial in range(3):
        assert engine.ask(1, 0.0) == [trial]
    assert engine.ask(1, 0.0) is Reply.WAIT
    for trial, loss in enumerate([0.3, 0.2, 0.1]):
        tell(engine, trial, 1, loss)

    assert engine.ask(1, 0.0) == [2]
    assert engine.ask(1, 0.0) is Reply.WAIT
    for resource in (2, 3):
        tell(engine, 2, resource, 0.1)
    for _ in range(3):
        assert engine.ask(1, 0.0) is Reply.EXHAUSTED


def test_a_diverged_trial_is_never_promoted():
    engine = engine_of(build({"n": randint(1, 3), "epochs": 9}, type="promotion"))
    for trial in range(3):
        engine.ask(1, 0.0)
        tell(engine, trial, 1, math.nan)

    assert engine.ask(1, 0.0) is Reply.EXHAUSTED


# ---- brackets --------------------------------------------------------------------------


def test_brackets_are_drawn_by_their_weights():
    scheduler = build(brackets=3)
    rng = np.random.default_rng(0)
    drawn = np.bincount([scheduler.brackets.draw(rng) for _ in range(20_000)], minlength=3)

    assert np.allclose(drawn / 20_000, scheduler.brackets.weights, atol=0.015)


def test_a_bracket_decides_the_first_milestone():
    scheduler = build(brackets=3)
    engine = engine_of(scheduler)
    for _ in range(30):
        engine.ask(1, 0.0)

    started = [event for event in engine.events if isinstance(event, Started)]
    firsts = {(event.tags["bracket"], event.milestone) for event in started}
    assert firsts == {(0, 1.0), (1, 3.0), (2, 9.0)}
    assert all(event.why["bracket"] == event.tags["bracket"] for event in started)


def test_there_are_no_more_brackets_than_levels():
    assert build(brackets=10).num_brackets == 3


def test_a_searcher_may_weigh_brackets():
    class Weighs(FixedSearcher):
        def bracket_weights(self, levels, trials):
            assert levels.tolist() == [1.0, 3.0]
            return np.array([0.0, 1.0])

    problem = build().problem
    scheduler = make_scheduler(
        "asha", problem, random_seed=0, brackets=2, searcher=Weighs(problem.space, POINTS)
    )
    engine = engine_of(scheduler)
    for _ in range(5):
        engine.ask(1, 0.0)

    assert set(engine.table.trial("bracket")) == {1}


def test_several_trials_are_asked_for_at_once_each_in_its_bracket():
    engine = engine_of(build(brackets=3, type="promotion"))

    assert engine.ask(6, 0.0) == [0, 1, 2, 3, 4, 5]
    for trial in range(6):
        milestone = engine.table.value("milestone", trial)
        assert milestone == [1.0, 3.0, 9.0][int(engine.table.value("bracket", trial))]
        for resource in range(1, int(milestone) + 1):
            tell(engine, trial, resource, trial / 10)
    again = engine.ask(6, 0.0)
    resumed = [event.trial for event in engine.events if isinstance(event, Resumed)]
    assert resumed
    assert len(again) == 6


# ---- options ---------------------------------------------------------------------------


def test_an_unknown_type_is_refused_with_the_two_there_are():
    with pytest.raises(OptionError, match="'type' must be 'stopping' or 'promotion': 'pasha'"):
        build(type="pasha")


def test_a_problem_without_resource_is_refused():
    with pytest.raises(UnsupportedProblemError, match="needs to know the largest resource"):
        make_scheduler("asha", {"x": uniform(0, 1)}, metric="loss", random_seed=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reduction_factor": 1.5}, "'reduction_factor' must be >= 2: 1.5"),
        ({"grace_period": 0}, "'grace_period' must be >= 1: 0"),
        ({"grace_period": 9}, "'grace_period' must be less than max_t = 9: 9"),
        ({"rung_increment": 0}, "'rung_increment' must be >= 1: 0"),
        ({"brackets": 0}, "'brackets' must be >= 1: 0"),
        ({"rung_levels": [3, 1]}, "strictly increasing"),
        ({"rung_levels": [1, 30]}, "must not exceed max_t = 9"),
        ({"searcher_data": "some"}, "'searcher_data' must be 'rungs', 'all' or 'rungs_and_last'"),
        ({"grace_peroid": 2}, "did you mean 'grace_period'"),
        ({"eta": 4}, "did you mean 'reduction_factor'"),
        ({"type": "promotion", "do_snapshots": True}, "'do_snapshots' needs type='stopping'"),
    ],
)
def test_a_wrong_option_says_what_is_wrong(options, message):
    with pytest.raises(OptionError) as error:
        build(**options)

    assert message in str(error.value)


def test_levels_given_together_with_a_rule_warn(caplog):
    with caplog.at_level(logging.WARNING):
        scheduler = build(rung_levels=[2, 4], grace_period=3)
        build(rung_levels=[2, 4])

    assert scheduler.rung_levels == [2, 4]
    assert [record.getMessage() for record in caplog.records] == [
        "scheduler 'asha': 'rung_levels' decides alone, ignored: grace_period."
    ]


def test_the_documented_attributes_are_there():
    scheduler = build(type="promotion", brackets=2, searcher_data="all")

    assert scheduler.rung_levels == [1, 3]
    assert scheduler.resource_attr == "epoch"
    assert scheduler.max_resource_level == 9
    assert scheduler.num_brackets == 2
    assert scheduler.searcher_data == "all"
    assert scheduler.scheduler_type == "promotion"
    assert scheduler.does_pause_resume()
    assert not build().does_pause_resume()
    assert scheduler.terminator.information_for_rungs() == [(3, 0, 3 / 9), (1, 0, 1 / 3)]


# ---- snapshots -------------------------------------------------------------------------


def test_a_searcher_may_look_at_the_running_trials_and_the_rungs():
    class Looks(FixedSearcher):
        snapshots = ()

        def read_snapshot(self, snapshot):
            self.snapshots += (snapshot,)

    problem = build().problem
    searcher = Looks(problem.space, POINTS)
    assert isinstance(searcher, ReadsSnapshots)
    engine = engine_of(
        make_scheduler("asha", problem, random_seed=0, searcher=searcher, do_snapshots=True)
    )
    for trial, loss in enumerate([0.5, 0.3, 0.4]):
        engine.ask(1, 0.0)
        tell(engine, trial, 1, loss)
    engine.ask(1, 7.0)

    last = searcher.snapshots[-1]
    assert last.max_resource == 9.0
    assert last.rungs == ((3, ()), (1, ((1, 0.3), (2, 0.4), (0, 0.5))))
    assert {trial: running.level for trial, running in last.running.items()} == {0: 1.0, 1: 1.0}
    assert last.running[0].x.tolist() == engine.table.trial("x")[0].tolist()


# ---- state -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["stopping", "promotion"])
@pytest.mark.parametrize(
    "brackets", [{}, {"brackets": 3}, {"brackets": 3, "rung_system_per_bracket": True}]
)
def test_the_rungs_follow_from_the_table_after_any_event(kind, brackets):
    scheduler = build(type=kind, **brackets)
    engine = engine_of(scheduler)
    twin = build(type=kind, **brackets)
    for _ in play(engine, 120):
        twin.rebuild(engine.table)
        for system, other in zip(scheduler.brackets.systems, twin.brackets.systems, strict=True):
            for rung, its in zip(system.rungs, other.rungs, strict=True):
                assert its.entries() == rung.entries()
                assert its.waiting() == rung.waiting()
                assert its.arrivals == rung.arrivals
        assert_equal(twin._variant.state_dict(), scheduler._variant.state_dict())


def assert_equal(state, other):
    assert state.keys() == other.keys()
    for name in state:
        order = np.argsort(np.atleast_2d(state["arriving"])[:, 0], kind="stable")
        its = np.argsort(np.atleast_2d(other["arriving"])[:, 0], kind="stable")
        assert state[name][order].tolist() == other[name][its].tolist()


def test_a_scheduler_of_a_problem_that_cannot_be_saved_is_replayed():
    class Foreign(FixedSearcher):
        def state_dict(self):
            return None

    problem: Problem = build().problem
    searcher = Foreign(problem.space, POINTS)
    scheduler = make_scheduler("asha", problem, random_seed=0, searcher=searcher)

    assert scheduler.state_dict() is None


# ---- options that reach the searcher ---------------------------------------------------


@pytest.mark.parametrize(
    ("own", "known", "passed"),
    [
        ({"searcher_data": "all"}, {}, {}),
        ({"searcher_data": "all"}, {"searcher_data": "rungs"}, {"searcher_data": "all"}),
        ({}, {"searcher_data": "all"}, {"searcher_data": "all"}),
        (
            {"register_pending_myopic": True},
            {"searcher_data": "all", "register_pending_myopic": False},
            {"searcher_data": "all", "register_pending_myopic": True},
        ),
    ],
)
def test_options_about_data_reach_a_searcher_that_knows_them(own, known, passed):
    calls = []
    problem = build().problem

    def make(kind, ref, **options):
        calls.append((kind, ref.name, options))
        return FixedSearcher(problem.space, POINTS)

    options = ASHAOptions(searcher={"name": "model", **known}, **own)
    scheduler = ASHA(Setup(problem, np.random.SeedSequence(0), make), options)

    assert calls == [("searcher", "model", passed)]
    assert scheduler.searcher_data == {**known, **own}.get("searcher_data", "rungs")
    assert scheduler.register_pending_myopic is bool(own.get("register_pending_myopic"))


@pytest.mark.parametrize("kind", ["stopping", "promotion"])
@pytest.mark.parametrize("attr", [False, True])
@pytest.mark.parametrize("brackets", [1, 3])
def test_reports_in_blocks_and_one_by_one_lead_to_the_same_table(kind, attr, brackets):
    known = curves(27, attr=attr)
    tables = []
    for blocks in (False, True):
        scheduler = make_scheduler(
            "asha", known.problem, random_seed=3, type=kind, brackets=brackets
        )
        driven = drive(scheduler, backend_for(known, blocks=blocks), max_trials=40, max_events=3000)
        tables.append(driven.table)

    assert difference(*tables, "the table") == ""
    assert (tables[0].trial("status") == Status.COMPLETED).any()
