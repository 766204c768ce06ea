from __future__ import annotations

import json
import logging
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synecore import StoppingCriterion, Tuner, load_experiment, make_scheduler
from synecore.errors import ExperimentError
from synecore.space import randint
from synecore.testing.fakes import InlineBackend
from synecore.tuning.experiment import Experiment
from synecore_analysis import as_result, get_metadata, list_experiments, load_experiments_df


def test_finds_an_experiment_by_name_beginning_path_and_study(
    asha: Any, write: Any, tmp_path: Path
) -> None:
    folder = write(asha, "a-study/a-run-2024-01-01-00-00-00-000")
    for given in (
        {"tuner_name": "a-study/a-run-2024-01-01-00-00-00-000", "local_path": tmp_path},
        {"tuner_name": "a-study/a-run", "local_path": str(tmp_path)},
        {"tuner_name": "a-run-2024-01-01-00-00-00-000", "local_path": tmp_path / "a-study"},
        {
            "tuner_name": "a-run-2024-01-01-00-00-00-000",
            "local_path": tmp_path,
            "experiment_name": "a-study",
        },
        {"tuner_name": folder},
    ):
        name = given.pop("tuner_name")
        result = load_experiment(name, **given)
        assert result.path == folder
        assert len(result.results) == 6
        assert result.tuner is None


def test_an_experiment_that_is_not_there_is_named_with_where_it_was_looked_for(
    asha: Any, write: Any, tmp_path: Path
) -> None:
    write(asha)
    with pytest.raises(ExperimentError) as raised:
        load_experiment("b-run", local_path=tmp_path)
    assert f"no experiment 'b-run' in {tmp_path}; did you mean 'a-run'?" in str(raised.value)


def test_trials_come_with_what_became_of_them(asha: Any, write: Any) -> None:
    trials = load_experiment(write(asha)).trials
    assert trials["status"].tolist() == ["Stopped", "Completed", "Paused"]
    assert trials["ended"].tolist() == [1.0, 6.0, 3.0]
    assert trials["config_act"].tolist() == ["relu", "relu", "tanh"]


def test_the_export_is_read_where_the_journals_store_is_missing(
    asha: Any, write: Any, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write(asha)
    expected = load_experiment(folder)
    Experiment.open(folder).export()
    metadata = json.loads((folder / "metadata.json").read_text())
    metadata["store"] = {"name": "somebodys-store"}
    (folder / "metadata.json").write_text(json.dumps(metadata))
    result = load_experiment(folder)
    assert result.best_config() == expected.best_config()
    assert result.trials["status"].tolist() == expected.trials["status"].tolist()
    assert "somebodys-store" in caplog.text
    assert "which may be older" in caplog.text


def test_without_journal_and_export_there_is_one_clear_message(asha: Any, write: Any) -> None:
    folder = write(asha)
    (folder / "journal.jsonl").unlink()
    with pytest.raises(ExperimentError) as raised:
        load_experiment(folder)
    text = str(raised.value)
    assert text.startswith("the results of experiment 'a-run' cannot be read: ")
    assert text.endswith("has no results.csv.zip to read instead")


def test_a_damaged_export_is_named(asha: Any, write: Any) -> None:
    folder = write(asha)
    (folder / "journal.jsonl").unlink()
    (folder / "results.csv.zip").write_bytes(b"no archive")
    with pytest.raises(ExperimentError, match=r"results\.csv\.zip cannot be read: "):
        load_experiment(folder)


def test_reads_a_folder_of_the_documented_system(tmp_path: Path) -> None:
    folder = tmp_path / "old-run"
    folder.mkdir()
    (folder / "metadata.json").write_text(
        json.dumps(
            {
                "metric_names": ["mean_loss"], "metric_mode": "min", "entrypoint": "train_height",
                "backend": "LocalBackend", "scheduler_name": "FIFOScheduler",
                "st_tuner_creation_timestamp": 1_650_000_000.0,
            }
        )
    )  # fmt: skip
    with zipfile.ZipFile(folder / "results.csv.zip", "w") as archive:
        archive.writestr(
            "results.csv",
            "trial_id,config_width,mean_loss,st_tuner_time,decision,status\n"
            "0,3,2.5,1.0,CONTINUE,InProgress\n1,7,0.5,2.0,CONTINUE,InProgress\n",
        )
    result = load_experiment(folder)
    assert result.name == "old-run"
    assert result.best_config() == {"trial_id": 1, "mean_loss": 0.5, "config_width": 7}
    assert result.entrypoint_name() == "train_height"
    assert result.metric_mode() == "min"


def test_a_folder_with_metadata_alone_has_no_results(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "metadata.json").write_text("{}")
    with pytest.raises(ExperimentError, match="neither a journal nor results"):
        load_experiment(tmp_path / "empty")


def test_results_are_taken_as_they_are(asha: Any, write: Any) -> None:
    result = load_experiment(write(asha))
    assert as_result(result) is result
    assert as_result(Experiment.open(result.path)).name == "a-run"


# ---- the tuner ---------------------------------------------------------------------------


@pytest.fixture
def real_run() -> Tuner:
    scheduler = make_scheduler(
        "fifo", {"width": randint(1, 20)}, metric="loss", searcher="random", random_seed=0
    )
    backend = InlineBackend(lambda config, report: {"loss": 1.0 / config["width"]})
    tuner = Tuner(
        backend, scheduler, StoppingCriterion(max_num_trials_started=3), display="none",
        tuner_name="real", suffix_tuner_name=False, save_tuner=False,
    )  # fmt: skip
    tuner.run()
    return tuner


def test_a_tuner_that_cannot_be_built_again_is_left_out_with_a_warning(
    real_run: Tuner, caplog: pytest.LogCaptureFixture
) -> None:
    result = load_experiment("real", load_tuner=True)
    assert result.tuner is None
    assert "no tuner for experiment 'real': " in caplog.text
    assert "trial_backend=" in caplog.text
    assert (len(result.trials), len(result.results)) == (4, 3)


def test_the_tuner_comes_along_where_it_can_be_built_again(
    real_run: Tuner, monkeypatch: pytest.MonkeyPatch
) -> None:
    resume = Tuner.resume
    backend = InlineBackend(lambda config, report: {"loss": 1.0 / config["width"]})
    monkeypatch.setattr(Tuner, "resume", lambda name: resume(name, trial_backend=backend))
    result = load_experiment("real", load_tuner=True)
    assert isinstance(result.tuner, Tuner)
    result.tuner.stop_criterion = StoppingCriterion(max_num_trials_started=6)
    result.tuner.run()
    assert len(load_experiment("real").trials) == 7


# ---- many experiments --------------------------------------------------------------------


@pytest.fixture
def study(asha: Any, write: Any, tmp_path: Path) -> Path:
    """Three experiments, one of them in a folder of its own, and one that is damaged."""
    write(asha, "first", st_tuner_creation_timestamp=1000.0, seed=1)
    write(asha, "deeper/second", st_tuner_creation_timestamp=2000.0, seed=2)
    write(asha, "third", st_tuner_creation_timestamp=3000.0, seed=3)
    (write(asha, "broken") / "metadata.json").write_text("{")
    return tmp_path


def test_metadata_of_all_experiments_by_name(study: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = get_metadata(root=study)
    assert {name: metadata["seed"] for name, metadata in found.items()} == {
        "first": 1, "deeper/second": 2, "third": 3,
    }  # fmt: skip
    assert "experiment 'broken' is left out" in caplog.text


def test_a_filter_on_paths_is_asked_before_anything_is_read(
    study: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = get_metadata(lambda path: Path(path).name != "broken" and "ir" in path, study)
    assert list(found) == ["first", "third"]
    assert caplog.text == ""


def test_experiments_are_listed_the_latest_first(study: Path) -> None:
    assert [r.name for r in list_experiments(root=study)] == ["third", "second", "first"]
    chosen = list_experiments(experiment_filter=lambda r: r.metadata["seed"] > 1, root=study)
    assert [r.name for r in chosen] == ["third", "second"]


def test_the_default_root_is_where_experiments_are_kept(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNECORE_FOLDER", str(study))
    assert len(list_experiments()) == 3


def test_one_frame_holds_all_reports_and_says_whose_they_are(study: Path) -> None:
    frame = load_experiments_df(root=study)
    assert len(frame) == 18
    assert frame["tuner_name"].unique().tolist() == ["first", "second", "third"]
    assert frame.groupby("seed")["loss"].min().to_dict() == {1: 0.1, 2: 0.1, 3: 0.1}
    assert frame["scheduler_name"].unique().tolist() == ["asha"]
    assert frame["metric_names"].unique().tolist() == ["loss"]
    assert frame.index.tolist() == list(range(18))


def test_lists_in_metadata_become_a_column_an_item(asha: Any, write: Any, tmp_path: Path) -> None:
    write(asha, tags_of_mine=["a", "b"], nested={"a": 1})
    frame = load_experiments_df(root=tmp_path)
    assert frame["tags_of_mine-0"].unique().tolist() == ["a"]
    assert frame["tags_of_mine-1"].unique().tolist() == ["b"]
    assert "nested" not in frame


def test_no_experiments_give_an_empty_frame(tmp_path: Path) -> None:
    frame = load_experiments_df(root=tmp_path)
    assert frame.empty
    assert "trial_id" in frame


def test_an_experiment_that_cannot_be_read_is_left_out(
    study: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (study / "third" / "journal.jsonl").unlink()
    with caplog.at_level(logging.WARNING):
        assert [r.name for r in list_experiments(root=study)] == ["second", "first"]
    assert "experiment 'third' is left out" in caplog.text


def test_a_copied_folder_is_read_in_its_new_place(asha: Any, write: Any, tmp_path: Path) -> None:
    shutil.move(write(asha), tmp_path / "moved")
    result = load_experiment(tmp_path / "moved")
    assert result.path == tmp_path / "moved"
    assert np.isclose(result.best_value(), 0.1)
