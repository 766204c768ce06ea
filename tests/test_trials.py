"""The table, told one event at a time. `rules.md` of the design, sections 2 and 3, in code."""

from __future__ import annotations

import copy
import json
import math
import pickle

import numpy as np
import pytest

from synecore.actions import (
    Amended,
    Asked,
    Decided,
    Ended,
    Reported,
    ReportedBlock,
    Resumed,
    Retried,
    Started,
    Status,
)
from synecore.errors import OptionError
from synecore.plugins.make import make_scheduler
from synecore.problem import Problem
from synecore.space import choice, randint, uniform
from synecore.testing import all_problems, backend_for, difference, drive, driving
from synecore.testing.driving import TROUBLES
from synecore.testing.problems import curves
from synecore.trials import BadReport, TrialTable, columns
from synecore.tuning.engine import Engine
from synecore.tuning.journal import event_from_json, event_to_json

INF = math.inf


def problem(**words):
    words = {"metric": "loss", "resource_attr": "epoch", "max_t": 9, **words}
    return Problem.create({"x": uniform(0, 1)}, **words)


def single(**words):
    """A problem without a fidelity."""
    return problem(resource_attr=None, max_t=None, **words)


class Told:
    """A table and a clock that ticks once an event."""

    def __init__(self, of=None, **tags):
        self.table = TrialTable(of or problem(), tags)
        self.now = 0.0

    def apply(self, event):
        return self.table.apply(event)

    def tick(self):
        self.now += 1.0
        return self.now

    def start(self, x=0.5, *, until=9.0, milestone=None, **more):
        trial = self.table.n_trials
        milestone = until if milestone is None else milestone
        self.apply(
            Started(at=self.tick(), trial=trial, config={"x": x}, until=until,
                    milestone=milestone, **more)
        )  # fmt: skip
        return trial

    def report(self, trial, epoch=None, loss=1.0, **more):
        metrics = {"loss": loss, **more}
        if epoch is not None:
            metrics["epoch"] = epoch
        return self.apply(Reported(at=self.tick(), trial=trial, metrics=metrics))

    def block(self, trial, epochs, losses, **more):
        at = np.array([self.tick() for _ in epochs])
        metrics = {"loss": list(losses), "epoch": list(epochs), **more}
        return self.apply(ReportedBlock(trial=trial, at=at, metrics=metrics))

    def decide(self, trial, action, **more):
        self.apply(Decided(at=self.tick(), trial=trial, action=action, **more))

    def end(self, trial, status, exit="ok"):
        self.apply(Ended(at=self.tick(), trial=trial, exit=exit, status=status))

    def resume(self, trial, until=9.0, milestone=None):
        milestone = until if milestone is None else milestone
        self.apply(Resumed(at=self.tick(), trial=trial, until=until, milestone=milestone))

    def pause(self, trial):
        self.decide(trial, "pause")
        self.end(trial, self.table.fate(trial), "killed")

    def status(self, trial=0):
        return self.table.status(trial)

    def obs(self, name):
        return self.table.obs(name).tolist()


# ---- the life of a trial ----------------------------------------------------------------


def test_a_started_trial_is_queued_until_its_first_report():
    told = Told()
    trial = told.start()
    assert told.status(trial) is Status.QUEUED
    told.report(trial, 1)
    assert told.status(trial) is Status.RUNNING


@pytest.mark.parametrize(
    ("action", "fate"),
    [("stop", Status.STOPPED), ("pause", Status.PAUSED), ("fail", Status.FAILED)],
)
def test_a_running_trial_is_stopping_until_its_end_is_seen(action, fate):
    told = Told()
    trial = told.start()
    told.report(trial, 1)
    told.decide(trial, action)
    assert told.status(trial) is Status.STOPPING
    assert told.table.fate(trial) is fate
    assert told.table.n_busy == 1
    told.end(trial, fate, "killed")
    assert told.status(trial) is fate
    assert told.table.n_busy == 0


def test_a_queued_trial_can_be_stopped():
    told = Told()
    trial = told.start()
    told.decide(trial, "stop")
    assert told.status(trial) is Status.STOPPING


def test_a_paused_trial_is_stopped_at_once():
    told = Told()
    trial = told.start()
    told.report(trial, 1)
    told.pause(trial)
    told.decide(trial, "stop", by="user")
    assert told.status(trial) is Status.STOPPED


def test_a_paused_trial_is_stopped_even_at_the_full_resource():
    told = Told()
    trial = told.start()
    told.report(trial, 9)
    told.pause(trial)
    told.decide(trial, "stop", by="user")
    assert told.status(trial) is Status.STOPPED


def test_a_stop_at_the_full_resource_completes():
    told = Told()
    trial = told.start()
    told.report(trial, 9)
    told.decide(trial, "stop")
    assert told.table.fate(trial) is Status.COMPLETED


def test_a_resumed_trial_is_queued_with_its_new_limits():
    told = Told()
    trial = told.start(until=3)
    told.report(trial, 3)
    told.end(trial, Status.PAUSED)
    ended = told.table.value("ended", trial)
    assert ended == told.now
    told.resume(trial, 9, 6)
    assert told.status(trial) is Status.QUEUED
    assert told.table.value("until", trial) == 9
    assert told.table.value("milestone", trial) == 6
    assert math.isnan(told.table.value("ended", trial))


def test_a_retried_trial_is_queued_and_counts_its_attempts():
    told = Told()
    trial = told.start()
    told.report(trial, 1)
    told.apply(Retried(at=told.tick(), trial=trial, attempt=1, error="out of memory"))
    assert told.status(trial) is Status.QUEUED
    assert told.table.value("attempt", trial) == 1


def test_counts_of_each_status_follow():
    told = Told()
    for _ in range(6):
        told.start()
    for trial in (1, 2, 3, 4, 5):
        told.report(trial, 1)
    told.decide(2, "stop")
    told.pause(3)
    told.end(4, Status.COMPLETED)
    told.end(5, Status.FAILED, "failed")
    counts = {status.name: told.table.count(status) for status in Status}
    assert counts == {
        "QUEUED": 1, "RUNNING": 1, "STOPPING": 1, "PAUSED": 1, "STOPPED": 0,
        "COMPLETED": 1, "FAILED": 1,
    }  # fmt: skip
    assert told.table.busy().tolist() == [0, 1, 2]


def test_trials_that_are_about_to_pause_are_told_from_those_that_stop():
    told = Told()
    for trial in (told.start(), told.start()):
        told.report(trial, 1)
    told.decide(0, "pause")
    told.decide(1, "stop")
    assert told.table.n_pausing == 1
    told.end(0, Status.PAUSED)
    assert told.table.n_pausing == 0


def test_trials_start_in_the_order_of_their_numbers():
    told = Told()
    with pytest.raises(ValueError, match="trial 1 cannot start: the next one is 0"):
        told.apply(Started(at=0.0, trial=1, config={"x": 0.5}, until=9.0, milestone=9.0))


def test_an_end_is_recorded_with_its_status():
    told = Told()
    told.start()
    with pytest.raises(ValueError, match="trial 0: the end of a trial is recorded with its status"):
        told.apply(Ended(at=1.0, trial=0, exit="ok"))


# ---- milestones -------------------------------------------------------------------------


def test_the_first_report_at_or_beyond_the_milestone_counts_for_it():
    told = Told()
    trial = told.start(milestone=3)
    reports = [told.report(trial, epoch) for epoch in (1, 2, 4, 5)]
    assert [report.at_milestone for report in reports] == [False, False, True, False]
    assert told.obs("at_milestone") == [False, False, True, False]


def test_a_moved_milestone_counts_again():
    told = Told()
    trial = told.start(milestone=1)
    told.report(trial, 1)
    told.decide(trial, "update", milestone=3)
    told.report(trial, 2)
    told.report(trial, 3)
    assert told.obs("at_milestone") == [True, False, True]


def test_pending_are_those_short_of_their_milestone():
    told = Told()
    for milestone in (1, 3, 9, 9, 9):
        told.start(milestone=milestone)
    told.report(0, 1)  # at its milestone
    told.report(1, 1)
    told.report(3, 1)
    told.pause(3)
    told.decide(4, "stop")
    rows, milestones = told.table.pending()
    assert rows.tolist() == [1, 2]
    assert milestones.tolist() == [3.0, 9.0]


def test_without_a_fidelity_the_last_finite_row_is_the_result():
    told = Told(single())
    trial = told.start(until=INF)
    for loss in (3.0, 2.0, math.nan):
        report = told.report(trial, loss=loss)
        assert not report.at_milestone
    told.end(trial, Status.COMPLETED)
    assert told.obs("resource") == [1.0, 2.0, 3.0]
    assert told.obs("at_milestone") == [False, True, False]


def test_a_trial_that_never_was_finite_has_no_result():
    told = Told(single())
    trial = told.start(until=INF)
    told.report(trial, loss=math.nan)
    told.end(trial, Status.COMPLETED)
    assert told.obs("at_milestone") == [False]


@pytest.mark.parametrize("status", [Status.STOPPED, Status.FAILED, Status.PAUSED])
def test_only_completed_trials_get_a_final_result(status):
    told = Told(single())
    trial = told.start(until=INF)
    told.report(trial)
    told.end(trial, status, "killed")
    assert told.obs("at_milestone") == [False]


# ---- late -------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["stopping", "paused", "stopped", "completed", "failed"])
def test_reports_after_the_decision_are_stored_and_count_for_nothing(when):
    told = Told(problem(cost_attr="seconds"))
    trial = told.start(milestone=2)
    told.report(trial, 1, 0.5, seconds=1.0)
    told.decide(trial, "pause" if when == "paused" else "fail" if when == "failed" else "stop")
    if when != "stopping":
        told.end(trial, Status[when.upper()], "killed")
    n_results = sum(told.obs("at_milestone"))
    assert told.report(trial, 2, 0.1, seconds=2.0) is None
    assert told.table.n_counted == 0
    assert told.obs("late") == [False, True]
    assert math.isnan(told.obs("cost")[1])
    assert sum(told.obs("at_milestone")) == n_results
    assert told.table.value("reached", trial) == 1
    assert told.table.best() == (trial, 0.5)
    assert told.table.total_cost == 1.0


def test_late_reports_that_cannot_be_read_fail_nothing():
    told = Told()
    trial = told.start()
    told.report(trial, 1)
    told.decide(trial, "stop")
    assert told.report(trial, 2, "text") is None
    assert told.report(trial, 1) is None  # its resource decreases: nothing comes of it
    assert told.status(trial) is Status.STOPPING


def test_a_resumed_trial_is_not_late_any_more():
    told = Told()
    trial = told.start()
    told.report(trial, 1)
    told.pause(trial)
    told.report(trial, 2)
    told.resume(trial)
    assert told.report(trial, 2) is not None
    assert told.obs("late") == [False, True, False]


# ---- repeats, and a trial's cost over its whole life --------------------------------------


def test_a_trial_that_begins_again_repeats_what_it_reported():
    told = Told()
    trial = told.start(milestone=3)
    for epoch in (1, 2, 3):
        told.report(trial, epoch)
    told.pause(trial)
    told.resume(trial, 9, 9)
    answers = [told.report(trial, epoch) for epoch in (1, 2, 3, 4)]
    assert [answer is None for answer in answers] == [True, True, True, False]
    assert told.obs("repeat") == [False] * 3 + [True] * 3 + [False]
    assert told.obs("at_milestone") == [False, False, True] + [False] * 4
    assert told.table.value("reached", trial) == 4


def test_cost_goes_on_from_a_checkpoint():
    told = Told(problem(cost_attr="seconds"))
    trial = told.start(until=2)
    told.report(trial, 1, seconds=10.0)
    told.report(trial, 2, seconds=20.0)
    told.end(trial, Status.PAUSED)
    told.resume(trial)
    report = told.report(trial, 3, seconds=11.0)  # since the resumption
    assert report.cost == 31.0
    told.report(trial, 4, seconds=22.0)
    assert told.obs("cost") == [10.0, 20.0, 31.0, 42.0]
    assert told.table.total_cost == 42.0


def test_cost_begins_again_where_the_trial_does():
    told = Told(problem(cost_attr="seconds"))
    trial = told.start(until=2)
    told.report(trial, 1, seconds=10.0)
    told.report(trial, 2, seconds=20.0)
    told.end(trial, Status.PAUSED)
    told.resume(trial)
    for epoch, seconds in ((1, 11.0), (2, 21.0), (3, 31.0)):
        told.report(trial, epoch, seconds=seconds)
    assert told.obs("cost") == [10.0, 20.0, 11.0, 21.0, 31.0]
    assert told.table.total_cost == 51.0  # what was spent in vain was spent


def test_cost_goes_on_over_several_resumptions():
    told = Told(problem(cost_attr="seconds"))
    trial = told.start(until=1)
    for epoch, expected in ((1, 10.0), (2, 20.0), (3, 30.0)):
        assert told.report(trial, epoch, seconds=10.0).cost == expected
        told.end(trial, Status.PAUSED)
        told.resume(trial, until=epoch + 1)
    assert told.table.total_cost == 30.0


def test_total_cost_is_that_of_all_trials():
    told = Told(problem(cost_attr="seconds"))
    for trial in (told.start(), told.start()):
        told.report(trial, 1, seconds=2.0)
        told.report(trial, 2, seconds=5.0)
    assert told.table.total_cost == 10.0


# ---- values ------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("value", [math.nan, INF, -INF])
def test_values_that_are_not_finite_are_stored_and_shown_as_the_worst(mode, value):
    told = Told(problem(mode=mode))
    trial = told.start()
    report = told.report(trial, 1, value)
    assert report.y.tolist() == [INF]
    assert report.metrics["loss"] is value
    stored = told.obs("y")[0][0]
    assert stored == pytest.approx(-value if mode == "max" else value, nan_ok=True)
    assert told.table.best() is None


def test_only_the_objective_that_is_not_finite_is_the_worst():
    told = Told(problem(metric=["loss", "size"]))
    report = told.report(told.start(), 1, math.nan, size=3.0)
    assert report.y.tolist() == [INF, 3.0]


def test_maximised_metrics_are_negated():
    told = Told(problem(mode="max"))
    assert told.report(told.start(), 1, 0.75).y.tolist() == [-0.75]


def test_the_best_is_finite_feasible_and_in_time():
    told = Told(problem(constraints=["latency <= 5"]))
    for loss, latency in ((0.1, 6.0), (0.2, math.nan), (math.nan, 1.0), (0.5, 1.0), (0.4, 5.0)):
        told.report(told.start(), 1, loss, latency=latency)
    assert told.table.best() == (4, 0.4)
    told.decide(3, "stop")
    told.report(3, 2, 0.0, latency=1.0)
    assert told.table.best() == (4, 0.4)


def test_a_single_observation_is_the_best():
    told = Told()
    told.report(told.start(), 1, 0.5)
    assert told.table.best() == (0, 0.5)


def test_the_best_of_each_objective():
    told = Told(problem(metric=["loss", "size"], mode=["min", "max"]))
    told.report(told.start(), 1, 0.1, size=1.0)
    told.report(told.start(), 1, 0.2, size=2.0)
    assert told.table.best(0) == (0, 0.1)
    assert told.table.best(1) == (1, -2.0)


# ---- reports that fail their trial ---------------------------------------------------------


def test_a_resource_that_decreases_fails_the_trial_with_the_numbers():
    told = Told()
    trial = told.start()
    told.report(trial, 3)
    assert told.report(trial, 2) == BadReport(
        trial, "reported epoch=2 after 3; it must not decrease"
    )
    assert told.table.n_obs == 1


def test_a_resource_may_be_reported_twice():
    told = Told()
    trial = told.start()
    told.report(trial, 3, 0.5)
    assert told.report(trial, 3, 0.4) is None
    assert told.obs("repeat") == [False, True]


def test_a_report_without_the_metric_is_no_observation():
    told = Told()
    trial = told.start()
    answer = told.apply(Reported(at=1.0, trial=trial, metrics={"epoch": 1}))
    assert answer == BadReport(
        trial, "metric 'loss' is not in the report; the report was {'epoch': 1}"
    )
    assert told.table.n_obs == 0
    assert told.table.value("reports", trial) == 1


def test_check_says_beforehand_what_is_wrong_and_changes_nothing():
    told = Told()
    trial = told.start()
    told.report(trial, 3)
    before = columns(told.table)
    assert told.table.measure(trial, {"loss": 1.0, "epoch": 3}).resource == 3.0
    assert told.table.measure(trial, {"loss": 1.0, "epoch": 2}).startswith("reported epoch=2")
    assert told.table.measure(trial, {"epoch": 4}).startswith("metric 'loss' is not in the report")
    assert difference(before, columns(told.table)) == ""


# ---- blocks --------------------------------------------------------------------------------


def test_a_block_is_its_reports_one_after_the_other():
    one, other = Told(), Told()
    for told in (one, other):
        told.start(milestone=3)
        told.start()
    epochs, losses = [1, 2, 3], [0.5, math.nan, 0.25]
    answer = one.block(0, epochs, losses)
    for epoch, loss in zip(epochs, losses, strict=True):
        last = other.report(0, epoch, loss)
    assert difference(one.table, other.table) == ""
    assert difference(answer, last) == ""
    assert one.table.n_counted == 3


def test_a_block_ends_at_a_report_that_cannot_be_read():
    told = Told()
    trial = told.start()
    answer = told.block(trial, [1, 2, 3], [0.5, "diverged", 0.1])
    assert isinstance(answer, BadReport)
    assert told.table.n_obs == 1
    assert told.table.n_counted == 2  # the bad one was reported, what follows never happened


def test_a_late_block_counts_for_nothing():
    told = Told()
    trial = told.start()
    told.report(trial, 1)
    told.decide(trial, "stop")
    assert told.block(trial, [2, 3], [0.5, 0.4]) is None
    assert told.obs("late") == [False, True, True]
    assert told.table.n_counted == 0


# ---- the scheduler's columns, checkpoints, what was seen -----------------------------------


def test_tags_are_columns_of_the_scheduler():
    told = Told(bracket="i4", score="f8")
    trial = told.start(tags={"bracket": 2})
    assert told.table.trial("bracket").tolist() == [2]
    assert math.isnan(told.table.value("score", trial))
    told.decide(trial, "update", tags={"score": 0.5})
    assert told.table.trial("score").tolist() == [0.5]


def test_a_checkpoint_may_be_there_until_it_is_dropped():
    told = Told()
    trial = told.start()
    told.report(trial, 1)
    told.pause(trial)
    assert told.table.trial("checkpoint").tolist() == [True]
    told.decide(trial, "drop_checkpoint")
    assert told.table.trial("checkpoint").tolist() == [False]
    assert told.status(trial) is Status.PAUSED
    told.resume(trial)
    assert told.table.trial("checkpoint").tolist() == [True]


def test_seen_configurations():
    told = Told()
    told.start(0.25)
    told.start(0.75)
    X = told.table.problem.space.encode([{"x": x} for x in (0.25, 0.5, 0.75)])
    assert told.table.seen(X).tolist() == [True, False, True]


def test_minus_zero_is_seen_as_zero():
    table = TrialTable(Problem.create({"x": uniform(-1, 1)}, metric="loss"))
    x = np.array([0.0])
    table.apply(Started(at=0.0, trial=0, config={"x": -1.0}, until=INF, milestone=INF), x)
    assert table.seen(np.array([[-0.0]])).tolist() == [True]


def test_columns_are_read_only_and_as_long_as_the_table():
    told = Told()
    told.report(told.start(), 1)
    for array in columns(told.table).values():
        assert len(array) == 1
        assert not array.flags.writeable


def test_asks_change_nothing():
    told = Told()
    told.start()
    before = copy.deepcopy(columns(told.table))
    told.apply(Asked(at=1.0, n=3, reply="wait"))
    assert difference(before, columns(told.table)) == ""


def test_tables_can_be_pickled():
    told = Told(bracket="i4")
    trial = told.start(tags={"bracket": 1})
    told.report(trial, 1)
    twin = pickle.loads(pickle.dumps(told.table))
    assert difference(told.table, twin) == ""
    twin.apply(Reported(at=9.0, trial=0, metrics={"loss": 0.5, "epoch": 2}))
    assert (told.table.n_obs, twin.n_obs) == (1, 2)
    assert twin.obs("resource").tolist() == [1.0, 2.0]


# ---- amendments ------------------------------------------------------------------------------


def amended(table, **problem):
    table.apply(Amended(at=99.0, problem=json.loads(json.dumps(problem))))


def space_json(**space):
    return Problem.create(space, metric="loss").space.to_json()


def test_a_changed_space_encodes_what_is_on_record_again():
    told = Told()
    for x in (0.25, 0.75):
        told.report(told.start(x), 1)
    amended(told.table, space=space_json(x=uniform(0, 0.5)))
    assert told.table.trial("excluded").tolist() == [False, True]
    x = told.table.trial("x")
    assert x[0].tolist() == [0.5]
    assert np.isnan(x[1]).all()
    assert told.table.configs == [{"x": 0.25}, {"x": 0.75}]
    assert told.table.n_obs == 2


def test_a_wider_space_takes_excluded_configurations_back():
    told = Told()
    told.start(0.75)
    amended(told.table, space=space_json(x=uniform(0, 0.5)))
    amended(told.table, space=space_json(x=uniform(0, 2)))
    assert told.table.trial("excluded").tolist() == [False]
    assert told.table.trial("x").tolist() == [[0.375]]


def test_a_space_with_another_parameter_excludes_what_lacks_it():
    told = Told()
    told.start(0.75)
    amended(told.table, space=space_json(x=uniform(0, 1), n=randint(1, 9)))
    assert told.table.trial("x").shape == (1, 2)
    assert told.table.trial("excluded").tolist() == [True]
    told.apply(
        Started(at=1.0, trial=1, config={"x": 0.5, "n": 5}, until=9.0, milestone=9.0)
    )  # fmt: skip
    assert told.table.trial("excluded").tolist() == [True, False]


def test_only_configurations_of_the_new_space_were_seen_in_it():
    told = Told()
    told.start(0.25)
    told.start(0.75)
    amended(told.table, space=space_json(x=uniform(0, 0.5)))
    X = told.table.problem.space.encode([{"x": 0.25}, {"x": 0.375}])
    assert told.table.seen(X).tolist() == [True, False]


def test_points_of_a_user_are_added_to_those_that_wait():
    told = Told(problem(points_to_evaluate=[{"x": 0.1}]))
    amended(told.table, start_points=[{"x": 0.9}])
    assert told.table.start_points == [{"x": 0.1}, {"x": 0.9}]
    assert told.table.problem.start_points == ({"x": 0.1},)


def test_what_results_mean_cannot_change():
    told = Told()
    with pytest.raises(OptionError, match="problem: 'objectives' cannot change"):
        amended(told.table, objectives=[{"name": "loss", "goal": "max"}])


def test_a_changed_criterion_leaves_the_table_alone():
    told = Told()
    told.start()
    before = copy.deepcopy(columns(told.table))
    told.apply(Amended(at=1.0, stop_criterion={"max_wallclock_time": 5}))
    assert difference(before, columns(told.table)) == ""


# ---- the journal is the table -----------------------------------------------------------------

SCHEDULERS = [
    ("fifo", {}),
    ("fifo", {"searcher": "grid"}),
    ("asha", {"type": "stopping", "brackets": 2}),
    ("asha", {"type": "promotion"}),
    ("median-stopping", {"grace_population": 2}),
]


class Twins(Engine):
    """An engine that folds its own journal into a second table after each step."""

    def take(self):
        events, commands = super().take()
        for event in events:
            self.twin.apply(event_from_json(json.loads(json.dumps(event_to_json(event)))))
        if events:
            assert difference(self.table, self.twin, f"after {events[-1]!r}: the table") == ""
            self.n_steps += 1
        return events, commands


@pytest.mark.parametrize("trouble", ["", *TROUBLES])
@pytest.mark.parametrize(("name", "options"), SCHEDULERS, ids=lambda v: str(v))
def test_the_folded_journal_is_the_live_table_after_every_step(name, options, trouble, monkeypatch):
    made = []

    def engine(scheduler, table):
        made.append(Twins(scheduler, table))
        made[-1].twin = TrialTable(scheduler.problem, scheduler.tags)
        made[-1].n_steps = 0
        return made[-1]

    monkeypatch.setattr(driving, "Engine", engine)
    known = curves(attr=True, cost=True) if options.get("type") else curves(cost=True)
    scheduler = make_scheduler(name, known.problem, random_seed=1, **options)
    driven = drive(scheduler, backend_for(known, trouble=trouble), n_workers=3, max_trials=12)
    assert made[0].n_steps > 12
    assert driven.table.n_trials == 12


@pytest.mark.parametrize(
    "known", [k for k in all_problems() if not k.problem.tasks], ids=lambda known: known.name
)
def test_the_folded_journal_is_the_live_table_for_every_problem(known):
    scheduler = make_scheduler("fifo", known.problem, random_seed=1)
    driven = drive(scheduler, backend_for(known), n_workers=3, max_trials=12)
    folded = TrialTable(known.problem, scheduler.tags)
    for event in driven.events:
        folded.apply(event_from_json(json.loads(json.dumps(event_to_json(event)))))
    assert difference(driven.table, folded) == ""


def test_conditional_parameters_that_do_not_count_are_nan():
    space = {"kind": choice(["a", "b"]), "x": uniform(0, 1).when(kind="a")}
    table = TrialTable(Problem.create(space, metric="loss"))
    table.apply(Started(at=0.0, trial=0, config={"kind": "b"}, until=INF, milestone=INF))
    assert np.isnan(table.trial("x")[0]).tolist() == [False, True]
