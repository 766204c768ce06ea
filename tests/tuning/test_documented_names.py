"""Names, values and orders that scripts written for the documented system rely on."""

from __future__ import annotations

import inspect
import logging
import pickle
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from synecore import (
    AskTell,
    ExtraResultsComposer,
    SchedulerDecision,
    StoppingCriterion,
    StoreResultsCallback,
    Trial,
    Tuner,
    TunerCallback,
    make_scheduler,
)
from synecore.actions import Decided, Ended, Reported, Started, Status
from synecore.errors import ExperimentError, OptionError
from synecore.plugins.registry import default_registry
from synecore.problem import Problem
from synecore.space import choice, uniform
from synecore.testing import InlineBackend
from synecore.trials import TrialTable
from synecore.tuning import onecall
from synecore.tuning.status import print_best_metric_found

SPACE = {"x": uniform(0, 1)}


def loss(config, resource):
    return {"loss": config["x"] / resource}


def tuner_for(n_trials: int = 3, **options) -> Tuner:
    scheduler = make_scheduler("fifo", SPACE, metric="loss", random_seed=0)
    return Tuner(
        InlineBackend(loss), scheduler, StoppingCriterion(max_num_trials_finished=n_trials),
        display="none", **options,
    )  # fmt: skip


# ---- words ----------------------------------------------------------------------------------


def test_statuses_have_the_documented_words():
    words = {status: status.label for status in Status}
    assert words == {
        Status.QUEUED: "InProgress", Status.RUNNING: "InProgress", Status.STOPPING: "Stopping",
        Status.PAUSED: "Paused", Status.STOPPED: "Stopped", Status.COMPLETED: "Completed",
        Status.FAILED: "Failed",
    }  # fmt: skip


def test_decisions_are_the_documented_words():
    assert [SchedulerDecision.CONTINUE, SchedulerDecision.PAUSE, SchedulerDecision.STOP] == [
        "CONTINUE", "PAUSE", "STOP",
    ]  # fmt: skip


def test_the_tuner_takes_the_documented_arguments_in_their_order():
    documented = [
        "trial_backend", "scheduler", "stop_criterion", "n_workers", "sleep_time",
        "results_update_interval", "print_update_interval", "max_failures", "tuner_name",
        "asynchronous_scheduling", "wait_trial_completion_when_stopping", "callbacks", "metadata",
        "suffix_tuner_name", "save_tuner",
    ]  # fmt: skip
    parameters = list(inspect.signature(Tuner).parameters.values())
    assert [parameter.name for parameter in parameters[: len(documented)]] == documented
    defaults = {parameter.name: parameter.default for parameter in parameters}
    expected = {
        "results_update_interval": 10.0, "print_update_interval": 30.0, "max_failures": 1,
        "tuner_name": None, "asynchronous_scheduling": True, "callbacks": None, "metadata": None,
        "wait_trial_completion_when_stopping": False, "suffix_tuner_name": True,
        "save_tuner": True,
    }  # fmt: skip
    assert expected.items() <= defaults.items()


# ---- trials ---------------------------------------------------------------------------------


def test_a_trial_with_results_knows_its_seconds_and_cost():
    created = datetime(2024, 1, 1)
    trial = Trial(3, {"x": 0.5}, created)
    end = created + timedelta(seconds=9)
    timed = trial.add_results({"loss": 1.0, "st_worker_time": 4.0, "st_worker_cost": 0.2},
                              Status.COMPLETED, end)  # fmt: skip
    assert (timed.trial_id, timed.config, timed.creation_time) == (3, {"x": 0.5}, created)
    assert (timed.status, timed.training_end_time) == (Status.COMPLETED, end)
    assert (timed.seconds, timed.cost) == (4.0, 0.2)
    untimed = trial.add_results({"loss": 1.0}, Status.STOPPED, end)
    assert (untimed.seconds, untimed.cost) == (9.0, None)


def test_busy_are_trials_in_progress_and_those_about_to_stop():
    table = TrialTable(Problem.create(SPACE, metric="loss"))
    for trial in range(5):
        table.apply(
            Started(at=0.0, trial=trial, config={"x": trial / 10}, until=9.0, milestone=9.0)
        )
    for trial in range(1, 5):
        table.apply(Reported(at=1.0, trial=trial, metrics={"loss": 1.0}))
    table.apply(Decided(at=2.0, trial=2, action="stop"))
    table.apply(Decided(at=2.0, trial=3, action="stop"))
    table.apply(Ended(at=3.0, trial=3, exit="killed", status=Status.STOPPED))
    table.apply(Ended(at=3.0, trial=4, exit="ok", status=Status.COMPLETED))
    assert table.busy().tolist() == [0, 1, 2]
    labels = [table.status(trial).label for trial in table.busy()]
    assert labels == ["InProgress", "InProgress", "Stopping"]


# ---- what a scheduler may suggest -----------------------------------------------------------


def test_a_suggestion_is_a_new_trial_or_a_paused_one_with_its_configuration():
    study = AskTell(
        "asha", SPACE, metric="loss", resource_attr="epoch", max_t=9, type="promotion",
        random_seed=0, points_to_evaluate=[],
    )  # fmt: skip
    trials = [study.ask() for _ in range(3)]
    assert [trial.trial_id for trial in trials] == [0, 1, 2]
    assert not any(trial.resumes for trial in trials)
    for trial, value in zip(trials, [0.3, 0.1, 0.2], strict=True):
        decision = study.report(trial, {"loss": value, "epoch": 1})
        assert decision is SchedulerDecision.PAUSE
    again = study.ask()
    assert (again.trial_id, again.resumes, again.config) == (1, True, trials[1].config)
    assert again.until == 3  # the next rung, not the end
    assert study.ask().trial_id == 3


def test_nothing_is_suggested_once_a_finite_space_is_used_up():
    study = AskTell("random", {"x": choice(["a", "b"])}, metric="loss")
    assert {study.ask().config["x"] for _ in range(2)} == {"a", "b"}
    with pytest.raises(ExperimentError, match="the search space is exhausted"):
        study.ask()


def test_unknown_trials_are_named():
    study = AskTell("random", SPACE, metric="loss")
    study.ask()
    for call in (study.tell, study.report):
        with pytest.raises(OptionError, match="there is no trial 7; 1 were asked for"):
            call(7, {"loss": 1.0})
    with pytest.raises(OptionError, match="there is no trial -1"):
        study.result(-1)


# ---- results --------------------------------------------------------------------------------


def test_results_can_be_read_and_written_while_the_run_goes_on():
    class Peek(StoreResultsCallback):
        seen = ()

        def on_trial_result(self, trial, status, result, decision):
            frame = self.dataframe()
            assert frame["loss"].iloc[-1] == result["loss"]
            assert self.store_results().stat().st_size > 0
            self.seen = (*self.seen, len(frame))

    peek = Peek()
    tuner = tuner_for(callbacks=[peek])
    tuner.run()
    reports = tuner.tuning_status.overall_metric_statistics.count
    assert peek.seen == tuple(range(1, reports + 1))
    assert len(peek.dataframe()) == reports


def test_there_are_no_results_before_the_run():
    with pytest.raises(ExperimentError, match="no results before the run"):
        StoreResultsCallback().dataframe()


def test_a_composer_adds_columns_to_every_row():
    class Counts(ExtraResultsComposer):
        def __call__(self, tuner):
            return {"n_started": tuner.tuning_status.num_trials_started}

        def keys(self):
            return ["n_started"]

    store = StoreResultsCallback(extra_results_composer=Counts())
    tuner_for(callbacks=[store]).run()
    frame = store.dataframe()
    assert list(frame["n_started"]) == [trial + 1 for trial in frame["trial_id"]]
    assert {"config_x", "decision", "status", "st_tuner_time"} <= set(frame)


def test_the_best_is_printed_and_returned(capsys):
    tuner = tuner_for()
    with_nothing = tuner.tuning_status
    assert print_best_metric_found(with_nothing, ["loss"], "min") is None
    tuner.run()
    trial, config = tuner.best_config()
    found = print_best_metric_found(tuner.tuning_status, metric_names=["loss"], mode="min")
    assert found == print_best_metric_found(tuner.tuning_status)
    assert found is not None
    assert found[0] == trial
    assert found[1] == pytest.approx(config["x"])
    assert f"best loss: {found[1]:.6g}, trial {trial}" in capsys.readouterr().out
    with pytest.raises(OptionError, match="metric 'los' is no objective of the problem: loss"):
        print_best_metric_found(tuner.tuning_status, ["los"])


def test_a_callback_that_fails_is_named_and_the_run_goes_on(caplog, monkeypatch):
    monkeypatch.setattr(default_registry(), "strict", False)  # CI turns logged failures into errors

    class Fragile(TunerCallback):
        def on_trial_result(self, trial, status, result, decision):
            raise RuntimeError("of glass")

    tuner = tuner_for(callbacks=[Fragile()])
    with caplog.at_level(logging.ERROR):
        tuner.run()
    assert "callback Fragile failed" in caplog.text
    assert tuner.tuning_status.num_trials_finished > 3


# ---- keeping --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["asha", "random", "grid", "sobol"])
def test_a_study_is_pickled_in_the_middle_and_goes_on(name):
    options = {"resource_attr": "epoch", "max_t": 9} if name == "asha" else {}
    study = AskTell(name, SPACE, metric="loss", random_seed=1, **options)
    for _ in range(3):
        trial = study.ask()
        study.report(trial, {"loss": trial.config["x"], "epoch": 1})
    copy = pickle.loads(pickle.dumps(study))
    assert copy.ask().config == study.ask().config


def test_one_call_takes_every_argument_of_the_tuner():
    words = set(inspect.signature(Tuner).parameters)
    given = {"trial_backend", "scheduler", "stop_criterion", "n_workers"}
    assert set(onecall._TUNER_OPTIONS) == words - given


# ---- stopping criteria ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "at", "beyond"),
    [
        ({"max_wallclock_time": 9.0}, {"wallclock_time": 8.9}, {"wallclock_time": 9.0}),
        ({"max_num_evaluations": 3}, {"count": 3}, {"count": 4}),
        ({"max_num_trials_started": 3}, {"num_trials_started": 3}, {"num_trials_started": 4}),
        ({"max_num_trials_completed": 3}, {"num_trials_completed": 3}, {"num_trials_completed": 4}),
        ({"max_num_trials_finished": 3}, {"num_trials_finished": 3}, {"num_trials_finished": 4}),
        ({"max_cost": 1.5}, {"cost": 1.5}, {"cost": 1.51}),
        ({"min_metric_value": {"loss": 0.1}}, {"least": 0.1}, {"least": 0.09}),
        ({"max_metric_value": {"loss": 0.8}}, {"most": 0.8}, {"most": 0.81}),
    ],
    ids=lambda value: next(iter(value)),
)
def test_a_limit_holds_once_it_is_passed(limit, at, beyond):
    def status(**seen):
        counts = {"count": 0, "least": 0.5, "most": 0.5, "wallclock_time": 0.0, "cost": 0.0}
        trials = dict.fromkeys(("started", "completed", "finished"), 0)
        values = {**counts, **{f"num_trials_{name}": n for name, n in trials.items()}, **seen}
        metrics = SimpleNamespace(
            count=values.pop("count"),
            min_metrics={"loss": values.pop("least")},
            max_metrics={"loss": values.pop("most")},
        )
        return SimpleNamespace(overall_metric_statistics=metrics, **values)

    criterion = StoppingCriterion(**limit)
    assert not criterion(status(**at))
    assert criterion(status(**beyond))
    assert next(iter(limit)) in criterion.reason(status(**beyond))
    # Any one of several is enough.
    assert StoppingCriterion(**{"max_num_evaluations": 99, **limit})(status(**beyond))
    assert StoppingCriterion.from_json(criterion.to_json()) == criterion
