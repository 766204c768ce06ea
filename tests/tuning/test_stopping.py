"""When a run is over: each limit against a run in which the moment is known."""

from __future__ import annotations

import json
import math

import pytest

from synecore import PlateauStopper, StoppingCriterion, Tuner
from synecore.actions import Pause, Reply, Resume, Start, Status, Stop
from synecore.errors import OptionError
from synecore.problem import Problem
from synecore.space import uniform
from synecore.testing import InlineBackend, ScriptedScheduler
from synecore.tuning.status import TuningStatus
from synecore.tuning.stopping import why_to_stop

STORE = {"name": "jsonl", "sync": "none"}


def losses(config, resource):
    """1, 1/2, 1/3, ... for as long as the trial runs; a dollar a report."""
    return {"epoch": resource, "loss": 1 / resource, "accuracy": 1 - 1 / resource, "dollars": 1}


def run(criterion, *, n_reports=3, on_report=None, answers=None, **options):
    """One trial after the other, each of `n_reports` reports, a second each."""
    problem = Problem.create(
        {"x": uniform(0, 1)}, metric="loss", resource_attr="epoch", max_t=n_reports,
        cost_attr="dollars",
    )  # fmt: skip
    space = problem.space
    many = [[Start(space.encode([{"x": i / 100}])[0])] for i in range(1, 60)]
    scheduler = ScriptedScheduler(problem, answers or many, on_report=on_report)
    tuner = Tuner(
        InlineBackend(options.pop("evaluate", losses), on_disk=False), scheduler, criterion,
        display="none", store=STORE, **options,
    )  # fmt: skip
    tuner.run()
    return tuner


# ---- one limit at a time -----------------------------------------------------------------


def test_time_is_over_once_it_is_reached():
    tuner = run(StoppingCriterion(max_wallclock_time=7))
    assert tuner.tuning_status.wallclock_time == 7.0
    assert tuner.tuning_status.overall_metric_statistics.count == 7


@pytest.mark.parametrize("n", [0, 4, 5])
def test_more_reports_than_allowed(n):
    tuner = run(StoppingCriterion(max_num_evaluations=n))
    assert tuner.tuning_status.overall_metric_statistics.count == n + 1


@pytest.mark.parametrize("n", [0, 4])
def test_more_trials_started_than_allowed(n):
    tuner = run(StoppingCriterion(max_num_trials_started=n))
    assert tuner.tuning_status.num_trials_started == n + 1


def test_more_trials_completed_than_allowed():
    tuner = run(StoppingCriterion(max_num_trials_completed=2))
    assert tuner.tuning_status.num_trials_completed == 3


def every_other_stops(report, trials):
    return [Stop(report.trial)] if report.trial % 2 and report.resource == 1 else []


def test_stopped_trials_are_not_completed_ones():
    tuner = run(StoppingCriterion(max_num_trials_completed=2), on_report=every_other_stops)
    count = tuner.tuning_status.table.count
    assert (count(Status.COMPLETED), count(Status.STOPPED)) == (3, 2)


def test_failed_trials_are_not_completed_ones():
    def some_fail(config, resource):
        if config["x"] == 0.02:
            raise RuntimeError
        return losses(config, resource)

    tuner = run(StoppingCriterion(max_num_trials_completed=2), evaluate=some_fail)
    assert (tuner.tuning_status.num_trials_completed, tuner.tuning_status.num_trials_failed) == (
        3,
        1,
    )


def test_finished_are_completed_stopped_and_failed_trials():
    def the_third_fails(config, resource):
        if config["x"] == 0.03:
            raise RuntimeError
        return losses(config, resource)

    tuner = run(
        StoppingCriterion(max_num_trials_finished=3), on_report=every_other_stops,
        evaluate=the_third_fails,
    )  # fmt: skip
    status = tuner.tuning_status.table.trial("status").tolist()
    assert status == [Status.COMPLETED, Status.STOPPED, Status.FAILED, Status.STOPPED]


def test_paused_and_pausing_trials_are_not_finished():
    def on_report(report, trials):
        return [Pause(report.trial)] if report.resource == 1 else []

    answers = [
        [Start(Problem.create({"x": uniform(0, 1)}, metric="l").space.encode([{"x": 0.5}])[0])]
    ]
    answers += [[Resume(0)], Reply.EXHAUSTED]
    tuner = run(StoppingCriterion(max_num_trials_finished=0), on_report=on_report, answers=answers)
    # Had the pause counted, the run would have ended at it.
    assert tuner.tuning_status.table.status(0) is Status.COMPLETED


def test_more_cost_than_allowed():
    tuner = run(
        StoppingCriterion(max_cost=4.5), evaluate=lambda c, r: {**losses(c, r), "dollars": 2.0 * r}
    )
    assert tuner.tuning_status.cost == 6.0


@pytest.mark.parametrize(
    ("limit", "epoch"),
    [
        ({"min_metric_value": {"loss": 0.25}}, 5),
        ({"max_metric_value": {"accuracy": 0.75}}, 5),
        ({"min_metric_value": {"loss": 0.25, "other": 99.0}}, 5),
    ],
)
def test_a_value_beyond_the_threshold(limit, epoch):
    tuner = run(StoppingCriterion(**limit), n_reports=9)
    assert tuner.tuning_status.overall_metric_statistics.count == epoch


def test_thresholds_are_in_the_users_sign_and_name_any_metric():
    tuner = run(StoppingCriterion(max_metric_value={"epoch": 2}), n_reports=9)
    assert tuner.tuning_status.overall_metric_statistics.max_metrics["epoch"] == 3


@pytest.mark.parametrize("value", [math.nan, "low", None])
def test_values_that_are_no_numbers_pass_no_threshold(value):
    criterion = StoppingCriterion(min_metric_value={"note": 5.0}, max_num_evaluations=4)
    tuner = run(criterion, evaluate=lambda c, r: {**losses(c, r), "note": value})
    assert tuner.tuning_status.overall_metric_statistics.count == 5


# ---- together, and others ----------------------------------------------------------------


def test_the_first_limit_that_holds_ends_the_run():
    tuner = run(StoppingCriterion(max_num_trials_started=3, max_num_evaluations=4))
    assert tuner.tuning_status.overall_metric_statistics.count == 5
    tuner = run(StoppingCriterion(max_num_trials_started=1, max_num_evaluations=400))
    assert tuner.tuning_status.num_trials_started == 2


def test_a_criterion_without_limits_never_holds():
    assert run(StoppingCriterion()).tuning_status.num_trials_completed == 59  # all the script has


@pytest.mark.parametrize("kind", [lambda s: s.num_trials_completed >= 2, None])
def test_any_callable_is_a_criterion(kind):
    class Enough:
        def __call__(self, status: TuningStatus) -> bool:
            return status.num_trials_completed >= 2

    assert run(kind or Enough()).tuning_status.num_trials_completed == 2


def test_a_plateau_ends_a_run():
    values = [5.0, 1.0, 4.0, 1.0, 1.0, 3.0]
    tuner = run(
        PlateauStopper("loss", std=0.01, num_trials=3), n_reports=1,
        evaluate=lambda c, r: {**losses(c, r), "loss": values[round(c["x"] * 100) - 1]},
    )  # fmt: skip
    assert tuner.tuning_status.num_trials_started == 5


# ---- in words ----------------------------------------------------------------------------


def status_after(**options):
    return run(StoppingCriterion(max_num_evaluations=4), **options).tuning_status


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ({"max_wallclock_time": 2.5}, "max_wallclock_time=2.5"),
        ({"max_num_evaluations": 2}, "max_num_evaluations=2"),
        ({"max_cost": 1}, "max_cost=1"),
        ({"min_metric_value": {"loss": 0.75}}, "min_metric_value loss<0.75"),
        ({"max_metric_value": {"loss": 0.75}}, "max_metric_value loss>0.75"),
        ({"max_num_evaluations": 10_000}, None),
    ],
)
def test_the_reason_in_words(limit, words):
    criterion, status = StoppingCriterion(**limit), status_after()
    assert why_to_stop(criterion, status) == words
    assert criterion(status) == (words is not None)


def test_a_callable_gives_its_name_as_the_reason():
    def patience_is_over(status):
        return True

    status = status_after()
    assert why_to_stop(patience_is_over, status) == "patience_is_over"
    assert why_to_stop(lambda status: False, status) is None
    stopper = PlateauStopper("epoch", std=9, num_trials=2)
    assert why_to_stop(stopper, status) == "PlateauStopper"


def test_criteria_are_json():
    criterion = StoppingCriterion(max_wallclock_time=60, min_metric_value={"loss": 0.1})
    written = json.loads(json.dumps(criterion.to_json()))
    assert written == {"max_wallclock_time": 60, "min_metric_value": {"loss": 0.1}}
    assert StoppingCriterion.from_json(written) == criterion


# ---- wrong arguments ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["max_wallclock_time", "max_cost", "max_num_trials_started"])
@pytest.mark.parametrize("value", [-1, "60", True, math.nan, [1]])
def test_limits_are_numbers(name, value):
    with pytest.raises(OptionError) as error:
        StoppingCriterion(**{name: value})
    assert str(error.value) == f"StoppingCriterion: '{name}' must be a number >= 0, got {value!r}"


@pytest.mark.parametrize("value", [0.5, "loss", {"loss": "0.5"}, ["loss"]])
def test_thresholds_are_mappings(value):
    with pytest.raises(OptionError) as error:
        StoppingCriterion(min_metric_value=value)
    assert str(error.value) == (
        "StoppingCriterion: 'min_metric_value' maps metric names to numbers, as in "
        f"{{'loss': 0.1}}, got {value!r}"
    )


def test_a_plateau_may_be_wanted_exactly_flat():
    assert PlateauStopper("loss", std=0, num_trials=2).std == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"num_trials": 1}, "'num_trials' must be at least 2, got 1"),
        ({"std": -0.1}, "'std' and 'patience' must be >= 0, got -0.1 and 0"),
        ({"patience": -1}, "'std' and 'patience' must be >= 0, got 0.001 and -1"),
        ({"mode": "minimum"}, "'mode' must be 'min' or 'max', got 'minimum'"),
    ],
)
def test_wrong_arguments_of_the_plateau_stopper(words, said):
    with pytest.raises(OptionError) as error:
        PlateauStopper("loss", **words)
    assert str(error.value) == f"PlateauStopper: {said}"
