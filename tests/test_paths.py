from __future__ import annotations

from pathlib import Path

import pytest

from synecore import paths
from synecore.errors import ExperimentError
from synecore.paths import experiment_path, experiments_root, find_experiment

STAMP = "-2022-01-12-11-08-40-97"


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNECORE_FOLDER", str(tmp_path))
    return tmp_path


def make(root: Path, name: str) -> Path:
    path = root / name
    path.mkdir(parents=True)
    (path / "metadata.json").write_text("{}")
    return path


def test_the_folder_comes_from_the_environment(root):
    assert experiments_root() == root
    assert experiment_path("a") == root / "a"


def test_the_documented_variable_is_honoured_too(tmp_path, monkeypatch):
    monkeypatch.delenv("SYNECORE_FOLDER", raising=False)
    monkeypatch.setenv("SYNETUNE_FOLDER", "~/x")
    assert experiments_root() == Path.home() / "x"


def test_home_is_the_default(monkeypatch):
    monkeypatch.delenv("SYNECORE_FOLDER", raising=False)
    monkeypatch.delenv("SYNETUNE_FOLDER", raising=False)
    assert experiments_root() == Path.home() / "synecore"


def test_an_argument_wins(root, tmp_path):
    assert experiment_path("a", tmp_path / "other") == tmp_path / "other" / "a"


def test_experiments_are_found_by_name_nested_name_and_path(root):
    one, nested = make(root, "one"), make(root, "study/run-0")
    assert find_experiment("one") == one
    assert find_experiment("study/run-0") == nested
    assert find_experiment(nested) == nested


def test_a_base_finds_the_latest(root):
    make(root, f"train{STAMP}1")
    latest = make(root, f"train{STAMP}2")
    assert find_experiment("train") == latest


def test_an_ambiguous_beginning_is_an_error_that_lists(root):
    make(root, f"train-a{STAMP}1")
    make(root, f"train-b{STAMP}1")
    with pytest.raises(ExperimentError, match=r"could be any of 2 experiments: train-a.*train-b"):
        find_experiment("train")


def test_a_missing_experiment_gets_a_hint(root):
    make(root, "digits")
    with pytest.raises(ExperimentError, match=r"no experiment 'digitz' in .*did you mean 'digits'"):
        find_experiment("digitz")


def test_a_sagemaker_job_has_a_place_of_its_own(tmp_path, monkeypatch):
    monkeypatch.delenv("SYNECORE_FOLDER", raising=False)
    monkeypatch.setattr(paths, "_SAGEMAKER_FOLDER", tmp_path / "checkpoints")
    assert paths.experiment_path("a") != tmp_path / "checkpoints" / "a"
    monkeypatch.setenv("TRAINING_JOB_NAME", "job")
    assert paths.experiment_path("a") == tmp_path / "checkpoints" / "a"
