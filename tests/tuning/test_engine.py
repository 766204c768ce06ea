"""Decisions and events: one scheduler, one table, no backend, no store, no clock."""

from __future__ import annotations

import logging
import math

import numpy as np
import pytest

from synecore.actions import (
    Amended,
    Asked,
    Decided,
    DropCheckpoint,
    Ended,
    Pause,
    Reply,
    Reported,
    ReportedBlock,
    Resume,
    Resumed,
    Retried,
    Start,
    Started,
    Status,
    Stop,
    Update,
)
from synecore.errors import DeadlockError, SchedulerError
from synecore.plugins.make import make_scheduler
from synecore.problem import Problem
from synecore.space import uniform
from synecore.testing import ScriptedScheduler
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine
from synecore.tuning.jobs import AdvanceJob, DropJobCheckpoint, StopJob

X = np.array([0.5])


def problem(**words):
    words = {"metric": "loss", "resource_attr": "epoch", "max_t": 9, **words}
    return Problem.create({"x": uniform(0, 1), "epochs": 9}, **words)


class Bench:
    """An engine around a scripted scheduler; what it decides is in `events` and `commands`."""

    def __init__(self, *answers, of=None, max_retries=0, **script):
        self.scheduler = ScriptedScheduler(of or problem(), answers, **script)
        self.table = TrialTable(self.scheduler.problem, self.scheduler.tags)
        self.engine = Engine(self.scheduler, self.table, max_retries=max_retries)
        self.now = 0.0

    def ask(self, n=1):
        self.now += 1.0
        return self.engine.ask(n, self.now)

    def report(self, trial, epoch, loss=1.0, **more):
        self.now += 1.0
        metrics = {"loss": loss, "epoch": epoch, **more}
        return self.engine.report(Reported(at=self.now, trial=trial, metrics=metrics))

    def end(self, trial, exit="ok", error=""):
        self.now += 1.0
        return self.engine.ended(Ended(at=self.now, trial=trial, exit=exit, error=error))

    def take(self):
        return self.engine.take()

    def status(self, trial=0):
        return self.table.status(trial)


def started(until=9.0, milestone=None, **script):
    """A bench with one trial, begun."""
    bench = Bench([Start(X, until=until, milestone=milestone)], **script)
    bench.ask()
    bench.take()
    return bench


# ---- asking -----------------------------------------------------------------------------


def test_an_ask_and_its_whole_answer_are_noted_together():
    bench = Bench([Start(X, why={"source": "random"}), Start(X / 2, parent=0, tags={})])
    assert bench.ask(2) == [0, 1]
    events, commands = bench.take()
    assert events == [
        Asked(at=1.0, n=2),
        Started(at=1.0, trial=0, config={"x": 0.5, "epochs": 9}, until=9.0, milestone=9.0,
                why={"source": "random"}),
        Started(at=1.0, trial=1, config={"x": 0.25, "epochs": 9}, until=9.0, milestone=9.0,
                parent=0),
    ]  # fmt: skip
    assert [command.job.trial for command in commands] == [0, 1]
    assert bench.take() == ([], [])


@pytest.mark.parametrize(
    ("until", "milestone", "expected"),
    [
        (math.inf, None, (9.0, 9.0)),
        (3.0, None, (3.0, 3.0)),
        (math.inf, 1.0, (9.0, 1.0)),
        (3.0, 5.0, (3.0, 3.0)),
        (99.0, math.inf, (9.0, 9.0)),
    ],
)
def test_limits_are_clipped_to_the_full_resource(until, milestone, expected):
    bench = started(until, milestone)
    assert (bench.table.value("until", 0), bench.table.value("milestone", 0)) == expected


def test_without_a_fidelity_a_trial_runs_to_its_own_end():
    bench = Bench([Start(X)], of=problem(resource_attr=None, max_t=None))
    bench.ask()
    assert bench.table.value("until", 0) == math.inf


def test_the_limit_of_a_trial_is_written_into_its_configuration():
    bench = Bench([Start(X, until=3)], of=problem(max_t=None, max_resource_attr="epochs"))
    bench.ask()
    events, (command,) = bench.take()
    assert command.job.config == {"x": 0.5, "epochs": 3}
    assert events[1].config == {"x": 0.5, "epochs": 9}  # the configuration itself is as it was


def test_a_child_starts_from_its_parent_until_it_has_reported():
    bench = Bench([Start(X)], [Start(X, parent=0)], max_retries=1)
    bench.ask()
    bench.ask()
    assert bench.take()[1][1].job.checkpoint_of == 0
    bench.end(1, "failed", "no room")  # its copy may be torn: it is made again
    assert bench.take()[1][0].job.checkpoint_of == 0
    bench = Bench([Start(X)], [Start(X, parent=0)], max_retries=1)
    bench.ask()
    bench.ask()
    bench.report(1, 1)
    bench.take()
    bench.end(1, "failed", "crash")
    assert bench.take()[1][0].job.checkpoint_of is None  # it has checkpoints of its own


def test_waiting_is_noted_while_something_runs():
    bench = Bench([Start(X)], Reply.WAIT)
    bench.ask()
    assert bench.ask() is Reply.WAIT
    assert bench.take()[0][-1] == Asked(at=2.0, n=1, reply="wait")


def test_waiting_for_nothing_is_a_deadlock():
    bench = Bench(Reply.WAIT)
    with pytest.raises(DeadlockError) as error:
        bench.ask()
    assert str(error.value) == (
        "scheduler ScriptedScheduler waits although no trial is queued or running; "
        "a scheduler may answer WAIT only while something can still report or end"
    )


def test_waiting_is_legal_while_a_trial_is_stopping():
    bench = started(on_report=lambda report, trials: [Stop(report.trial)])
    bench.scheduler._answers.append(Reply.WAIT)
    bench.report(0, 1)
    assert bench.status() is Status.STOPPING
    assert bench.ask() is Reply.WAIT


def test_exhausted_is_noted():
    bench = Bench(Reply.EXHAUSTED)
    assert bench.ask() is Reply.EXHAUSTED
    assert bench.take()[0] == [Asked(at=1.0, n=1, reply="exhausted")]


@pytest.mark.parametrize("answer", [[], [Start(X), Start(X)]])
def test_an_answer_holds_one_to_n_trials(answer):
    bench = Bench(answer)
    with pytest.raises(SchedulerError) as error:
        bench.ask()
    assert str(error.value) == (
        f"scheduler ScriptedScheduler answered {len(answer)} trials when asked for 1; "
        "allowed are 1 to 1, Reply.WAIT or Reply.EXHAUSTED"
    )


def test_fewer_than_n_are_enough():
    assert Bench([Start(X)]).ask(4) == [0]


@pytest.mark.parametrize("trial", [0, 1, 7, -1])
def test_only_paused_trials_are_resumed(trial):
    bench = Bench([Start(X)], [Resume(trial)])
    bench.ask()
    with pytest.raises(SchedulerError) as error:
        bench.ask()
    said = f"scheduler ScriptedScheduler resumes trial {trial}, which is not paused"
    assert str(error.value) == said


def test_a_scheduler_made_by_name_is_named_in_errors():
    scheduler = make_scheduler("fifo", problem(), random_seed=0)
    scheduler.suggest = lambda n, trials, now: []
    with pytest.raises(SchedulerError, match=r"^scheduler 'fifo' answered 0 trials"):
        Engine(scheduler, TrialTable(scheduler.problem)).ask(1, 0.0)


# ---- the life of a trial: every line of the table in the rules -----------------------------


def test_an_end_below_the_full_resource_is_a_pause():
    bench = started(until=3)
    bench.report(0, 3)
    assert bench.end(0) is Status.PAUSED
    assert bench.scheduler.ends == [(0, Status.PAUSED)]


def test_a_paused_trial_is_resumed_with_its_checkpoint():
    bench = Bench([Start(X, until=3)], [Resume(0, until=9, milestone=6, why={"rung": 3})])
    bench.ask()
    bench.report(0, 3)
    bench.end(0)
    bench.take()
    assert bench.ask() == [0]
    events, (command,) = bench.take()
    assert events[1] == Resumed(at=4.0, trial=0, until=9.0, milestone=6.0, why={"rung": 3})
    assert (command.job.resumes, command.job.attempt) == (True, 0)
    assert bench.status() is Status.QUEUED


def test_an_end_at_the_full_resource_is_completion():
    bench = started()
    bench.report(0, 9)
    assert bench.end(0) is Status.COMPLETED


def test_an_end_short_of_its_limit_is_completion_too():
    bench = started(until=3)
    bench.report(0, 2)
    assert bench.end(0) is Status.COMPLETED


def test_an_end_without_a_report_is_completion_with_a_warning(caplog):
    bench = started()
    assert bench.end(0) is Status.COMPLETED
    assert "trial 0 ended without a report" in caplog.text
    assert bench.scheduler.ends == [(0, Status.COMPLETED)]


def test_a_failure_is_final_without_retries():
    bench = started()
    bench.report(0, 1)
    assert bench.end(0, "failed", "Traceback …") is Status.FAILED
    assert bench.scheduler.ends == [(0, Status.FAILED)]
    assert bench.take()[0][-1] == Ended(
        at=3.0, trial=0, exit="failed", status=Status.FAILED, error="Traceback …"
    )


def test_a_queued_trial_can_fail():
    bench = started()
    assert bench.end(0, "failed", "no such interpreter") is Status.FAILED


def test_a_trial_killed_from_outside_failed():
    bench = started()
    bench.report(0, 1)
    assert bench.end(0, "killed") is Status.FAILED
    assert bench.take()[0][-1].error == "killed from outside"


@pytest.mark.parametrize(("until", "status"), [(9, Status.COMPLETED), (3, Status.PAUSED)])
def test_a_trial_killed_after_its_last_report_had_done_its_work(until, status):
    bench = started(until=until)
    bench.report(0, until)
    assert bench.end(0, "killed") is status


def test_retries_are_used_up_before_the_scheduler_hears_of_a_failure():
    bench = started(max_retries=2)
    for attempt in (1, 2):
        assert bench.end(0, "failed", "out of memory") is Status.QUEUED
        events, (command,) = bench.take()
        assert events == [Retried(at=bench.now, trial=0, attempt=attempt, error="out of memory")]
        assert (command.job.attempt, command.job.resumes) == (attempt, True)
    assert bench.scheduler.ends == []
    assert bench.end(0, "failed", "out of memory") is Status.FAILED
    assert bench.scheduler.ends == [(0, Status.FAILED)]


def test_a_process_lost_with_the_tuner_uses_up_no_retry():
    bench = started(max_retries=1)
    bench.engine.retry(0, 5.0, "the tuner was interrupted", lost=True)
    assert bench.end(0, "failed", "crash") is Status.QUEUED
    assert bench.table.value("attempt", 0) == 2
    assert bench.end(0, "failed", "crash") is Status.FAILED


@pytest.mark.parametrize("exit", ["ok", "failed", "killed"])
@pytest.mark.parametrize(("action", "status"), [(Stop, Status.STOPPED), (Pause, Status.PAUSED)])
def test_a_stopping_trial_ends_as_was_said_however_it_ends(action, status, exit):
    bench = started(on_report=lambda report, trials: [action(report.trial)], max_retries=3)
    bench.report(0, 1)
    assert bench.status() is Status.STOPPING
    assert bench.end(0, exit) is status
    assert bench.scheduler.ends == [(0, status)]


def test_the_checkpoint_of_a_paused_trial_is_kept_and_that_of_a_stopped_one_is_not():
    for action, keeps in ((Stop, False), (Pause, True)):
        bench = started(on_report=lambda report, trials, a=action: [a(report.trial)])
        bench.report(0, 1)
        assert bench.take()[1] == [StopJob(0, keep_checkpoint=keeps)]


def test_a_paused_trial_is_stopped_at_once_and_the_backend_sees_to_its_checkpoint():
    bench = started(until=3)
    bench.report(0, 3)
    bench.end(0)
    bench.take()
    bench.engine.decide("stop", 0, 9.0, by="user", why={"source": "user"})
    assert bench.status() is Status.STOPPED
    assert bench.take() == (
        [Decided(at=9.0, trial=0, action="stop", by="user", why={"source": "user"})],
        [StopJob(0, keep_checkpoint=False)],
    )


@pytest.mark.parametrize(
    ("action", "how", "said"),
    [
        ("pause", "completed", "'pause' is not possible for trial 0, which is completed"),
        ("stop", "completed", "'stop' is not possible for trial 0, which is completed"),
        ("stop", "stopping", "'stop' is not possible for trial 0, which is stopping"),
        ("pause", "paused", "'pause' is not possible for trial 0, which is paused"),
        (
            "drop_checkpoint", "running",
            "'drop_checkpoint' is not possible for trial 0, which is running",
        ),
    ],
)  # fmt: skip
def test_impossible_decisions_are_refused(action, how, said):
    bench = started(until=3)
    bench.report(0, 3 if how == "paused" else 1)
    if how == "stopping":
        bench.engine.decide("stop", 0, 5.0)
    elif how != "running":
        bench.end(0)
    with pytest.raises(SchedulerError) as error:
        bench.engine.decide(action, 0, 9.0)
    assert str(error.value) == f"scheduler ScriptedScheduler: {said}"


def test_a_checkpoint_that_is_not_needed_is_dropped():
    bench = started(
        until=3, on_end=lambda trial, status, trials: [DropCheckpoint(trial, why={"score": 1})]
    )
    bench.report(0, 3)
    bench.end(0)
    events, commands = bench.take()
    assert events[-1] == Decided(at=3.0, trial=0, action="drop_checkpoint", why={"score": 1})
    assert commands == [DropJobCheckpoint(0)]
    assert not bench.table.trial("checkpoint")[0]


def test_actions_may_concern_other_trials():
    bench = Bench(
        [Start(X), Start(X), Start(X)],
        on_report=lambda report, trials: [Stop(1), Pause(2), Update(0, milestone=3)],
    )
    bench.ask(3)
    bench.take()
    bench.report(0, 1)
    events, commands = bench.take()
    assert [(e.trial, e.action) for e in events[1:]] == [(1, "stop"), (2, "pause"), (0, "update")]
    assert commands == [
        StopJob(1, keep_checkpoint=False), StopJob(2, keep_checkpoint=True), AdvanceJob(0, 3.0)
    ]  # fmt: skip


@pytest.mark.parametrize("action", [Stop(1), Pause(-1), Update(1, milestone=3), DropCheckpoint(9)])
def test_actions_on_trials_that_were_never_started_are_refused(action):
    bench = started(on_report=lambda report, trials: [action])
    with pytest.raises(SchedulerError) as error:
        bench.report(0, 1)
    assert str(error.value) == (
        f"scheduler ScriptedScheduler answers {action!r}, but there is no trial {action.trial}; "
        "1 were started"
    )


# ---- reports -------------------------------------------------------------------------------


def test_a_scheduler_that_wants_every_report_gets_it():
    bench = started(milestone=3)
    for epoch in (1, 2, 3):
        bench.report(0, epoch)
    assert [r.resource for r in bench.scheduler.reports] == [1.0, 2.0, 3.0]
    assert [r.at_milestone for r in bench.scheduler.reports] == [False, False, True]


def test_a_scheduler_that_decides_at_milestones_gets_those():
    bench = started(milestone=3, decides="milestones")
    for epoch in (1, 2, 3, 4):
        bench.report(0, epoch)
    assert [r.resource for r in bench.scheduler.reports] == [3.0]


def test_a_report_carries_everything_as_it_was_reported():
    bench = started()
    bench.report(0, 1, 0.5, text="hello")
    (report,) = bench.scheduler.reports
    assert (report.trial, report.resource, report.now) == (0, 1.0, 2.0)
    assert report.metrics == {"loss": 0.5, "epoch": 1, "text": "hello"}


def test_late_and_repeated_reports_never_reach_the_scheduler():
    bench = Bench([Start(X, until=2)], [Resume(0)])
    bench.ask()
    bench.report(0, 1)
    bench.report(0, 2)
    bench.end(0)
    bench.report(0, 3)  # late
    bench.ask()
    for epoch in (1, 2, 3):  # the first two again: there was no checkpoint
        bench.report(0, epoch)
    assert [r.resource for r in bench.scheduler.reports] == [1.0, 2.0, 3.0]


def test_an_update_moves_the_milestone_but_not_beyond_the_limit():
    bench = started(
        until=5, milestone=1,
        on_report=lambda report, trials: [Update(0, milestone=8, why={"rung": 1})],
    )  # fmt: skip
    bench.report(0, 1)
    events, commands = bench.take()
    assert events[-1] == Decided(at=2.0, trial=0, action="update", milestone=5.0, why={"rung": 1})
    assert commands == [AdvanceJob(0, 5.0)]


def test_an_update_of_columns_alone_gives_the_backend_nothing_to_do():
    bench = started(
        tags={"score": "f8"}, on_report=lambda report, trials: [Update(0, tags={"score": 2.0})]
    )
    bench.report(0, 1)
    assert bench.take()[1] == []
    assert bench.table.value("score", 0) == 2.0


def rung_by_rung(levels):
    """A scheduler that lets a trial run on to the next level whenever it reaches one."""

    def on_report(report, trials):
        at = trials.trial("milestone")[report.trial]
        above = [level for level in levels if level > at]
        return [Update(report.trial, milestone=above[0])] if above else []

    return on_report


def test_a_trial_that_jumps_counts_at_each_rung_with_one_warning(caplog):
    bench = started(milestone=1, decides="milestones", on_report=rung_by_rung([1, 3, 6, 9]))
    bench.report(0, 7, 0.25)
    assert [r.y[0] for r in bench.scheduler.reports] == [0.25] * 3  # at 1, 3 and 6
    assert bench.table.value("milestone", 0) == 9
    bench.report(0, 9)
    assert caplog.text.count("jumped over") == 1
    assert (
        "trial 0 jumped over the milestone 1 to 7; it is judged there by this report. Report "
        "every resource unit to be judged in time." in caplog.text
    )


def test_other_trials_that_jump_are_not_warned_of_again(caplog):
    bench = Bench([Start(X, milestone=1), Start(X, milestone=1)], on_report=rung_by_rung([1, 3, 9]))
    bench.ask(2)
    bench.report(0, 5)
    bench.report(1, 5)
    assert caplog.text.count("jumped over") == 1


def test_a_jump_ends_where_the_trial_is_stopped():
    def on_report(report, trials):
        at = trials.trial("milestone")[report.trial]
        return [Stop(report.trial)] if at == 3 else [Update(report.trial, milestone=3)]

    bench = started(milestone=1, on_report=on_report)
    bench.report(0, 9)
    assert len(bench.scheduler.reports) == 2
    assert bench.table.fate(0) is Status.COMPLETED  # nothing was left to run


def test_each_rung_that_was_jumped_over_is_a_value_in_asha():
    scheduler = make_scheduler(
        "asha", {"x": uniform(0, 1)}, metric="loss", resource_attr="epoch", max_t=27,
        random_seed=0,
    )  # fmt: skip
    engine = Engine(scheduler, TrialTable(scheduler.problem, scheduler.tags))
    engine.ask(1, 0.0)
    engine.report(Reported(at=1.0, trial=0, metrics={"loss": 0.5, "epoch": 10}))
    assert [n for _, n, _ in scheduler.information_for_rungs()] == [1, 1, 1]
    assert engine.table.value("milestone", 0) == 27


# ---- reports that fail a trial -----------------------------------------------------------------


def test_a_report_that_cannot_be_read_fails_its_trial_once(caplog):
    bench = started()
    bench.engine.report(Reported(at=2.0, trial=0, metrics={"epoch": 1, "loss": "nan?"}))
    events, commands = bench.take()
    error = (
        "metric 'loss' must be a number, got 'nan?'; the report was {'epoch': 1, 'loss': 'nan?'}"
    )
    assert events[1] == Decided(at=2.0, trial=0, action="fail", by="tuner", why={"error": error})
    assert commands == [StopJob(0, keep_checkpoint=False)]
    assert f"trial 0 failed: {error}" in caplog.text
    assert bench.status() is Status.STOPPING
    bench.engine.report(Reported(at=3.0, trial=0, metrics={"epoch": 2}))
    assert len(bench.take()[0]) == 1  # it is late: no second failure
    assert bench.end(0, "killed") is Status.FAILED
    assert bench.scheduler.ends == [(0, Status.FAILED)]
    assert bench.scheduler.reports == []


def test_a_bad_report_is_not_tried_again():
    bench = started(max_retries=5)
    bench.engine.report(Reported(at=2.0, trial=0, metrics={"epoch": 1}))
    assert bench.end(0, "killed") is Status.FAILED


def test_a_decreasing_resource_fails_its_trial():
    bench = started()
    bench.report(0, 3)
    assert bench.report(0, 2) is None
    assert bench.take()[0][-1].why == {"error": "reported epoch=2 after 3; it must not decrease"}


def test_values_that_are_not_finite_fail_nothing_and_are_the_worst():
    bench = started()
    bench.report(0, 1, math.nan)
    bench.report(0, 2, -math.inf)
    assert [r.y[0] for r in bench.scheduler.reports] == [math.inf, math.inf]
    assert bench.status() is Status.RUNNING


# ---- blocks ------------------------------------------------------------------------------------


def block(trial, epochs, losses, at=10.0):
    times = at + np.arange(1.0, len(epochs) + 1.0)
    return ReportedBlock(
        trial=trial, at=times, metrics={"epoch": list(epochs), "loss": list(losses)}
    )


def test_the_last_report_of_a_block_is_decided_on():
    bench = started(milestone=3, decides="milestones")
    report = bench.engine.report(block(0, [1, 2, 3], [3.0, 2.0, 1.0]))
    assert bench.scheduler.reports == [report]
    assert (report.resource, report.now, report.at_milestone) == (3.0, 13.0, True)
    assert bench.table.obs("time").tolist() == [11.0, 12.0, 13.0]


def test_a_block_short_of_the_milestone_is_not_decided_on():
    bench = started(milestone=3, decides="milestones")
    bench.engine.report(block(0, [1, 2], [3.0, 2.0]))
    assert bench.scheduler.reports == []


def test_a_block_with_a_bad_report_fails_the_trial():
    bench = started(milestone=3, decides="milestones")
    bench.engine.report(block(0, [1, 2, 3], [3.0, "text", 1.0]))
    assert bench.scheduler.reports == []
    assert bench.table.fate(0) is Status.FAILED
    assert bench.table.n_obs == 1


# ---- amendments ----------------------------------------------------------------------------------


def test_an_amendment_is_an_event_and_changes_the_problem_of_the_table():
    bench = Bench([Start(X)])
    change = Amended(at=1.0, problem={"start_points": [{"x": 0.1}]})
    bench.engine.amend(change)
    assert bench.take()[0] == [change]
    assert bench.table.start_points[-1] == {"x": 0.1}


def test_nothing_is_logged_in_an_ordinary_life(caplog):
    with caplog.at_level(logging.DEBUG):
        bench = started()
        for epoch in range(1, 10):
            bench.report(0, epoch)
        bench.end(0)
    assert caplog.text == ""
