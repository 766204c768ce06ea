from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import synecore
from synecore.checkpointing import (
    add_checkpointing_to_argparse,
    checkpoint_model_at_rung_level,
    resume_from_checkpointed_model,
)
from synecore.errors import OptionError


def test_the_argument_names_the_folder_of_checkpoints() -> None:
    parser = argparse.ArgumentParser()
    add_checkpointing_to_argparse(parser)
    assert parser.parse_args([]).st_checkpoint_dir is None
    assert parser.parse_args(["--st_checkpoint_dir", "a/b"]).st_checkpoint_dir == "a/b"


def test_without_a_folder_nothing_is_loaded_or_saved() -> None:
    def never(*_: Any) -> int:
        raise AssertionError

    for config in ({}, {"st_checkpoint_dir": None}, argparse.Namespace(epochs=3)):
        assert resume_from_checkpointed_model(config, never) == 0
        checkpoint_model_at_rung_level(config, never, 1)


def test_a_folder_counts_once_something_is_in_it(tmp_path: Path) -> None:
    loaded: list[str] = []
    config = {"st_checkpoint_dir": tmp_path / "checkpoints"}

    def load(folder: str) -> int:
        loaded.append(folder)
        return 4

    assert resume_from_checkpointed_model(config, load) == 0
    config["st_checkpoint_dir"].mkdir()
    assert resume_from_checkpointed_model(config, load) == 0
    (config["st_checkpoint_dir"] / "model").touch()
    assert loaded == []
    assert resume_from_checkpointed_model(config, load) == 4
    assert loaded == [str(tmp_path / "checkpoints")]


def test_a_save_function_finds_the_folder_made(tmp_path: Path) -> None:
    def save(folder: str, resource: int) -> None:
        Path(folder, "epoch").write_text(str(resource))

    folder = tmp_path / "7" / "checkpoints"
    checkpoint_model_at_rung_level(argparse.Namespace(st_checkpoint_dir=str(folder)), save, 3)
    assert (folder / "epoch").read_text() == "3"


@pytest.mark.parametrize("returned", [None, -1, 2.5, True, "3"])
def test_a_load_function_returns_the_resource(tmp_path: Path, returned: Any) -> None:
    (tmp_path / "model").touch()
    with pytest.raises(OptionError, match=r"load_model_fn has to return the resource .* returned"):
        resume_from_checkpointed_model({"st_checkpoint_dir": str(tmp_path)}, lambda _: returned)


def test_the_helpers_are_offered_by_the_package_too() -> None:
    from synecore import checkpointing, script_config

    for module in (checkpointing, script_config):
        for name in module.__all__:
            if name != "ScriptConfig":
                assert getattr(synecore, name) is getattr(module, name)


def test_a_script_pays_for_the_standard_library_alone() -> None:
    source = (
        "import sys, argparse; before = set(sys.modules)\n"
        "import synecore.checkpointing, synecore.script_config\n"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert "synecore" in loaded
    assert loaded - sys.stdlib_module_names == {"synecore"}
    assert not loaded & {"typing", "inspect", "logging", "pickle", "zipfile"}
