from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from synecore.actions import Decided, Reported, Status
from synecore.errors import ExperimentError, OptionError
from synecore.tuning.experiment import Experiment
from synecore_analysis import ExperimentResult, as_result
from synecore_analysis.frames import REPORT_COLUMNS, frame_of


def test_results_have_the_documented_columns(asha: Any, write: Any) -> None:
    results = as_result(write(asha)).results
    assert set(results.columns) == {
        "epoch", "loss", "trial_id", "config_lr", "config_width", "config_act", "st_tuner_time",
        "decision", "status", "tuner_name", "entry_point_name", "entry_point_path",
    }  # fmt: skip
    assert results["decision"].tolist() == [
        "STOP", "CONTINUE", "PAUSE", "CONTINUE", "CONTINUE", "CONTINUE",
    ]  # fmt: skip
    assert set(results["status"]) == {"InProgress"}
    assert results["st_tuner_time"].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_the_best_configuration_has_its_trial_and_value(asha: Any, write: Any) -> None:
    assert as_result(write(asha)).best_config() == {
        "trial_id": 1, "loss": 0.1, "config_lr": 0.01, "config_width": 32, "config_act": "relu",
    }  # fmt: skip


def test_it_is_the_one_that_the_core_finds(asha: Any, write: Any) -> None:
    folder = write(asha)
    assert as_result(folder).best_config() == Experiment.open(folder).best_config()


def test_the_largest_value_is_the_best_of_a_maximized_metric(journal: Any, write: Any) -> None:
    run = journal(metric="accuracy", mode="max")
    first, second = run.start(), run.start(width=9)
    run.report(first, 1, 0.7)
    run.report(second, 1, 0.9)
    run.report(second, 2, math.nan)
    result = as_result(write(run))
    assert result.best_config("accuracy")["config_width"] == 9
    assert result.best_trial() == 1
    assert result.best_value() == 0.9
    assert result.metric_mode() == "max"


def test_the_first_of_equal_values_is_the_best(journal: Any, write: Any) -> None:
    run = journal()
    for trial in (run.start(), run.start(width=9)):
        run.report(trial, 1, 0.5)
    assert as_result(write(run)).best_config()["trial_id"] == 0


def test_parameters_that_were_not_active_are_left_out(journal: Any, write: Any) -> None:
    run = journal()
    run.report(run.start(momentum=0.9), 1, 0.5)
    run.report(run.start(layers=3), 1, 0.1)
    best = as_result(write(run)).best_config()
    assert "config_momentum" not in best
    assert best["config_layers"] == 3
    assert type(best["config_layers"]) is int


def test_each_of_several_metrics_has_its_best(journal: Any, write: Any) -> None:
    run = journal(metric=["loss", "accuracy"], mode=["min", "max"])
    run.report(run.start(), 1, 0.1, accuracy=0.2)
    run.report(run.start(), 1, 0.9, accuracy=0.8)
    result = as_result(write(run))
    assert result.best_config(0)["trial_id"] == 0
    assert result.best_config("accuracy") == {
        "trial_id": 1, "accuracy": 0.8, "config_lr": 0.1, "config_width": 8, "config_act": "relu",
    }  # fmt: skip
    assert result.metric_mode() == ["min", "max"]
    assert result.metric_names() == ["loss", "accuracy"]


def test_a_late_report_is_not_the_best(journal: Any, write: Any) -> None:
    run = journal()
    trial = run.start()
    run.report(trial, 1, 0.5)
    run.events.append(Decided(at=1.0, trial=trial, action="stop"))
    run.events.append(Reported(at=1.5, trial=trial, metrics={"epoch": 2, "loss": 0.1}))
    result = as_result(write(run))
    assert result.best_value() == 0.5
    assert len(result.results) == 2


def test_an_empty_experiment_says_what_is_missing(journal: Any, write: Any) -> None:
    run = journal()
    expected = [
        "experiment 'run-0' has no value of 'loss' to choose from: no trial has started yet",
        "experiment 'run-1' has no value of 'loss' to choose from: none of its 1 trials has "
        "reported yet",
        "experiment 'run-2' has no value of 'loss' to choose from: none of its 1 reports is "
        "finite, feasible and in time",
        "experiment 'run-3' has no value of 'loss' to choose from: none of its 1 reports is "
        "finite, feasible and in time; 1 failed, trial 0 the last: ValueError: too large",
    ]
    steps = [
        lambda: None,
        lambda: run.start(),
        lambda: run.report(0, 1, math.nan),
        lambda: run.end(0, Status.FAILED, error="Traceback\n  line\nValueError: too large\n"),
    ]
    for i, (step, message) in enumerate(zip(steps, expected, strict=True)):
        step()
        result = as_result(write(run, f"run-{i}"))
        with pytest.raises(ExperimentError) as raised:
            result.best_config()
        assert str(raised.value) == message
        assert "best loss" in str(result)
        assert result.plot(figure_path=result.path / "best.png").is_file()


def test_a_metric_that_nobody_reports_is_named(asha: Any, write: Any) -> None:
    result = as_result(write(asha, metric_names=["los"]))
    with pytest.raises(ExperimentError, match="none of its 6 reports has it"):
        result.best_config()
    with pytest.raises(OptionError, match="its objectives are los"):
        result.best_config("loss")


def test_says_what_it_was(asha: Any, write: Any) -> None:
    result = as_result(write(asha, "a-study/a-run"))
    assert result.name == "a-run"
    assert result.creation_date() == datetime.fromtimestamp(1_700_000_000)
    assert result.entrypoint_name() == "train"
    assert result.metric_names() == ["loss"]
    assert result.metric_mode() == "min"
    assert result.seconds == 6.0


def test_prints_as_a_summary(asha: Any, write: Any) -> None:
    result = as_result(write(asha))
    assert str(result).splitlines()[:3] == [
        "Experiment a-run",
        "  trials     3 (1 stopped, 1 completed, 1 paused)",
        "  reports    6 in 6 s",
    ]
    assert "best loss  0.1 (trial 1: lr=0.01, width=32, act=relu)" in str(result)
    assert repr(result) == "<ExperimentResult 'a-run': 3 trials, 6 reports>"


def test_a_notebook_shows_text_as_text(journal: Any, write: Any) -> None:
    run = journal()
    run.report(run.start(act="<script>"), 1, 0.1)
    shown = as_result(write(run))._repr_html_()
    assert "<script>" not in shown
    assert "act=&lt;script&gt;" in shown


def test_can_be_made_from_the_documented_parts(asha: Any, write: Any) -> None:
    experiment = Experiment.open(write(asha))
    results = frame_of(experiment.rows(), REPORT_COLUMNS)
    result = ExperimentResult("mine", results, experiment.metadata, None, Path("somewhere"))
    assert result.trials["status"].tolist() == ["Stopped", "Completed", "Paused"]
    assert result.seconds == 6.0
    assert result.best_config()["trial_id"] == 1


def test_each_plot_is_saved_where_it_is_asked_for(asha: Any, write: Any, tmp_path: Path) -> None:
    result = as_result(write(asha))
    for plot in (result.plot, result.plot_trials_over_time, result.plot_learning_curves):
        path = plot(0, tmp_path / f"{plot.__name__}.png")
        assert path.read_bytes().startswith(b"\x89PNG")
