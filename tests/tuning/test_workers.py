"""When trials start and end: as workers become free, in batches, and when the run is over."""

from __future__ import annotations

import numpy as np
import pytest

from synecore import Experiment, StoppingCriterion, Tuner, make_scheduler
from synecore.actions import Ended, Start, Started, Status, Stop
from synecore.problem import Problem
from synecore.space import choice, uniform
from synecore.testing import InlineBackend, ScriptedScheduler

LONG, SHORT = 10.0, 1.0  # seconds of a trial


def run(n_trials: int, space=None, **options) -> Experiment:
    """Trials of which every third takes ten times as long."""
    scheduler = make_scheduler(
        "fifo", space or {"x": uniform(0, 1)}, metric="loss",
        points_to_evaluate=[{"x": i / 100} for i in range(n_trials + 10)] if space is None else [],
    )  # fmt: skip
    backend = InlineBackend(
        lambda config, step: {"loss": 0.0},
        n_reports=1,
        seconds=lambda config, step: LONG if round(config["x"] * 100) % 3 == 0 else SHORT,
    )
    criterion = StoppingCriterion(max_num_trials_started=n_trials)
    return Tuner(backend, scheduler, criterion, n_workers=3, display="none", **options).run()


def starts(experiment: Experiment) -> list[float]:
    return [event.at for event in experiment.events() if isinstance(event, Started)]


def most_at_once(experiment: Experiment) -> int:
    most = busy = 0
    for event in experiment.events():
        busy += isinstance(event, Started) - isinstance(event, Ended)
        most = max(most, busy)
    return most


def test_a_free_worker_gets_a_trial_at_once():
    experiment = run(9)
    # Trials 0, 3, 6 ... are long. Two workers go on with the others meanwhile.
    assert starts(experiment)[:5] == pytest.approx([0, 0, 0, SHORT, SHORT])
    assert most_at_once(experiment) == 3


def test_batches_start_together_once_all_have_ended():
    experiment = run(7, asynchronous_scheduling=False)
    began = starts(experiment)
    assert began[:9] == pytest.approx([0] * 3 + [LONG] * 3 + [2 * LONG] * 3)
    assert most_at_once(experiment) == 3


def test_running_trials_are_ended_when_the_run_is_over():
    statuses = list(run(4).table().trial("status"))
    assert Status.STOPPED in statuses
    assert set(statuses) == {Status.COMPLETED, Status.STOPPED}


def test_running_trials_end_by_themselves_where_they_are_waited_for():
    experiment = run(4, wait_trial_completion_when_stopping=True)
    assert set(experiment.table().trial("status")) == {Status.COMPLETED}
    assert len(starts(experiment)) == 5  # no new ones meanwhile


def test_a_used_up_space_ends_the_run_in_batches_too():
    experiment = run(99, {"x": choice([0.01, 0.02, 0.04, 0.05])}, asynchronous_scheduling=False)
    assert starts(experiment) == pytest.approx([0, 0, 0, SHORT])
    assert set(experiment.table().trial("status")) == {Status.COMPLETED}


class Lingering(InlineBackend):
    """Trials that go on for a while after they were told to stop."""

    def __init__(self) -> None:
        super().__init__(lambda config, step: {"loss": 0.0}, n_reports=4, late_reports=2)


def run_lingering(**options) -> Experiment:
    def stop_first(report, trials):
        return [Stop(report.trial)] if report.trial == 0 else []

    problem = Problem.create({"x": uniform(0, 1)}, metric="loss")
    answers = [[Start(np.array([i / 10]))] for i in range(4)]
    scheduler = ScriptedScheduler(problem, answers, on_report=stop_first)
    criterion = StoppingCriterion(max_wallclock_time=1000)
    return Tuner(Lingering(), scheduler, criterion, n_workers=2, display="none", **options).run()


def test_a_stopping_trial_holds_its_worker_unless_jobs_start_without_delay():
    late, early = run_lingering(), run_lingering(start_jobs_without_delay=True)
    assert starts(late)[:3] == pytest.approx([0, 0, 3])
    assert most_at_once(late) == 2
    assert starts(early)[:3] == pytest.approx([0, 0, 1])
    assert most_at_once(early) == 3
