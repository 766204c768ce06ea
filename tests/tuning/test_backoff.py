"""Retries that wait: when they begin, and what becomes of them when the run ends before."""

from __future__ import annotations

import math

import pytest

from synecore import Experiment, StoppingCriterion, Tuner, make_scheduler
from synecore.actions import Ended, Reported, Retried, Status
from synecore.errors import OptionError
from synecore.protocols import Job
from synecore.space import choice
from synecore.testing import InlineBackend
from synecore.tuning.backoff import Backoff
from synecore.tuning.jobs import BeginJob

STORE = {"name": "jsonl", "sync": "none"}


def begin(trial: int, not_before: float) -> BeginJob:
    job = Job(
        trial=trial, config={}, until=math.inf, milestone=math.inf, checkpoint_of=None, resumes=True
    )
    return BeginJob(job, not_before=not_before)


class Troubled:
    """A trial that crashes before its first report, `times` times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, config, step):
        if self.left:
            self.left -= 1
            raise RuntimeError("out of luck")
        return {"loss": config["x"]}


def tuner(times: int, *, criterion=None, n_trials=1, **options) -> Tuner:
    scheduler = make_scheduler(
        "fifo", {"x": choice(list(range(n_trials)))}, metric="loss", random_seed=0,
    )  # fmt: skip
    backend = InlineBackend(Troubled(times), n_reports=1, seconds=1.0, on_disk=False)
    criterion = criterion or StoppingCriterion(
        max_wallclock_time=1e6
    )  # the space is used up before
    return Tuner(backend, scheduler, criterion, display="none", store=STORE, **options)


def times(experiment: Experiment, kind: type) -> list[float]:
    return [event.at for event in experiment.events() if isinstance(event, kind)]


def test_what_waits_comes_out_when_its_time_has_come_the_earliest_first():
    backoff = Backoff()
    for trial, not_before in ((3, 8.0), (1, 2.0), (2, 4.0)):
        backoff.add(begin(trial, not_before))
    assert (backoff.next, backoff.trials, len(backoff)) == (2.0, {1, 2, 3}, 3)
    assert backoff.due(1.9) == []
    assert [command.job.trial for command in backoff.due(4.0)] == [1, 2]
    assert backoff.next == 8.0
    assert backoff.withdraw(3)
    assert not backoff.withdraw(3)
    assert backoff.next == math.inf


def test_each_failure_doubles_the_wait():
    experiment = tuner(3, max_retries=3, retry_delay=5.0).run()
    failed = times(experiment, Retried)
    assert failed == pytest.approx([1.0, 1 + 5 + 1, 7 + 10 + 1])
    assert times(experiment, Reported) == pytest.approx([18 + 20 + 1])
    assert experiment.table().status(0) is Status.COMPLETED


def test_without_a_delay_a_retry_begins_at_once():
    experiment = tuner(2, max_retries=2, retry_delay=0.0).run()
    assert times(experiment, Retried) == pytest.approx([1.0, 2.0])


def test_a_worker_is_held_for_a_trial_that_waits_and_the_others_go_on():
    experiment = tuner(1, n_trials=4, n_workers=2, max_retries=1, retry_delay=100.0).run()
    # Trials 0 and 1 share the one crash; whoever had it ends long after the others.
    ends = {event.trial: event.at for event in experiment.events() if isinstance(event, Ended)}
    assert sorted(ends.values())[-1] == pytest.approx(102.0)
    assert sorted(ends.values())[:3] == pytest.approx([1.0, 2.0, 3.0])
    assert experiment.table().count(Status.COMPLETED) == 4


def test_a_waiting_retry_is_stopped_with_the_run():
    criterion = StoppingCriterion(max_wallclock_time=10)
    experiment = tuner(1, criterion=criterion, max_retries=1, retry_delay=1000.0).run()
    assert experiment.table().status(0) is Status.STOPPED
    (ended,) = (event for event in experiment.events() if isinstance(event, Ended))
    assert ended.at == pytest.approx(10.0)


def test_a_run_that_waits_for_its_trials_waits_for_retries_too():
    criterion = StoppingCriterion(max_wallclock_time=3)
    experiment = tuner(
        1, criterion=criterion, max_retries=1, retry_delay=5.0,
        wait_trial_completion_when_stopping=True,
    ).run()  # fmt: skip
    assert experiment.table().status(0) is Status.COMPLETED
    assert times(experiment, Reported) == pytest.approx([7.0])


@pytest.mark.parametrize("delay", [-1.0, math.nan, True, "1"])
def test_a_delay_is_a_number_of_seconds(delay):
    with pytest.raises(OptionError, match="'retry_delay' must be a number >= 0"):
        tuner(0, retry_delay=delay)
