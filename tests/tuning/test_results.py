from __future__ import annotations

import csv
import io
import zipfile

import numpy as np
import pytest

from synecore import Tuner, make_backend, make_scheduler
from synecore.actions import Decided, Ended, Reported, ReportedBlock, Resumed, Started, Status
from synecore.space import uniform
from synecore.testing import InlineBackend
from synecore.tuning.results import result_rows, write_results
from synecore.tuning.stopping import StoppingCriterion

ORIGIN = {"name": "study", "entry_point_name": "train", "entry_point_path": "/train.py"}


def started(trial, at=0.0, **config):
    return Started(at=at, trial=trial, config=config, until=9.0, milestone=1.0)


def reported(trial, at, **metrics):
    return Reported(at=at, trial=trial, metrics=metrics)


def decided(trial, action, at=0.0, **more):
    return Decided(at=at, trial=trial, action=action, **more)


def run(n=6, backend=None, **options):
    scheduler = make_scheduler(
        "asha", {"x": uniform(0, 1), "epochs": 9}, metric="loss", resource_attr="epoch",
        max_resource_attr="epochs", random_seed=3, **options,
    )  # fmt: skip
    return Tuner(
        InlineBackend(
            lambda c, r: {"loss": c["x"] + 1 / r, "epoch": r, "note": f"n{r}"}, **(backend or {})
        ),
        scheduler, StoppingCriterion(max_num_trials_finished=n), 3, tuner_name="study",
        suffix_tuner_name=False, display="none",
    ).run()  # fmt: skip


def read(path):
    text = zipfile.ZipFile(path).read("results.csv").decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_documented_columns_of_a_script(tmp_path):
    script = tmp_path / "train.py"
    script.write_text("from synecore import Reporter\nReporter()(loss=1.0)\n")
    scheduler = make_scheduler("fifo", {"x": uniform(0, 1)}, metric="loss", random_seed=0)
    experiment = Tuner(
        make_backend("local", entry_point=str(script)), scheduler,
        StoppingCriterion(max_num_trials_finished=0), tuner_name="study", suffix_tuner_name=False,
        display="none",
    ).run()  # fmt: skip
    (row, *_) = read(experiment.path / "results.csv.zip")
    assert set(row) == {
        "loss", "trial_id", "config_x", "st_worker_time", "st_worker_timestamp", "st_worker_iter",
        "st_tuner_time", "decision", "status", "tuner_name", "entry_point_name",
        "entry_point_path",
    }  # fmt: skip
    assert (row["tuner_name"], row["entry_point_name"]) == ("study", "train")
    assert row["entry_point_path"] == str(script)


@pytest.mark.parametrize("kind", ["stopping", "promotion"])
@pytest.mark.parametrize("late", [0, 2])
def test_rows_against_a_reading_of_the_journal_by_hand(kind, late):
    experiment = run(type=kind, backend={"late_reports": late})
    events = list(experiment.events())
    configs, status, expected = {}, {}, []
    for position, event in enumerate(events):
        if isinstance(event, Started):
            configs[event.trial] = event.config
        if isinstance(event, (Started, Resumed)):
            status[event.trial] = "InProgress"
        if isinstance(event, Reported):
            decision = "CONTINUE"
            for later in events[position + 1 :]:
                if not isinstance(later, Decided):
                    break
                if later.trial == event.trial and later.action in ("stop", "pause"):
                    decision = later.action.upper()
            row = {**event.metrics, "trial_id": event.trial}
            row |= {f"config_{k}": v for k, v in configs[event.trial].items()}
            row |= {"st_tuner_time": event.at, "decision": decision}
            row["status"] = status[event.trial]
            expected.append(row)
        if isinstance(event, Decided) and event.action in ("stop", "pause"):
            status[event.trial] = Status.STOPPING.label
    origin = {"tuner_name": "study", "entry_point_name": None, "entry_point_path": None}
    assert list(experiment.rows()) == [{**row, **origin} for row in expected]
    assert any(row["decision"] == "STOP" for row in expected) == (kind == "stopping")
    assert any(row["status"] != "InProgress" for row in expected) == (late > 0)


def test_the_file_holds_the_rows():
    experiment = run()
    rows = list(experiment.rows())
    found = read(experiment.path / "results.csv.zip")
    assert list(found[0]) == list(rows[0])
    for row, line in zip(rows, found, strict=True):
        assert float(line["loss"]) == row["loss"]
        assert {k: "" if v is None else str(v) for k, v in row.items()} == line


def test_decisions_on_others_and_by_the_tuner_are_told_apart():
    events = [
        started(0, x=1), started(1, x=2),
        reported(0, 1.0, loss=1.0), decided(1, "stop"),
        reported(0, 2.0, loss=2.0), decided(0, "pause"),
        reported(1, 3.0, loss=3.0),
        Ended(at=3.0, trial=0, exit="killed", status=Status.PAUSED),
        Resumed(at=4.0, trial=0, until=9.0, milestone=9.0),
        reported(0, 5.0, loss=4.0), decided(0, "update", milestone=9.0),
        reported(0, 6.0, loss="bad"), decided(0, "fail", by="tuner"),
        reported(0, 7.0, loss=5.0),
    ]  # fmt: skip
    rows = list(result_rows(events, ORIGIN))
    assert [(row["trial_id"], row["loss"], row["decision"], row["status"]) for row in rows] == [
        (0, 1.0, "CONTINUE", "InProgress"), (0, 2.0, "PAUSE", "InProgress"),
        (1, 3.0, "CONTINUE", "Stopping"), (0, 4.0, "CONTINUE", "InProgress"),
        (0, "bad", "STOP", "InProgress"), (0, 5.0, "CONTINUE", "Stopping"),
    ]  # fmt: skip
    assert [row["config_x"] for row in rows] == [1, 1, 2, 1, 1, 1]
    origins = {(r["tuner_name"], r["entry_point_name"], r["entry_point_path"]) for r in rows}
    assert origins == {("study", "train", "/train.py")}


@pytest.mark.parametrize("by", ["user", "tuner"])
def test_a_stop_by_others_is_no_answer_to_the_report_before_it(by):
    events = [started(0, x=1), reported(0, 1.0, loss=1.0), decided(0, "stop", by=by)]
    (row,) = result_rows(events, ORIGIN)
    assert row["decision"] == "CONTINUE"


def test_a_decision_that_follows_something_else_is_no_answer():
    events = [
        started(0, x=1), started(1, x=2), reported(0, 1.0, loss=1.0),
        Ended(at=2.0, trial=1, exit="ok", status=Status.COMPLETED), decided(0, "stop"),
        reported(0, 3.0, loss=1.0),
    ]  # fmt: skip
    rows = list(result_rows(events, ORIGIN))
    assert [(row["decision"], row["status"]) for row in rows] == [
        ("CONTINUE", "InProgress"), ("CONTINUE", "Stopping"),
    ]  # fmt: skip


def test_a_block_is_a_row_a_report():
    block = ReportedBlock(trial=0, at=np.array([1.0, 2.0]), metrics={"loss": [3.0, 4.0]})
    rows = list(result_rows([started(0, x=1), block, decided(0, "stop")], ORIGIN))
    assert [(r["st_tuner_time"], r["loss"], r["decision"]) for r in rows] == [
        (1.0, 3.0, "CONTINUE"), (2.0, 4.0, "STOP")
    ]  # fmt: skip


def test_rows_of_different_columns_leave_cells_empty(tmp_path):
    events = [
        started(0, x=1), reported(0, 1.0, loss=1.0), reported(0, 2.0, loss=2.0, extra='say "a,b"'),
        started(1, y=5), reported(1, 3.0, loss=3.0),
    ]  # fmt: skip
    first, second, third = read(write_results(tmp_path, events, ORIGIN))
    assert (first["extra"], second["extra"], third["extra"]) == ("", 'say "a,b"', "")
    assert (first["config_x"], first["config_y"]) == ("1", "")
    assert (third["config_x"], third["config_y"]) == ("", "5")
    assert not list(tmp_path.glob("*.tmp"))


def test_no_reports_make_a_file_with_a_heading(tmp_path):
    path = write_results(tmp_path, [started(0, x=1)], ORIGIN)
    assert path.name == "results.csv.zip"
    assert zipfile.ZipFile(path).read("results.csv") == b"trial_id\r\n"


def test_pandas_reads_the_file():
    pandas = pytest.importorskip("pandas")
    experiment = run()
    frame = pandas.read_csv(experiment.path / "results.csv.zip")
    assert frame["loss"].tolist() == [row["loss"] for row in experiment.rows()]
    assert frame["decision"].isin(["CONTINUE", "STOP", "PAUSE"]).all()
