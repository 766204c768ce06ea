from __future__ import annotations

import math

import numpy as np
import pytest

from synecore import Tuner, make_scheduler
from synecore.actions import Decided, Ended, Reported, ReportedBlock, Resumed, Retried, Status
from synecore.actions import Started as StartedEvent
from synecore.errors import OptionError
from synecore.problem import Goal, Problem
from synecore.space import uniform
from synecore.testing import InlineBackend
from synecore.tuning.chronicle import Chronicle, goals, numbers_of, target_of
from synecore.tuning.stopping import StoppingCriterion

FINAL = (Status.COMPLETED, Status.STOPPED, Status.FAILED)


class Notes:
    """A listener that writes down what it is told."""

    def __init__(self):
        self.starts, self.points, self.best, self.pauses, self.ends = [], [], [], [], []
        self.told = []

    def started(self, trial, config, time):
        self.starts.append((trial, dict(config), time))
        self.told.append(self.starts[-1])

    def reported(self, point):
        self.points.append(point)
        self.told.append(point)

    def improved(self, best):
        assert best
        self.best += best
        self.told.append(list(best))

    def paused(self, trial, time):
        self.pauses.append((trial, time))
        self.told.append(self.pauses[-1])

    def ended(self, trial, status, time):
        self.ends.append((trial, status, time))
        self.told.append(self.ends[-1])


class Live:
    """An observer that keeps what it was told live, and the chronicle of a second listener."""

    def __init__(self):
        self.notes = Notes()

    def experiment_start(self, experiment):
        self.view = experiment
        self.chronicle = Chronicle(experiment, self.notes)

    def events(self, experiment, events):
        self.chronicle.tell(events)

    def recalled(self):
        notes = Notes()
        Chronicle(self.view, notes).recall()
        return notes


def curve(config, resource):
    if config["x"] > 0.9 and resource == 4:
        raise RuntimeError("too wide")
    return {"epoch": resource, "loss": config["x"] + 1 / resource, "x": config["x"], "note": "a"}


def run(type="promotion", *, evaluate=curve, backend=None, n=12, problem=None, **settings):
    problem = problem or {
        "config_space": {"x": uniform(0, 1), "epochs": 9}, "metric": "loss",
        "resource_attr": "epoch", "max_resource_attr": "epochs",
    }  # fmt: skip
    live = Live()
    tuner = Tuner(
        InlineBackend(evaluate, **(backend or {})),
        make_scheduler("asha", random_seed=3, type=type, **problem),
        StoppingCriterion(max_num_trials_finished=n), 3, tuner_name="told",
        suffix_tuner_name=False, display="none", callbacks=[live], max_failures=99, **settings,
    )  # fmt: skip
    return tuner, tuner.run(), live


@pytest.mark.parametrize("checkpoints", [True, False])
@pytest.mark.parametrize("type", ["promotion", "stopping"])
def test_points_are_the_observations_that_count(type, checkpoints):
    backend = {"late_reports": 2, "checkpoints": checkpoints}
    tuner, _, live = run(type, backend=backend, max_retries=1, retry_delay=0.0)
    table = tuner.tuning_status.table
    counts = ~table.obs("late") & ~table.obs("repeat")
    assert table.obs("late").any()
    points = live.notes.points
    assert [p.trial for p in points] == table.obs("trial")[counts].tolist()
    assert [p.step for p in points] == table.obs("resource")[counts].tolist()
    assert [p.total for p in points] == list(range(1, len(points) + 1))
    began = live.view.metadata["st_tuner_creation_timestamp"]
    assert np.allclose([p.time - began for p in points], table.obs("time")[counts])
    for trial in range(table.n_trials):
        own = [p for p in points if p.trial == trial]
        assert [p.number for p in own] == list(range(1, len(own) + 1))
        assert [p.step for p in own] == sorted({p.step for p in own})


@pytest.mark.parametrize("type", ["promotion", "stopping"])
def test_the_best_and_the_ends_are_those_of_the_table(type):
    tuner, _, live = run(type, backend={"late_reports": 2})
    table = tuner.tuning_status.table
    last = live.notes.best[-1]
    assert (last.trial, last.value) == table.best()
    values = [best.value for best in live.notes.best]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == len(values)
    ends = {trial: status for trial, status, _ in live.notes.ends}
    assert len(ends) == len(live.notes.ends)
    status = table.trial("status").tolist()
    assert ends == {trial: Status(s) for trial, s in enumerate(status) if s in FINAL}


def test_what_is_recalled_is_what_was_told():
    _, _, live = run(backend={"late_reports": 1, "checkpoints": False})
    assert live.recalled().told == live.notes.told


def test_nothing_is_recalled_of_an_experiment_that_has_just_begun():
    seen = []

    class Early(Live):
        def experiment_start(self, experiment):
            super().experiment_start(experiment)
            seen.extend(self.recalled().told)

    run_with = Early()
    Tuner(
        InlineBackend(curve),
        make_scheduler("fifo", {"x": uniform(0, 0.5)}, metric="loss", random_seed=0),
        StoppingCriterion(max_num_trials_finished=1), display="none", callbacks=[run_with],
    ).run()  # fmt: skip
    assert seen == []
    assert run_with.notes.starts


class View:
    """As much of an experiment as a chronicle needs."""

    def __init__(self, problem):
        self.problem, self.metadata = problem, {"st_tuner_creation_timestamp": 1000.0}


def told(events, problem, targets=None):
    notes = Notes()
    start = StartedEvent(at=0, trial=0, config={"x": 0.5}, until=9, milestone=9)
    Chronicle(View(problem), notes, targets).tell([start, *events])
    return notes


def report(at, trial=0, **metrics):
    return Reported(at=at, trial=trial, metrics=metrics)


SINGLE = Problem.create({"x": uniform(0, 1)}, metric="loss")


def test_a_block_is_told_report_by_report():
    block = ReportedBlock(trial=0, at=np.array([1.0, 2.0]), metrics={"loss": [3.0, 2.0]})
    single = [report(1.0, loss=3.0), report(2.0, loss=2.0)]
    assert told([block], SINGLE).told == told(single, SINGLE).told
    assert [p.step for p in told([block], SINGLE).points] == [1, 2]


def test_a_bad_report_is_no_point_and_ends_its_block():
    notes = told([report(1, loss="none"), report(2, other=1.0)], SINGLE)
    assert notes.points == []
    block = ReportedBlock(trial=0, at=np.arange(3.0), metrics={"loss": [1.0, None, 2.0]})
    assert [p.values for p in told([block], SINGLE).points] == [{"loss": 1.0}]


def test_a_resource_that_falls_back_fails_the_trial_and_is_no_point():
    problem = Problem.create({"x": uniform(0, 1)}, metric="loss", resource_attr="epoch", max_t=9)
    notes = told([report(1, loss=3.0, epoch=2), report(2, loss=0.0, epoch=1)], problem)
    assert [best.value for best in notes.best] == [3.0]
    again = Retried(at=3, trial=0, attempt=1, error="")
    notes = told([report(1, loss=3.0, epoch=2), again, report(4, loss=1.0, epoch=1)], problem)
    assert [p.step for p in notes.points] == [2]
    assert [best.value for best in notes.best] == [3.0, 1.0]


def test_a_paused_trial_that_is_stopped_has_ended():
    events = [
        report(1, loss=3.0), Decided(at=1, trial=0, action="pause"), report(2, loss=2.0),
        Ended(at=3, trial=0, exit="killed", status=Status.PAUSED),
    ]  # fmt: skip
    assert told(events, SINGLE).ends == []
    assert told(events, SINGLE).pauses == [(0, 1003.0)]
    assert len(told(events, SINGLE).points) == 1
    stop = Decided(at=7, trial=0, action="stop", by="user")
    assert told([*events, stop], SINGLE).ends == [(0, Status.STOPPED, 1007.0)]
    on = Resumed(at=5, trial=0, until=9, milestone=9)
    assert [p.step for p in told([*events, on, report(6, loss=1.0)], SINGLE).points] == [1, 3]


def test_only_feasible_and_finite_values_are_the_best():
    problem = Problem.create({"x": uniform(0, 1)}, metric="loss", constraints=["size <= 5"])
    events = [
        report(1, loss=1.0, size=6), report(2, loss=3.0, size=5), report(3, loss=math.nan, size=1),
        report(4, loss=-math.inf, size=1), report(5, loss=2.0, size=math.nan),
        report(6, loss=2.5, size=1),
    ]  # fmt: skip
    notes = told(events, problem)
    assert [best.value for best in notes.best] == [3.0, 2.5]
    assert len(notes.points) == 6


def test_several_metrics_have_a_best_each():
    problem = Problem.create({"x": uniform(0, 1)}, metric=["a", "b"], mode=["min", "max"])
    events = [report(1, a=1, b=1), report(2, a=2, b=2), report(3, a=0, b=3)]
    notes = told(events, problem)
    assert [(b.metric, b.value, b.total) for b in notes.best] == [
        ("a", 1, 1), ("b", 1, 1), ("b", 2, 2), ("a", 0, 3), ("b", 3, 3),
    ]  # fmt: skip
    chosen = told(events, problem, {"c": Goal.MAXIMIZE})
    assert chosen.best == []


def test_numbers_are_floats_and_all_else_is_left_out():
    metrics = {
        "float": 0.5, "int": 3, "true": True, "nan": math.nan, "huge": 10**400, "low": -(10**400),
        "text": "1.0", "list": [1.0], "none": None, "map": {}, "scalar": np.float32(0.25),
        "truth": np.True_, "one": np.array(2), "many": np.array([1.0]), "complex": 1j,
    }  # fmt: skip
    found = numbers_of(metrics)
    assert math.isnan(found.pop("nan"))
    assert found == {
        "float": 0.5, "int": 3.0, "true": 1.0, "huge": math.inf, "low": -math.inf, "scalar": 0.25,
        "truth": 1.0, "one": 2.0,
    }  # fmt: skip
    assert {type(value) for value in found.values()} == {float}


def test_the_target_is_the_first_objective_unless_named():
    problem = Problem.create({"x": uniform(0, 1)}, metric=["a", "b"], mode=["max", "min"])
    assert goals(problem) == {"a": Goal.MAXIMIZE, "b": Goal.MINIMIZE}
    assert target_of(problem, who="X") == ("a", Goal.MAXIMIZE)
    assert target_of(problem, mode="min", who="X") == ("a", Goal.MINIMIZE)
    assert target_of(problem, "b", who="X") == ("b", Goal.MINIMIZE)
    assert target_of(problem, "other", who="X") == ("other", Goal.MINIMIZE)
    with pytest.raises(OptionError, match=r"^X: 'mode' must be 'min' or 'max', got 'maximum'"):
        target_of(problem, "b", "maximum", who="X")
