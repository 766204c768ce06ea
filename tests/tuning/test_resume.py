from __future__ import annotations

import json
import logging
import shutil

import attrs
import numpy as np
import pytest

from synecore import Experiment, Tuner, make_scheduler
from synecore.actions import Amended, Decided, Ended, Pause, Start, Status, Stop, Update
from synecore.errors import (
    ExperimentError,
    OptionError,
    ResumeMismatchError,
    SchedulerError,
)
from synecore.problem import Problem
from synecore.space import uniform
from synecore.testing import InlineBackend, ScriptedScheduler, difference
from synecore.tuning.stopping import StoppingCriterion

SPACE = {"x": uniform(0, 1), "epochs": 9}


def evaluate(config, resource):
    return {"loss": config["x"] + 1 / resource, "epoch": resource}


def scheduler(**options):
    return make_scheduler(
        "asha", SPACE, metric="loss", resource_attr="epoch", max_resource_attr="epochs",
        **{"random_seed": 3, **options},
    )  # fmt: skip


def at_most(n):
    return StoppingCriterion(max_num_trials_finished=n)


def run(n=4, criterion=None, name="study", made=None, backend=None, **settings):
    settings = {"n_workers": 2, "wait_trial_completion_when_stopping": True, **settings}
    tuner = Tuner(
        backend or InlineBackend(evaluate), made or scheduler(), criterion or at_most(n),
        tuner_name=name, suffix_tuner_name=False, display="none", **settings,
    )  # fmt: skip
    tuner.run()
    return tuner


def resume(name="study", **changes):
    changes.setdefault("trial_backend", InlineBackend(evaluate))
    return Tuner.resume(name, display="none", **changes)


def record_seed(seed):
    file = Experiment.open("study").path / "metadata.json"
    metadata = json.loads(file.read_text())
    metadata["components"]["scheduler"]["seed"] = seed
    file.write_text(json.dumps(metadata))


def drop_snapshots():
    for path in Experiment.open("study").path.glob("snapshot*"):
        path.unlink()


# ---- going on -----------------------------------------------------------------------------


@pytest.mark.parametrize("snapshots", [True, False])
def test_a_run_in_two_parts_suggests_what_a_whole_one_does(snapshots):
    parts = run(4)
    if not snapshots:
        drop_snapshots()
    again = resume(stop_criterion=at_most(9), strict=True)
    before = again.tuning_status.num_trials_started
    assert before == parts.tuning_status.num_trials_started
    again.run()
    whole = run(9, name="whole").tuning_status.table.configs
    configs = again.tuning_status.table.configs
    n = min(len(whole), len(configs))
    assert len(configs) > before
    assert configs[:n] == whole[:n]


def test_nothing_happens_while_the_criterion_still_holds():
    run(4)
    before = list(Experiment.open("study").events())
    resume().run()
    assert list(Experiment.open("study").events()) == before


def test_another_criterion_goes_on_record():
    run(2)
    resume(stop_criterion=at_most(5)).run()
    experiment = Experiment.open("study")
    assert experiment.metadata["stop_criterion"] == {"max_num_trials_finished": 5}
    (change,) = [e for e in experiment.events() if isinstance(e, Amended)]
    assert change.stop_criterion == {"max_num_trials_finished": 5}
    assert experiment.status().num_trials_finished > 5
    resume().run()  # now it is the one on record


def test_another_number_of_workers():
    run(2)
    tuner = resume(stop_criterion=at_most(8), n_workers=4)
    assert tuner.n_workers == 4
    start = len(list(Experiment.open("study").events()))
    tuner.run()
    running, most = set(), 0
    for event in list(Experiment.open("study").events())[start:]:
        kind = type(event).__name__
        if kind == "Started":
            running.add(event.trial)
        elif kind == "Ended":
            running.discard(event.trial)
        most = max(most, len(running))
    assert most == 4


def test_settings_on_record_hold_unless_they_are_changed():
    run(2, max_failures=5, max_retries=2)
    tuner = resume()
    assert (tuner.n_workers, tuner.max_retries) == (2, 2)
    assert tuner.settings()["max_failures"] == 5
    assert tuner.settings()["wait_trial_completion_when_stopping"] is True
    assert resume(max_failures=7).settings()["max_failures"] == 7


def test_a_tuner_runs_twice():
    tuner = run(2)
    first = tuner.tuning_status.num_trials_started
    tuner.stop_criterion = at_most(6)
    experiment = tuner.run()
    assert tuner.tuning_status.num_trials_finished > 6
    assert tuner.tuning_status.num_trials_started > first
    assert experiment.metadata["stop_criterion"] == {"max_num_trials_finished": 6}
    assert experiment.table().configs == tuner.tuning_status.table.configs
    once = run(6, name="once").tuning_status.table.configs
    n = min(len(once), experiment.table().n_trials)
    assert experiment.table().configs[:n] == once[:n]
    resume(strict=True)


def test_load_is_resume():
    path = run(2).tuner_path
    tuner = Tuner.load(path, trial_backend=InlineBackend(evaluate), display="none")
    assert tuner.best_config() == resume().best_config()


# ---- another space ------------------------------------------------------------------------


def test_a_changed_space_excludes_what_lies_outside():
    run(5)
    old = Experiment.open("study").table()
    tuner = resume(
        config_space={"x": uniform(0.5, 2), "epochs": 9}, stop_criterion=at_most(10)
    )  # fmt: skip
    table = tuner.tuning_status.table
    outside = [config["x"] < 0.5 for config in old.configs]
    assert any(outside)
    assert not all(outside)
    np.testing.assert_array_equal(table.trial("excluded"), outside)
    assert table.configs == old.configs
    tuner.run()
    new = tuner.tuning_status.table.configs[old.n_trials :]
    assert new
    assert all(0.5 <= config["x"] <= 2 for config in new)
    assert any(config["x"] > 1 for config in new)
    assert not tuner.tuning_status.table.trial("excluded")[old.n_trials :].any()
    again = resume(strict=True, stop_criterion=at_most(12))
    assert again.scheduler.problem.space.config_space["x"] == uniform(0.5, 2)
    again.run()
    final = again.tuning_status.table.configs
    assert all(0.5 <= config["x"] <= 2 for config in final[old.n_trials :])
    assert Experiment.open("study").table().configs == final


def test_a_changed_space_is_the_schedulers_too_and_it_knows_the_trials():
    run(5)
    tuner = resume(config_space={"x": uniform(0.5, 2), "epochs": 9})
    assert tuner.scheduler.problem.space.config_space["x"] == uniform(0.5, 2)
    n = [n for _, n, _ in tuner.scheduler.information_for_rungs()]
    assert sum(n) == tuner.tuning_status.table.obs("at_milestone").sum() - n_full(tuner)
    assert sum(n) > 0


def n_full(tuner):
    table = tuner.tuning_status.table
    return (table.obs("at_milestone") & (table.obs("resource") == 9)).sum()


def test_a_scheduler_object_has_its_space_already():
    run(2)
    n_events = len(list(Experiment.open("study").events()))
    with pytest.raises(OptionError) as error:
        resume(scheduler=scheduler(), config_space={"x": uniform(0, 2), "epochs": 9})
    assert str(error.value) == (
        "resume: 'config_space' is for schedulers that are built again by name; a scheduler "
        "object has its space already, so give one of the two"
    )
    assert len(list(Experiment.open("study").events())) == n_events


def test_a_space_that_cannot_be_read_changes_nothing():
    run(2)
    n_events = len(list(Experiment.open("study").events()))
    with pytest.raises(OptionError, match="no parameter to tune"):
        resume(config_space={"x": 3, "epochs": 9})
    assert len(list(Experiment.open("study").events())) == n_events


# ---- trials whose process was lost --------------------------------------------------------


class Killed(RuntimeError):
    pass


class Dying:
    """An inline backend that stops the tuner as a crash would, after some events."""

    def __init__(self, n):
        self._inner, self._left = InlineBackend(evaluate), n

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def poll(self, timeout):
        if self._left == 0:
            raise Killed
        self._left -= 1
        return self._inner.poll(timeout)


def interrupted(n_events=3):
    with pytest.raises(Killed):
        run(6, backend=Dying(n_events))


class Lost(InlineBackend):
    """A backend that has lost all trials of the last process."""

    def open(self, run):
        self._lost = [Ended(at=run.now, trial=u.job.trial, exit="killed") for u in run.running]
        super().open(attrs.evolve(run, running=()))

    def poll(self, timeout):
        if self._lost:
            lost, self._lost = self._lost, []
            return lost
        return super().poll(timeout)


@pytest.mark.parametrize("what", ["restart", "fail"])
def test_lost_trials_are_restarted_or_failed(what):
    interrupted()
    before = Experiment.open("study").table()
    running = [t for t in map(int, before.busy()) if before.status(t) is Status.RUNNING]
    assert running
    tuner = resume(
        trial_backend=Lost(evaluate), interrupted=what, stop_criterion=at_most(6), max_failures=9
    )  # fmt: skip
    tuner.run()
    table = tuner.tuning_status.table
    for trial in running:
        if what == "fail":
            assert table.status(trial) is Status.FAILED
            assert table.value("attempt", trial) == 0
        else:
            assert table.status(trial) in (Status.COMPLETED, Status.STOPPED)
            assert table.value("attempt", trial) == 1
    assert Experiment.open("study").table().configs == table.configs


def test_an_interrupted_run_goes_on_as_if_nothing_was():
    interrupted()
    tuner = resume(strict=True)
    tuner.run()
    whole = run(6, name="whole")
    assert (
        list(Experiment.open("study").rows())[-1]["loss"]
        == list(Experiment.open("whole").rows())[-1]["loss"]
    )
    status = [tuner.tuning_status.row(t) for t in range(tuner.tuning_status.num_trials_started)]
    other = [whole.tuning_status.row(t) for t in range(whole.tuning_status.num_trials_started)]
    assert status == other


def test_a_tuner_that_failed_is_not_run_again():
    tuner = Tuner(
        Dying(2), scheduler(), at_most(6), tuner_name="study", suffix_tuner_name=False,
        display="none",
    )  # fmt: skip
    with pytest.raises(Killed):
        tuner.run()
    with pytest.raises(ExperimentError) as error:
        tuner.run()
    assert str(error.value) == (
        "the last run of 'study' failed (Killed: ); use Tuner.resume('study')"
    )
    resume().run()


def faulty(answer, mended):
    """A scheduler that failed in the middle of a decision, and the same one, mended."""

    def on_report(report, trials):
        if report.trial != 0 or report.resource != 2:
            return []
        return answer if mended else [answer[0], Stop(99)]

    problem = Problem.create({"x": uniform(0, 1)}, metric="loss", resource_attr="epoch", max_t=9)
    starts = [[Start(np.array([x]), milestone=2)] for x in (0.1, 0.2)]
    return ScriptedScheduler(problem, [[starts[0][0], starts[1][0]]], on_report=on_report)


def test_what_a_scheduler_had_not_decided_when_it_failed_is_decided_on_resumption():
    answer = [Update(0, milestone=5.0), Stop(0), Pause(1)]
    words = {"asynchronous_scheduling": False, "criterion": StoppingCriterion()}
    with pytest.raises(SchedulerError, match="there is no trial 99"):
        run(made=faulty(answer, False), **words)
    stored = [event for event in Experiment.open("study").events() if isinstance(event, Decided)]
    assert [event.action for event in stored] == ["update"]
    tuner = resume(scheduler=faulty(answer, True), strict=True)
    table = tuner.tuning_status.table
    assert [table.status(trial) for trial in (0, 1)] == [Status.STOPPING] * 2
    tuner.run()
    assert [table.status(trial) for trial in (0, 1)] == [Status.STOPPED, Status.PAUSED]
    experiment = Experiment.open("study")
    decided = [event.action for event in experiment.events() if isinstance(event, Decided)]
    assert decided == ["update", "stop", "pause"]
    assert difference(table, experiment.table()) == ""


def test_interrupted_takes_two_words():
    with pytest.raises(OptionError) as error:
        resume(interrupted="retry")
    assert str(error.value) == "resume: 'interrupted' must be 'restart' or 'fail', got 'retry'"


# ---- a record that cannot be repeated -----------------------------------------------------


def test_a_mismatch_is_an_error_when_strict():
    run(4)
    drop_snapshots()
    record_seed(99)
    with pytest.raises(ResumeMismatchError) as error:
        resume(strict=True)
    text = str(error.value)
    assert text.startswith("experiment 'study' cannot be resumed exactly: event ")
    assert "recorded start of trial 1 with {'x': " in text
    assert "decided now start of trial 1 with {'x': " in text
    assert "Versions on record: {'synecore': " in text


def test_a_mismatch_is_rebuilt_otherwise(caplog):
    run(4)
    drop_snapshots()
    record_seed(99)
    old = Experiment.open("study").table().configs
    with caplog.at_level(logging.WARNING):
        tuner = resume(stop_criterion=at_most(8))
    assert "its state is rebuilt from the trials on record" in caplog.text
    tuner.run()
    configs = tuner.tuning_status.table.configs
    assert configs[: len(old)] == old
    assert len(configs) > len(old)
    assert len({config["x"] for config in configs}) == len(configs)
    assert Experiment.open("study").table().configs == configs
    again = resume(stop_criterion=at_most(10))  # and once more, from what was rebuilt
    again.run()
    assert again.tuning_status.table.configs[: len(configs)] == configs


# ---- objects that are not on record -------------------------------------------------------


def test_a_backend_object_is_asked_for():
    run(1)
    with pytest.raises(ExperimentError) as error:
        Tuner.resume("study")
    assert str(error.value) == (
        "experiment 'study' was run with a backend object that has no name to build it from; give "
        "it again: Tuner.resume('study', trial_backend=…)"
    )


def test_a_callable_criterion_is_asked_for():
    run(criterion=lambda status: status.num_trials_finished > 1)
    with pytest.raises(ExperimentError) as error:
        resume()
    assert str(error.value) == (
        "experiment 'study' was run with a callable as stopping criterion, which is not on "
        "record; give one: Tuner.resume('study', stop_criterion=…)"
    )
    resume(stop_criterion=at_most(4)).run()
    assert Experiment.open("study").metadata["stop_criterion"] == {"max_num_trials_finished": 4}


def test_a_scheduler_object_is_asked_for():
    problem = Problem.create({"x": uniform(0, 1)}, metric="loss")

    def made():
        return ScriptedScheduler(problem, [[Start([v / 10])] for v in range(1, 6)])

    run(1, made=made(), n_workers=1)
    with pytest.raises(ExperimentError) as error:
        resume()
    assert str(error.value) == (
        "experiment 'study' was run with a scheduler object that has no name to build it from; "
        "give it again: Tuner.resume('study', scheduler=…)"
    )
    tuner = resume(scheduler=made(), stop_criterion=at_most(100))
    tuner.run()
    xs = [config["x"] for config in tuner.tuning_status.table.configs]
    assert xs == [0.1, 0.2, 0.3, 0.4, 0.5]


def test_a_folder_may_be_moved(tmp_path):
    path = run(3).tuner_path
    moved = tmp_path / "elsewhere" / "moved"
    moved.parent.mkdir()
    shutil.move(path, moved)
    tuner = resume(moved, stop_criterion=at_most(5))
    assert tuner.tuner_path == moved
    tuner.run()
    assert Experiment.open(moved).status().num_trials_finished > 5
    assert not path.exists()
