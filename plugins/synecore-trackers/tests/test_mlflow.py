"""Runs read back with MLflow's own client."""

from __future__ import annotations

import json
import logging
import math

import pytest

from synecore.plugins.registry import default_registry
from synecore_trackers import MlflowCallback

pytestmark = [pytest.mark.heavy, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def read(experiment, uri=None, name=None):
    """Return the outer run, trial -> its run, and a function from run and metric to its values."""
    from mlflow import MlflowClient

    client = MlflowClient(uri or f"sqlite:///{experiment.path / 'mlflow.db'}")
    found = client.get_experiment_by_name(name or experiment.name)
    runs = client.search_runs([found.experiment_id])
    (outer,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    trials = {int(run.data.tags["synecore.trial"]): run for run in runs if run is not outer}
    assert len(trials) == len(runs) - 1
    for run in trials.values():
        assert run.data.tags["mlflow.parentRunId"] == outer.info.run_id

    def history(run, metric):
        values = client.get_metric_history(run.info.run_id, metric)
        return [(value.step, value.value) for value in values]

    return outer, trials, history


def reported(experiment):
    """Return trial -> (epoch, loss) of the reports that count, from the journal."""
    found = {trial: [] for trial in range(experiment.table().n_trials)}
    for row in experiment.rows():
        if row["status"] == "InProgress":
            found[row["trial_id"]].append((row["epoch"], row["loss"]))
    return found


def check(experiment, trials, history):
    expected = reported(experiment)
    assert {trial: history(run, "loss") for trial, run in trials.items()} == expected


def test_a_trial_is_a_nested_run_with_its_parameters_metrics_and_end(make_tuner):
    experiment = make_tuner("mlflow", n=40, type="stopping").run()
    _, trials, history = read(experiment)
    check(experiment, trials, history)
    table = experiment.table()
    ends = {"Completed": "FINISHED", "Stopped": "KILLED", "Failed": "FAILED"}
    seen = set()
    for trial, run in trials.items():
        status = table.status(trial).label
        seen.add(status)
        assert run.info.run_name == f"trial-{trial}"
        assert run.info.status == ends[status]
        assert run.data.tags["synecore.status"] == status
        config = {name: str(value) for name, value in table.configs[trial].items()}
        assert run.data.params == config
        if expected := reported(experiment)[trial]:
            assert all(math.isnan(value) for _, value in history(run, "nan"))
            assert [step for step, _ in history(run, "top_5")] == [step for step, _ in expected]
            assert "text" not in run.data.metrics
    assert seen == set(ends)


def test_times_are_those_of_the_experiment(make_tuner):
    experiment = make_tuner("mlflow", n=20, type="stopping").run()
    _, trials, _ = read(experiment)
    table, began = experiment.table(), experiment.metadata["st_tuner_creation_timestamp"]
    for trial, run in trials.items():
        started, ended = (began + table.value(name, trial) for name in ("started", "ended"))
        assert run.info.start_time == round(1000 * started)
        assert run.info.end_time == round(1000 * ended)


def test_the_outer_run_has_the_best_so_far(make_tuner):
    experiment = make_tuner("mlflow", n=40).run()
    outer, trials, history = read(experiment)
    best = experiment.best_config()
    values = [value for _, value in history(outer, "best/loss")]
    assert values == sorted(values, reverse=True)
    assert values[-1] == best["loss"]
    tags = outer.data.tags
    assert tags["synecore.best_trial"] == str(best["trial_id"])
    assert tags["synecore.best_run"] == trials[best["trial_id"]].info.run_id
    assert json.loads(tags["synecore.best_config"])["x"] == best["config_x"]
    assert outer.info.status == "FINISHED"
    assert outer.data.params["scheduler_name"] == "asha"


def test_a_resumed_experiment_goes_on_in_the_same_runs(make_tuner, resume):
    make_tuner("mlflow", n=15).run()
    resume(30).run()
    experiment = resume(45).run()
    outer, trials, history = read(experiment)
    check(experiment, trials, history)
    paused = [t for t in trials if experiment.table().status(t).label == "Paused"]
    assert paused
    for trial in paused:
        assert trials[trial].data.tags["synecore.status"] == "Paused"
    steps = [step for step, _ in history(outer, "best/loss")]
    assert steps == sorted(set(steps))
    assert history(outer, "best/loss")[-1][1] == experiment.best_config()["loss"]


def test_a_callback_added_on_resumption_tells_the_whole_history(make_tuner, resume):
    make_tuner(n=15).run()
    experiment = resume(30, "mlflow").run()
    _, trials, history = read(experiment)
    check(experiment, trials, history)


def test_a_killed_tuner_leaves_nothing_out_and_nothing_twice(run_and_kill, resume):
    run_and_kill("mlflow", "mlflow.db", b"trial-3")
    experiment = resume(60, "mlflow").run()
    _, trials, history = read(experiment)
    check(experiment, trials, history)


def test_names_and_places_of_ones_own(make_tuner, tmp_path):
    uri = f"sqlite:///{tmp_path / 'shared.db'}"
    for name in ("first", "second"):
        callback = MlflowCallback(uri, experiment_name="study", run_name=f"run of {name}")
        experiment = make_tuner(callback, n=3, name=name).run()
    from mlflow import MlflowClient

    client = MlflowClient(uri)
    found = client.get_experiment_by_name("study")
    runs = client.search_runs([found.experiment_id])
    outer = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert {run.info.run_name for run in outer} == {"run of first", "run of second"}
    assert not (experiment.path / "mlflow.db").exists()


def test_the_place_may_come_from_the_environment(make_tuner, tmp_path, monkeypatch):
    uri = f"sqlite:///{tmp_path / 'variable.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    experiment = make_tuner("mlflow", n=3).run()
    _, trials, history = read(experiment, uri)
    check(experiment, trials, history)


def test_a_store_that_cannot_be_written_does_not_end_the_run(
    make_tuner, caplog, monkeypatch, tmp_path
):
    monkeypatch.setattr(default_registry(), "strict", False)  # CI turns logged failures into errors
    (tmp_path / "file").touch()
    callback = MlflowCallback(f"sqlite:///{tmp_path / 'file' / 'all.db'}")
    with caplog.at_level(logging.ERROR):
        experiment = make_tuner(callback, n=5).run()
    assert len(list(experiment.rows())) >= 5
    assert "MlflowCallback" in caplog.text


def test_no_folder_of_mlflow_is_made_beside_the_program(make_tuner, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_tuner("mlflow", n=3).run()
    assert list(tmp_path.iterdir()) == []


def test_every_name_is_one_that_mlflow_takes(tmp_path):
    from mlflow import MlflowClient

    from synecore_trackers.mlflow_runs import name_of

    client = MlflowClient(f"sqlite:///{tmp_path / 'names.db'}")
    run = client.create_run(client.create_experiment("names")).info.run_id
    odd = ["a@b", "loss", "/root", "a//b", "../up", ".", "..", "a/../b", "ünï", "a b: c-d.e/f", ""]
    for name in odd:
        client.log_metric(run, name_of(name), 1.0)
        client.log_param(run, name_of(name), 1.0)
    assert name_of("loss") == "loss"
    assert name_of("a b: c-d.e/f") == "a b: c-d.e/f"
    assert set(client.get_run(run).data.metrics) == {name_of(name) for name in odd}
