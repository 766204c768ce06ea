from __future__ import annotations

import copy
import math

import cloudpickle
import pytest

from synecore import AskTell, make_scheduler
from synecore.actions import Pause, Reply, Start, Status, Stop
from synecore.errors import ExperimentError, OptionError
from synecore.problem import Problem
from synecore.space import choice, uniform
from synecore.testing import ScriptedScheduler
from synecore.tuning.asktell import SchedulerDecision

SPACE = {"x": uniform(0, 1)}


def scripted(answers, **options) -> AskTell:
    problem = Problem.create(SPACE, metric="loss", **options.pop("words", {}))
    return AskTell(ScriptedScheduler(problem, answers, **options))


def test_the_loop_of_ask_and_tell():
    study = AskTell("random", SPACE, metric="loss", random_seed=0)
    told = {}
    for number in range(5):
        trial = study.ask()
        assert (trial.trial_id, trial.until, trial.resumes) == (number, math.inf, False)
        told[number] = (trial.config["x"] - 0.3) ** 2
        result = study.tell(trial, {"loss": told[number]})
        assert (result.status, result.metrics) == (Status.COMPLETED, {"loss": told[number]})
    best = study.best_trial()
    assert best.trial_id == min(told, key=told.get)
    assert best.metrics["loss"] == min(told.values())
    assert study.tuning_status.num_trials_completed == 5


def test_the_best_of_a_maximised_metric_is_the_largest():
    study = AskTell("random", SPACE, metric="score", mode="max", random_seed=0)
    values = []
    for _ in range(4):
        trial = study.ask()
        values.append(trial.config["x"])
        study.tell(trial, {"score": trial.config["x"]})
    assert study.best_trial().metrics == {"score": max(values)}
    assert study.best_trial("score").trial_id == values.index(max(values))


def test_the_best_trial_comes_with_the_report_that_made_it_the_best():
    study = AskTell("fifo", SPACE, metric="loss", resource_attr="epoch", max_t=9, random_seed=0)
    first, second = study.ask(), study.ask()
    study.report(first, {"epoch": 1, "loss": 0.1})
    study.report(second, {"epoch": 1, "loss": 0.5})
    study.tell(first, {"epoch": 2, "loss": 0.9})
    best = study.best_trial()
    assert (best.trial_id, best.metrics) == (first.trial_id, {"epoch": 1, "loss": 0.1})
    assert best.status is Status.COMPLETED


def test_trials_may_run_in_any_number_and_order():
    study = AskTell("random", SPACE, metric="loss", random_seed=0)
    trials = [study.ask() for _ in range(4)]
    assert len({trial.config["x"] for trial in trials}) == 4
    for trial in reversed(trials):
        study.tell(trial, {"loss": float(trial.trial_id)})
    assert study.best_trial().trial_id == 0
    assert study.tuning_status.num_trials_running == 0


def test_intermediate_reports_stop_bad_trials():
    study = AskTell(
        "asha", SPACE, metric="loss", resource_attr="epoch", max_t=9, random_seed=0,
        points_to_evaluate=[],
    )  # fmt: skip
    good, bad = study.ask(), study.ask()
    assert study.report(good, {"epoch": 1, "loss": 0.0}) is SchedulerDecision.CONTINUE
    assert study.report(bad, {"epoch": 1, "loss": 1.0}) is SchedulerDecision.STOP
    assert study.result(bad).status is Status.STOPPED
    with pytest.raises(OptionError, match=r"^trial 1 does not run: it is stopped$"):
        study.report(bad, {"epoch": 2, "loss": 1.0})
    assert study.tell(bad, {"epoch": 1, "loss": 1.0}).status is Status.STOPPED
    for epoch in range(2, 9):
        decision = study.report(good.trial_id, {"epoch": epoch, "loss": 0.0})
        assert decision is SchedulerDecision.CONTINUE
    assert study.report(good, {"epoch": 9, "loss": 0.0}) is SchedulerDecision.STOP
    assert study.tell(good).status is Status.COMPLETED


def test_paused_trials_are_asked_again():
    study = AskTell(
        "asha", SPACE, metric="loss", resource_attr="epoch", max_t=9, random_seed=0,
        type="promotion", points_to_evaluate=[],
    )  # fmt: skip
    seen = []
    for number in range(2):
        trial = study.ask()
        assert (trial.until, trial.resumes) == (1, False)
        seen.append(study.report(trial, {"epoch": 1, "loss": float(number)}))
    assert seen == [SchedulerDecision.PAUSE] * 2
    assert study.result(0).status is Status.PAUSED
    again = study.ask()
    assert (again.trial_id, again.until, again.resumes) == (0, 3, True)
    assert again.creation_time == study.result(0).creation_time


def test_decisions_of_a_scripted_scheduler_reach_the_caller():
    actions = iter([[], [Pause(0)], [Stop(0)]])
    study = scripted(
        [[Start([0.5])], *[lambda trials: [_resume(0)]] * 1],
        on_report=lambda report, trials: next(actions),
    )
    trial = study.ask()
    assert study.report(trial, {"loss": 1.0}) == "CONTINUE"
    assert study.report(trial, {"loss": 1.0}) == "PAUSE"
    study.ask()
    assert study.report(trial, {"loss": 1.0}) == "STOP"


def _resume(trial):
    from synecore.actions import Resume

    return Resume(trial)


def test_telling_twice_changes_nothing():
    study = AskTell("random", SPACE, metric="loss", random_seed=0)
    trial = study.ask()
    first = study.tell(trial, {"loss": 1.0})
    second = study.tell(trial, {"loss": 0.0})
    assert second.metrics == first.metrics == {"loss": 1.0}
    assert study.tuning_status.overall_metric_statistics.count == 1
    assert study.tuning_status.num_trials_completed == 1


def test_final_metrics_that_were_reported_already_count_once():
    study = AskTell("random", SPACE, metric="loss", random_seed=0)
    trial = study.ask()
    study.report(trial, {"loss": 1.0, "extra": 3})
    study.tell(trial, {"loss": 1.0})
    assert study.tuning_status.overall_metric_statistics.count == 1
    assert study.result(trial).metrics == {"loss": 1.0, "extra": 3}


def test_a_failed_configuration_is_not_suggested_again():
    study = AskTell("random", {"x": choice([1, 2, 3])}, metric="loss", random_seed=0)
    failed = study.ask()
    study.fail(failed, "out of memory")
    assert study.result(failed).status is Status.FAILED
    assert {study.ask().config["x"], study.ask().config["x"]} == {1, 2, 3} - {failed.config["x"]}
    with pytest.raises(OptionError, match="trial 0 does not run: it is failed"):
        study.fail(failed)
    with pytest.raises(ExperimentError, match="no trial has told a finite, feasible result yet"):
        study.best_trial()


def test_an_exhausted_space_says_so():
    study = AskTell("grid", {"x": choice([1, 2])}, metric="loss")
    for _ in range(2):
        trial = study.ask()
        study.tell(trial, {"loss": 1.0})
    for _ in range(2):
        with pytest.raises(ExperimentError, match=r"^the search space is exhausted: every "):
            study.ask()


def test_a_waiting_scheduler_says_what_to_do():
    study = scripted([[Start([0.5])], Reply.WAIT, [Start([0.6])]])
    trial = study.ask()
    with pytest.raises(
        ExperimentError, match=r"^the scheduler waits for running trials; tell it about them first$"
    ):
        study.ask()
    study.tell(trial, {"loss": 1.0})
    assert study.ask().trial_id == 1


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ({"los": 1.0}, "trial 0: metric 'loss' is not in the report"),
        ({"loss": "low"}, "trial 0: "),
        ({}, "trial 0: metric 'loss' is not in the report"),
    ],
)
def test_a_report_that_cannot_be_used_leaves_the_trial_as_it_was(metrics, message):
    study = AskTell("random", SPACE, metric="loss", random_seed=0)
    trial = study.ask()
    for tell in (study.report, study.tell):
        with pytest.raises(OptionError) as error:
            tell(trial, metrics)
        assert str(error.value).startswith(message)
    assert study.tell(trial, {"loss": 1.0}).status is Status.COMPLETED


@pytest.mark.parametrize("call", ["report", "tell", "fail", "result"])
@pytest.mark.parametrize("number", [1, -1])
def test_an_unknown_trial_is_refused(call, number):
    study = AskTell("random", SPACE, metric="loss", random_seed=0)
    study.ask()
    arguments = () if call in ("fail", "result") else ({"loss": 1.0},)
    with pytest.raises(OptionError, match=rf"^there is no trial {number}; 1 were asked for$"):
        getattr(study, call)(number, *arguments)


def test_names_and_objects_mean_the_same():
    named = AskTell("random", SPACE, metric="loss", random_seed=7)
    made = AskTell(make_scheduler("fifo", SPACE, metric="loss", searcher="random", random_seed=7))
    assert [named.ask().config for _ in range(4)] == [made.ask().config for _ in range(4)]


def test_an_object_takes_no_options():
    scheduler = make_scheduler("fifo", SPACE, metric="loss")
    with pytest.raises(OptionError, match=r"^AskTell: a scheduler object has its space and opti"):
        AskTell(scheduler, SPACE)
    with pytest.raises(OptionError, match="has its space and options already"):
        AskTell(scheduler, metric="loss")
    with pytest.raises(OptionError, match=r"^method 'random' needs a configuration space$"):
        AskTell("random", metric="loss")


@pytest.mark.parametrize("name", ["random", "sobol", "asha", "median-stopping"])
@pytest.mark.parametrize("way", ["cloudpickle", "copy"])
def test_a_copy_at_half_time_suggests_the_same(name, way):
    words = {"resource_attr": "epoch", "max_t": 9} if name in ("asha", "median-stopping") else {}

    def advance(study, n):
        seen = []
        for _ in range(n):
            trial = study.ask()
            decision = study.report(trial, {"epoch": 1, "loss": trial.config["x"]})
            seen.append((trial.trial_id, trial.config, decision))
            study.tell(trial)
        return seen

    def begin():
        return AskTell(name, SPACE, metric="loss", random_seed=3, **words)

    whole = advance(begin(), 12)
    study = begin()
    first = advance(study, 6)
    again = (
        cloudpickle.loads(cloudpickle.dumps(study))
        if way == "cloudpickle"
        else copy.deepcopy(study)
    )
    assert first + advance(again, 6) == whole
    assert advance(study, 6) == whole[6:]


def test_a_dump_keeps_what_was_told():
    study = AskTell("random", SPACE, metric="loss", random_seed=3)
    trial = study.ask()
    study.tell(trial, {"loss": 0.5})
    again = cloudpickle.loads(cloudpickle.dumps(study))
    assert again.best_trial().metrics == {"loss": 0.5}
    assert again.result(0).creation_time == trial.creation_time


def test_the_documented_names_of_the_report():
    study = AskTell("random", SPACE, metric="loss", random_seed=0)
    trial = study.ask()
    assert study.bscheduler.on_trial_result(trial, {"loss": 1.0}) == SchedulerDecision.CONTINUE
    assert study.on_trial_result(trial, {"loss": 0.5}) == "CONTINUE"


def test_the_last_value_told_is_the_results_and_the_best_counts():
    study = AskTell("random", SPACE, metric="loss", random_seed=0)
    first, second = study.ask(), study.ask()
    study.report(first, {"loss": 0.1})
    study.tell(first, {"loss": 0.9})
    study.tell(second, {"loss": 0.5})
    assert study.result(first).metrics == {"loss": 0.9}
    assert study.best_trial().trial_id == 0
