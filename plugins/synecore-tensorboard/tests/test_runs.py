from __future__ import annotations

import pytest
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

from synecore.actions import Status
from synecore.problem import Problem
from synecore.space import choice, loguniform, randint
from synecore.tuning.chronicle import Best, Point
from synecore_tensorboard.runs import Runs, table_of

SPACE = {
    "lr": loguniform(1e-4, 1.0), "width": randint(1, 8), "act": choice(["relu", "a|b"]),
    "norm": choice([True, False]), "batch": choice([16, 32]), "epochs": 9,
}  # fmt: skip
CONFIG = {"lr": 0.5, "width": 4, "act": "a|b", "norm": True, "batch": 16, "epochs": 9}
PROBLEM = Problem.create(SPACE, metric=["loss", "time"], resource_attr="epoch", max_t=9)


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path, PROBLEM, ["loss"], ignored={"skipped"})


def point(trial, total, loss):
    values = {"loss": loss, "skipped": 1.0}
    return Point(trial, total, total, total, 100.0 + total, values)


def improve(runs, trial, total, loss):
    runs.improved([Best("loss", loss, trial, total, 100.0 + total)])


def hparams(event):
    (value,) = event.summary.value
    assert value.metadata.plugin_data.plugin_name == "hparams"
    return value.tag, HParamsPluginData.FromString(value.metadata.plugin_data.content)


def test_reports_are_scalars_of_the_trials_run(runs, tmp_path, runs_of, curves):
    runs.started(0, CONFIG, 100.0)
    runs.reported(point(0, 1, 3.0))
    runs.reported(point(0, 2, float("nan")))
    runs.flush()
    events = runs_of(tmp_path)["trial-0"][1:]
    assert [event.wall_time for event in events] == [101.0, 102.0]
    assert list(curves(events)) == ["loss"]
    assert curves(events)["loss"][0] == (1, 3.0)
    assert curves(events)["loss"][1][1] != curves(events)["loss"][1][1]


def test_the_best_is_a_staircase_that_goes_on_to_the_last_end(runs, tmp_path, runs_of, curves):
    for trial in (0, 1):
        runs.started(trial, CONFIG | {"lr": 0.1 + trial}, 100.0)
    for total, trial, loss, better in [
        (1, 0, 3.0, True), (2, 1, 4.0, False), (3, 1, 2.0, True), (4, 0, 1.0, True),
        (5, 1, 9.0, False),
    ]:  # fmt: skip
        runs.reported(point(trial, total, loss))
        if better:
            improve(runs, trial, total, loss)
    runs.ended(0, Status.COMPLETED, 200.0)
    runs.ended(1, Status.STOPPED, 201.0)
    runs.flush()
    found = curves(runs_of(tmp_path)["best"])
    assert found["best/loss"] == [(1, 3.0), (2, 3.0), (3, 2.0), (4, 1.0), (5, 1.0)]
    rates = [(1, 0.1), (2, 0.1), (3, 1.1), (4, 0.1), (5, 0.1)]
    assert [step for step, _ in found["best_config/lr"]] == [1, 2, 3, 4, 5]
    assert found["best_config/lr"] == [(s, pytest.approx(v)) for s, v in rates]
    assert set(found) == {"best/loss"} | {
        f"best_config/{name}" for name in ("lr", "width", "norm", "batch")
    }


def test_an_improvement_without_a_new_point_is_drawn_later(runs, tmp_path, runs_of, curves):
    """A trial that began again may do better at a step it was at before."""
    runs.started(0, CONFIG, 100.0)
    runs.reported(point(0, 1, 3.0))
    improve(runs, 0, 1, 3.0)
    improve(runs, 0, 1, 2.5)
    runs.reported(point(0, 2, 2.6))
    runs.ended(0, Status.COMPLETED, 200.0)
    runs.flush()
    assert curves(runs_of(tmp_path)["best"])["best/loss"] == [(1, 3.0), (2, 2.5)]


def test_each_new_incumbent_is_a_table_in_the_text_tab(runs, tmp_path, runs_of):
    for trial in (0, 1):
        runs.started(trial, CONFIG | {"width": trial + 1}, 100.0)
    for total, trial in [(1, 0), (2, 0), (3, 1)]:
        runs.reported(point(trial, total, 4.0 - total))
        improve(runs, trial, total, 4.0 - total)
    runs.flush()
    texts = [
        (event.step, value.tensor.string_val[0].decode())
        for event in runs_of(tmp_path)["best"]
        for value in event.summary.value
        if value.metadata.plugin_data.plugin_name == "text"
    ]
    assert [step for step, _ in texts] == [1, 3]
    assert texts[0][1].splitlines()[0] == "trial 0: loss = 3"
    assert texts[1][1].splitlines()[2:] == [
        "| parameter | value |", "|---|---|", "| lr | 0.5 |", "| width | 2 |",
        "| act | a\\|b |", "| norm | True |", "| batch | 16 |",
    ]  # fmt: skip


def test_the_columns_of_the_hparams_tab_are_the_parameters_with_their_domains(
    runs, tmp_path, runs_of
):
    runs.started(0, CONFIG, 100.0)
    runs.started(1, CONFIG, 101.0)
    runs.flush()
    (event,) = runs_of(tmp_path)["best"]
    tag, data = hparams(event)
    assert tag == "_hparams_/experiment"
    infos = {info.name: info for info in data.experiment.hparam_infos}
    assert list(infos) == ["lr", "width", "act", "norm", "batch"]
    assert {name: info.type for name, info in infos.items()} == {
        "lr": 3, "width": 3, "act": 1, "norm": 2, "batch": 3,
    }  # fmt: skip
    lr = infos["lr"].domain_interval
    assert (lr.min_value, lr.max_value) == (1e-4, 1.0)
    assert list(infos["act"].domain_discrete) == ["relu", "a|b"]
    assert list(infos["batch"].domain_discrete) == [16.0, 32.0]
    metrics = [info.name.tag for info in data.experiment.metric_infos]
    assert metrics == ["loss", "time"]


def test_a_row_of_the_hparams_tab_is_a_trial(runs, tmp_path, runs_of):
    for trial, status in enumerate([Status.COMPLETED, Status.FAILED]):
        runs.started(trial, CONFIG, 100.0)
        runs.ended(trial, status, 150.0)
    runs.flush()
    for name, outcome in (("trial-0", 1), ("trial-1", 2)):
        start, end = map(hparams, runs_of(tmp_path)[name])
        assert start[0] == "_hparams_/session_start_info"
        info = start[1].session_start_info
        assert (info.group_name, info.start_time_secs) == (name, 100.0)
        assert info.hparams["lr"].number_value == 0.5
        assert info.hparams["act"].string_value == "a|b"
        assert info.hparams["norm"].bool_value is True
        assert set(info.hparams) == set(CONFIG) - {"epochs"}
        assert end[1].session_end_info.status == outcome
        assert end[1].session_end_info.end_time_secs == 150.0


def test_the_hparams_tab_can_be_left_out(tmp_path, runs_of, curves):
    runs = Runs(tmp_path, PROBLEM, ["loss"], hparams=False)
    runs.started(0, CONFIG, 100.0)
    runs.reported(point(0, 1, 3.0))
    improve(runs, 0, 1, 3.0)
    runs.ended(0, Status.COMPLETED, 200.0)
    runs.flush()
    events = [event for run in runs_of(tmp_path).values() for event in run]
    plugins = {v.metadata.plugin_data.plugin_name for e in events for v in e.summary.value}
    assert plugins == {"", "text"}
    assert "best_config/lr" in curves(runs_of(tmp_path)["best"])


def test_what_a_file_holds_is_passed_over_when_all_is_told_again(tmp_path, runs_of):
    def tell(runs, n):
        runs.started(0, CONFIG, 100.0)
        for total in range(1, n + 1):
            runs.reported(point(0, total, 1 / total))
            improve(runs, 0, total, 1 / total)
        runs.flush()

    for n in (3, 3, 5):
        tell(Runs(tmp_path / "parts", PROBLEM, ["loss"]), n)
    tell(Runs(tmp_path / "whole", PROBLEM, ["loss"]), 5)
    assert runs_of(tmp_path / "parts") == runs_of(tmp_path / "whole")


def test_a_conditional_parameter_leaves_the_line_with_its_incumbent(
    runs, tmp_path, runs_of, curves
):
    without = {name: value for name, value in CONFIG.items() if name != "width"}
    runs.started(0, CONFIG, 100.0)
    runs.started(1, without, 100.0)
    for trial in (0, 1):
        runs.reported(point(trial, trial + 1, 3.0 - trial))
        improve(runs, trial, trial + 1, 3.0 - trial)
    runs.flush()
    found = curves(runs_of(tmp_path)["best"])
    assert [step for step, _ in found["best_config/width"]] == [1]
    assert [step for step, _ in found["best_config/lr"]] == [1, 2]


def test_a_table_has_no_line_break_in_a_cell():
    assert table_of(Best("loss", 0.5, 1, 1, 1.0), {"a": "x\ny"}).endswith("| a | x y |")
