from __future__ import annotations

import csv
import io
import json
import math
import os
import zipfile
from pathlib import Path

import pytest

from synecore import Experiment

PNG = b"\x89PNG"


def test_list_shows_the_latest_last(study, synecore):
    study("one", n=0)
    study("two", n=0)
    code, out, _ = synecore("list")
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert lines[0] == ["name", "state", "scheduler", "metric", "created"]
    assert [line[:4] for line in lines[1:]] == [
        ["one", "ended", "asha", "loss"], ["two", "ended", "asha", "loss"]
    ]  # fmt: skip
    code, out, _ = synecore("list", "tw", "--json")
    assert [row["name"] for row in json.loads(out)] == ["two"]


def test_list_without_experiments(synecore):
    root = os.environ["SYNECORE_FOLDER"]
    assert synecore("list") == (0, f"no experiments in {root}\n", "")
    assert synecore("list", "--json") == (0, "[]\n", "")


@pytest.mark.parametrize("text", ["{", "[]", "\xff"])
def test_one_damaged_experiment_does_not_hide_the_others(text, study, synecore):
    tuner = study("good", n=0)
    damaged = tuner.tuner_path.parent / "damaged"
    damaged.mkdir()
    (damaged / "metadata.json").write_bytes(text.encode("latin-1"))
    code, out, _ = synecore("list", "--json")
    rows = {row["name"]: row["state"] for row in json.loads(out)}
    assert code == 0
    assert rows["good"] == "ended"
    assert f"{damaged / 'metadata.json'} cannot be read" in rows["damaged"]
    code, out, err = synecore("show", "damaged")
    assert (code, out) == (1, "")
    assert err.startswith(f"synecore: {damaged / 'metadata.json'} cannot be read: ")


@pytest.mark.parametrize("word", ["show", "status"])
def test_show_is_a_line_a_trial(word, study, synecore):
    tuner = study()
    code, out, _ = synecore(word, "study")
    first, summary, head, *rows = out.splitlines()
    assert code == 0
    assert first == f"study  (ended)  {tuner.tuner_path}"
    assert summary == tuner.tuning_status.summary()
    assert head.split() == ["trial_id", "status", "iter", "x", "epochs", "loss", "epoch"]
    assert len(rows) == tuner.tuning_status.num_trials_started
    for trial, row in enumerate(rows):
        expected = tuner.tuning_status.row(trial)
        cells = row.split()
        assert cells[:3] == [str(trial), expected["status"], str(expected["iter"])]
        assert float(cells[3]) == pytest.approx(expected["x"], rel=1e-5)


def test_show_as_json_has_metadata_and_trials(study, synecore):
    tuner = study()
    shown = json.loads(synecore("show", "study", "--json")[1])
    assert set(shown) == {"name", "path", "running", "seconds", "metadata", "trials"}
    assert (shown["running"], shown["seconds"]) == (False, tuner.tuning_status.wallclock_time)
    assert shown["metadata"] == Experiment.open("study").metadata
    status = tuner.tuning_status
    assert shown["trials"] == [status.row(t) for t in range(status.num_trials_started)]


def test_results_are_csv_or_json_of_every_report(study, synecore):
    study()
    rows = list(Experiment.open("study").rows())
    code, out, _ = synecore("results", "study")
    printed = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [float(row["loss"]) for row in printed] == [row["loss"] for row in rows]
    assert list(printed[0]) == list(rows[0])
    assert json.loads(synecore("results", "study", "--json")[1]) == rows


def test_numbers_that_json_lacks_are_null(study, synecore):
    study(n=1, evaluate=lambda c, r: {"loss": math.inf, "other": math.nan, "epoch": r})
    rows = json.loads(synecore("results", "study", "--json")[1])
    assert rows
    assert all(row["loss"] is None and row["other"] is None for row in rows)


def test_results_export_names_the_file(study, synecore):
    tuner = study()
    path = tuner.tuner_path / "results.csv.zip"
    before = zipfile.ZipFile(path).read("results.csv")
    path.unlink()
    assert synecore("results", "study", "--export") == (0, f"{path}\n", "")
    assert zipfile.ZipFile(path).read("results.csv") == before


def test_the_best_as_text_and_json(study, synecore):
    tuner = study()
    best = Experiment.open("study").best_config()
    for metric in ((), ("--metric", "loss"), ("--metric", "0")):
        code, out, err = synecore("results", "study", "--best", *metric)
        assert (code, err) == (0, "")
        assert out.splitlines()[:2] == [
            f"best loss: {best['loss']:.6g}  (trial {best['trial_id']})",
            f"  x={best['config_x']:.6g} epochs=9",
        ]
    found = json.loads(synecore("results", "study", "--best", "--json")[1])
    assert found == {"name": "study", "path": str(tuner.tuner_path), **best}


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("accuracy", "metric 'accuracy' is no objective of the experiment: loss"),
        ("3", "metric 3 is out of range; the objectives are loss"),
    ],
)
def test_the_best_of_an_unknown_metric(metric, message, study, synecore):
    study(n=0)
    words = ("results", "study", "--best", "--metric", metric)
    assert synecore(*words) == (2, "", f"synecore: {message}\n")


def test_no_best_yet_is_said_plainly(study, synecore):
    study(n=1, evaluate=lambda c, r: {"loss": math.nan, "epoch": r})
    message = "experiment 'study' has no finite, feasible value of 'loss' yet\n"
    assert synecore("results", "study", "--best") == (0, "", message)
    assert synecore("results", "study", "--best", "--json") == (0, "null\n", message)


@pytest.mark.parametrize("kind", ["best", "trials", "curves"])
def test_plots_are_pictures_in_the_folder_or_elsewhere(kind, study, synecore, tmp_path):
    tuner = study(n=3)
    own = tuner.tuner_path / f"{kind}.png"
    assert synecore("plot", "study", "--kind", kind) == (0, f"{own}\n", "")
    assert own.read_bytes().startswith(PNG)
    other = tmp_path / "mine.png"
    assert synecore("plot", "study", "--kind", kind, "-o", str(other)) == (0, f"{other}\n", "")
    assert other.read_bytes().startswith(PNG)


def test_an_experiment_is_found_by_its_path(study, synecore, tmp_path, monkeypatch):
    tuner = study(n=0)
    monkeypatch.chdir(tuner.tuner_path.parent)
    for name in (str(tuner.tuner_path), "./study", "stu"):
        assert synecore("show", name)[0] == 0
    study("student", n=0)
    assert synecore("show", "stu") == (
        1, "",
        "synecore: 'stu' could be any of 2 experiments: student, study; give more of it\n",
    )  # fmt: skip
    assert Path("study").is_dir()


def test_an_experiment_of_a_newer_format_is_refused(study, synecore):
    tuner = study(n=0)
    file = tuner.tuner_path / "metadata.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 99}))
    assert synecore("show", "study") == (
        1, "",
        "synecore: experiment 'study' has format 99, this synecore reads up to 1; update "
        "synecore\n",
    )  # fmt: skip
