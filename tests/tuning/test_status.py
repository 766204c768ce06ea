from __future__ import annotations

import math

import numpy as np
import pytest

from synecore.actions import Decided, Ended, Reported, ReportedBlock, Resumed, Started, Status
from synecore.problem import Problem
from synecore.space import uniform
from synecore.trials import TrialTable
from synecore.tuning.status import TuningStatus, best_metric, duration


class Told:
    """A status that is told events as the loop and the reader of a journal tell them."""

    def __init__(self, **words):
        words = {"metric": "loss", "resource_attr": "epoch", "max_t": 9, **words}
        self.status = TuningStatus(TrialTable(Problem.create({"x": uniform(0, 1)}, **words)))

    def tell(self, event):
        self.status.table.apply(event)
        if isinstance(event, Reported | ReportedBlock):
            self.status.update(event)

    def start(self):
        trial = self.status.num_trials_started
        self.tell(Started(at=0.0, trial=trial, config={"x": 0.5}, until=9.0, milestone=9.0))
        return trial

    def report(self, trial, epoch, loss=1.0, **more):
        metrics = {"epoch": epoch, "loss": loss, **more}
        self.tell(Reported(at=float(epoch), trial=trial, metrics=metrics))

    def decide(self, trial, action):
        self.tell(Decided(at=1.0, trial=trial, action=action))

    def end(self, trial, status):
        self.tell(Ended(at=1.0, trial=trial, exit="ok", status=status))

    @property
    def counts(self):
        s = self.status
        return {
            "started": s.num_trials_started,
            "running": s.num_trials_running,
            "completed": s.num_trials_completed,
            "failed": s.num_trials_failed,
            "finished": s.num_trials_finished,
        }


def counts(started, running, completed, failed, finished):
    return {
        "started": started, "running": running, "completed": completed, "failed": failed,
        "finished": finished,
    }  # fmt: skip


# ---- counts ------------------------------------------------------------------------------


def test_every_status_is_counted_where_the_documentation_says():
    told = Told()
    for _ in range(7):
        trial = told.start()
        if trial:  # trial 0 is queued still
            told.report(trial, 1)
    assert told.counts == counts(7, 7, 0, 0, 0)
    told.end(1, Status.COMPLETED)
    told.end(2, Status.FAILED)
    told.decide(3, "stop")
    told.decide(4, "stop")
    told.end(4, Status.STOPPED)
    told.decide(5, "pause")
    assert told.counts == counts(7, 2, 1, 1, 4)  # 3 is stopping: it can run no more
    told.end(5, Status.PAUSED)
    assert told.counts == counts(7, 2, 1, 1, 4)
    told.tell(Resumed(at=2.0, trial=5, until=9.0, milestone=9.0))
    assert told.counts == counts(7, 3, 1, 1, 4)


def test_a_trial_that_pauses_never_counts_as_finished():
    """Else a limit on finished trials could hold and then not hold any more."""
    told = Told()
    trial = told.start()
    told.report(trial, 1)
    seen = [told.status.num_trials_finished]
    told.decide(trial, "pause")
    seen.append(told.status.num_trials_finished)
    told.end(trial, Status.PAUSED)
    seen.append(told.status.num_trials_finished)
    assert seen == [0, 0, 0]


# ---- reports -----------------------------------------------------------------------------


def test_reports_are_counted_with_their_extremes():
    told = Told()
    for trial, loss in enumerate((0.5, 0.25, 1.0)):
        told.start()
        told.report(trial, 1, loss)
    seen = told.status.overall_metric_statistics
    assert seen.count == 3
    assert (seen.min_metrics["loss"], seen.max_metrics["loss"]) == (0.25, 1.0)


def test_late_reports_count_for_nothing():
    told = Told()
    trial = told.start()
    told.report(trial, 1, 0.5, st_worker_time=1.0)
    told.decide(trial, "stop")
    told.report(trial, 2, 0.0, st_worker_time=2.0)
    told.end(trial, Status.STOPPED)
    told.report(trial, 3, -1.0)
    seen = told.status.overall_metric_statistics
    assert (seen.count, seen.min_metrics["loss"]) == (1, 0.5)
    assert told.status.last_metrics[trial]["epoch"] == 1
    assert told.status.user_time == 1.0


def test_the_report_that_stops_its_trial_counts():
    """The loop tells the status after the scheduler has decided."""
    told = Told()
    trial = told.start()
    event = Reported(at=1.0, trial=trial, metrics={"epoch": 1, "loss": 0.5})
    told.status.table.apply(event)
    told.decide(trial, "stop")
    told.status.update(event)
    assert told.status.overall_metric_statistics.count == 1


def test_each_report_of_a_block_counts():
    told = Told()
    trial = told.start()
    told.tell(
        ReportedBlock(
            trial=trial, at=np.array([1.0, 2.0, 3.0]),
            metrics={"epoch": [1, 2, 3], "loss": [3.0, 1.0, 2.0], "st_worker_time": [1, 2, 3]},
        )
    )  # fmt: skip
    seen = told.status.overall_metric_statistics
    assert (seen.count, seen.min_metrics["loss"], seen.max_metrics["loss"]) == (3, 1.0, 3.0)
    assert told.status.last_metrics[trial]["loss"] == 2.0
    assert told.status.user_time == 3.0


def test_what_follows_a_bad_report_in_a_block_never_happened():
    told = Told()
    trial = told.start()
    told.tell(
        ReportedBlock(
            trial=trial, at=np.array([1.0, 2.0, 3.0]),
            metrics={"epoch": [1, 2, 3], "loss": [3.0, "text", 0.0]},
        )
    )  # fmt: skip
    assert told.status.overall_metric_statistics.count == 2
    assert told.status.overall_metric_statistics.min_metrics == {"epoch": 1, "loss": 3.0}


def test_late_blocks_count_for_nothing():
    told = Told()
    trial = told.start()
    told.decide(trial, "stop")
    told.tell(
        ReportedBlock(trial=trial, at=np.array([1.0]), metrics={"epoch": [1], "loss": [3.0]})
    )  # fmt: skip
    assert told.status.overall_metric_statistics.count == 0


def test_negative_values_have_their_extremes():
    told = Told()
    for trial, loss in enumerate((-1.0, -2.0, -3.0)):
        told.start()
        told.report(trial, 1, loss)
    seen = told.status.overall_metric_statistics
    assert (seen.min_metrics["loss"], seen.max_metrics["loss"]) == (-3.0, -1.0)
    assert seen.sum_metrics["loss"] == -6.0


# ---- time and cost -----------------------------------------------------------------------


def test_time_of_the_workers_is_the_sum_over_trials():
    told = Told()
    for trial in (told.start(), told.start()):
        for epoch in (1, 2):
            told.report(trial, epoch, st_worker_time=10.0 * epoch, st_worker_cost=0.1 * epoch)
    assert told.status.user_time == 40.0
    assert told.status.cost == pytest.approx(0.4)


def test_the_reporter_of_a_resumed_trial_counts_from_zero_again():
    told = Told()
    trial = told.start()
    told.report(trial, 1, st_worker_time=10.0)
    told.decide(trial, "pause")
    told.end(trial, Status.PAUSED)
    told.tell(Resumed(at=2.0, trial=trial, until=9.0, milestone=9.0))
    for epoch, time in ((2, 4.0), (3, 8.0)):
        told.report(trial, epoch, st_worker_time=time)
    assert told.status.user_time == 18.0


def test_a_time_that_is_reported_twice_counts_once():
    told = Told()
    trial = told.start()
    for epoch in (1, 2):
        told.report(trial, epoch, st_worker_time=10.0)
    assert told.status.user_time == 10.0


@pytest.mark.parametrize("value", [math.nan, "long", None])
def test_worker_times_that_are_no_numbers_are_passed_over(value):
    told = Told()
    told.report(told.start(), 1, st_worker_time=value)
    assert told.status.user_time == 0.0


def test_cost_is_the_problems_own_where_it_has_one():
    told = Told(cost_attr="dollars")
    told.report(told.start(), 1, dollars=3.0, st_worker_cost=99.0)
    told.report(told.start(), 1, dollars=4.0)
    assert told.status.cost == 7.0


# ---- for people --------------------------------------------------------------------------


def test_a_row_holds_counts_configuration_and_last_metrics():
    told = Told()
    trial = told.start()
    told.report(trial, 1, 0.5)
    told.report(trial, 2, 0.25)
    assert told.status.row(trial) == {
        "trial_id": 0, "status": "InProgress", "iter": 2, "x": 0.5, "epoch": 2, "loss": 0.25,
    }  # fmt: skip


def test_the_data_frame_has_a_row_a_trial():
    told = Told()
    told.report(told.start(), 1, 0.5)
    told.start()
    frame = told.status.get_dataframe()
    assert frame["trial_id"].tolist() == [0, 1]
    assert frame["loss"].tolist() == pytest.approx([0.5, math.nan], nan_ok=True)


def test_the_summary_is_one_line():
    told = Told(mode="max", cost_attr="dollars")
    for trial, status in enumerate(
        (None, Status.COMPLETED, Status.FAILED, Status.PAUSED, Status.STOPPED)
    ):
        told.start()
        told.report(trial, 1, 0.125 * trial, dollars=1.0)
        if status is not None:
            told.end(trial, status)
    told.status.wallclock_time = 12.9
    assert told.status.summary() == (
        "12 s · 5 trials · 1 running · 1 paused · 1 stopped · 1 completed · 1 failed · "
        "cost 5.00 · best loss=0.5 (trial 4)"
    )


def test_without_results_the_summary_names_no_best():
    assert Told().status.summary() == "0 s · 0 trials · 0 running"


def test_the_best_metric_has_the_users_sign():
    told = Told(metric=["loss", "accuracy"], mode=["min", "max"])
    told.report(told.start(), 1, 0.5, accuracy=0.75)
    assert best_metric(told.status.table, 0) == (0, 0.5)
    assert best_metric(told.status.table, 1) == (0, 0.75)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (9.9, "0:09"),
        (75, "1:15"),
        (3599, "59:59"),
        (3600, "1:00:00"),
        (7140, "1:59:00"),
        (36_125, "10:02:05"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text
