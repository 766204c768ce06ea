from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from synecore import Experiment, Tuner, make_scheduler
from synecore.errors import ExperimentError, OptionError, UnknownComponentError
from synecore.space import uniform
from synecore.testing import InlineBackend
from synecore.tuning.experiment import create, open_store, write_metadata
from synecore.tuning.stopping import StoppingCriterion


def run(name="study", *, n=4, evaluate=None, mode="min", **settings):
    scheduler = make_scheduler(
        "asha", {"x": uniform(0, 1), "epochs": 9}, metric="loss", mode=mode,
        resource_attr="epoch", max_resource_attr="epochs", random_seed=3,
    )  # fmt: skip
    evaluate = evaluate or (lambda c, r: {"loss": c["x"] + 1 / r, "epoch": r})
    tuner = Tuner(
        InlineBackend(evaluate), scheduler, StoppingCriterion(max_num_trials_finished=n), 2,
        tuner_name=name, suffix_tuner_name=False, display="none", **settings,
    )  # fmt: skip
    tuner.run()
    return tuner


def test_an_experiment_is_found_by_name_path_and_beginning(tmp_path):
    tuner = run()
    for name in ("study", "stu", tuner.tuner_path, str(tuner.tuner_path)):
        experiment = Experiment.open(name)
        assert (experiment.name, experiment.path) == ("study", tuner.tuner_path)
    assert Experiment.open("study", tuner.tuner_path.parent).name == "study"
    with pytest.raises(ExperimentError, match="no experiment 'study' in"):
        Experiment.open("study", tmp_path)


def test_a_missing_experiment_has_a_hint():
    root = run().tuner_path.parent
    with pytest.raises(ExperimentError) as error:
        Experiment.open("stduy")
    assert str(error.value) == (
        f"no experiment 'stduy' in {root}; did you mean 'study'?; `synecore list` shows what is "
        "there, SYNECORE_FOLDER where it looks"
    )


def test_what_was_stored_is_what_was_seen():
    tuner = run()
    experiment = Experiment.open("study")
    status = experiment.status()
    assert status.wallclock_time == tuner.tuning_status.wallclock_time
    assert [status.row(t) for t in range(status.num_trials_started)] == [
        tuner.tuning_status.row(t) for t in range(tuner.tuning_status.num_trials_started)
    ]
    assert experiment.table().configs == tuner.tuning_status.table.configs
    assert experiment.trial_path(3) == experiment.path / "3"


@pytest.mark.parametrize(("mode", "pick"), [("min", min), ("max", max)])
def test_the_best_is_that_of_all_reports(mode, pick):
    run(mode=mode)
    experiment = Experiment.open("study")
    rows = list(experiment.rows())
    row = pick(rows, key=lambda row: row["loss"])
    best = {k: row[k] for k in ("trial_id", "loss", "config_x", "config_epochs")}
    assert experiment.best_config() == experiment.best_config("loss") == best


def test_an_unknown_metric_is_named():
    run(n=0)
    experiment = Experiment.open("study")
    with pytest.raises(OptionError) as error:
        experiment.best_config("los")
    assert str(error.value) == "metric 'los' is no objective of the experiment: loss"
    for index in (1, -1):
        with pytest.raises(OptionError) as error:
            experiment.best_config(index)
        assert str(error.value) == f"metric {index} is out of range; the objectives are loss"


def test_without_a_finite_value_there_is_no_best():
    tuner = run(n=1, evaluate=lambda c, r: {"loss": math.inf, "epoch": r})
    with pytest.raises(ExperimentError) as error:
        Experiment.open("study").best_config()
    assert str(error.value) == "experiment 'study' has no finite, feasible value of 'loss' yet"
    with pytest.raises(ExperimentError) as error:
        tuner.best_config()
    assert str(error.value) == "no trial has reported a finite, feasible 'loss' yet"


def test_nothing_is_written_over():
    tuner = run()
    with pytest.raises(ExperimentError) as error:
        run()
    assert str(error.value) == (
        f"experiment 'study' exists already in {tuner.tuner_path}; resume it (`synecore resume "
        "study`), choose another tuner_name, or leave suffix_tuner_name=True"
    )


def test_a_newer_format_is_refused():
    file = run().tuner_path / "metadata.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 2}))
    with pytest.raises(ExperimentError) as error:
        Experiment.open("study")
    assert str(error.value) == (
        "experiment 'study' has format 2, this synecore reads up to 1; update synecore"
    )


@pytest.mark.parametrize("text", ["{", "[]", '"text"', "\xff"])
def test_damaged_metadata_is_named(text):
    file = run().tuner_path / "metadata.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ExperimentError) as error:
        Experiment.open("study")
    assert str(error.value).startswith(f"{file} cannot be read: ")


def test_a_place_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExperimentError) as error:
        create("study", {}, tmp_path / "file" / "study")
    assert str(error.value) == (
        f"cannot make the experiment's folder {tmp_path / 'file' / 'study'}: Not a directory; "
        "choose another place with SYNECORE_FOLDER"
    )


def test_metadata_replaces_the_file_whole_or_not_at_all(tmp_path):
    experiment = create("study", {"a": 1}, tmp_path / "study")
    with pytest.raises(OptionError, match="metadata must consist of JSON values"):
        write_metadata(Experiment(experiment.path, {"a": object()}))
    assert json.loads((experiment.path / "metadata.json").read_text())["a"] == 1


def test_an_unknown_store_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(UnknownComponentError, match="no store named 'sqllite'; did you mean 'sql"):
        run(store="sqllite")
    with pytest.raises(OptionError, match="snyc"):
        run(store={"name": "jsonl", "snyc": "none"})
    assert list(Path(os.environ["SYNECORE_FOLDER"]).iterdir()) == []


def test_reading_while_another_reads():
    experiment = run().run()
    first, second = experiment.store(), open_store({"name": "jsonl"}, experiment.path, "r")
    assert len(list(first.events())) == len(list(second.events()))
    first.close()
    second.close()


@pytest.mark.parametrize("words", [("show", "study"), ("results", "study"), ("why", "study", "1"),
                                   ("results", "study", "--best"), ("list",)])  # fmt: skip
def test_an_experiment_is_readable_when_its_plugins_are_gone(words):
    run(n=3)
    here = {**os.environ, "SYNECORE_DISABLE": "synecore-asha,synecore-basic"}
    outputs = []
    for environment in (os.environ, here):
        done = subprocess.run(
            [sys.executable, "-m", "synecore", *words], env=environment, capture_output=True,
            text=True, check=True,
        )  # fmt: skip
        outputs.append((done.stdout, done.stderr))
    assert outputs[0] == outputs[1]
    assert outputs[0][0]


def test_going_on_needs_the_plugin(monkeypatch):
    run(n=1)
    environment = {**os.environ, "SYNECORE_DISABLE": "synecore-asha"}
    done = subprocess.run(
        [sys.executable, "-m", "synecore", "resume", "study"], env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("synecore: ")
    assert "SYNECORE_DISABLE" in done.stderr
    assert "Traceback" not in done.stderr
