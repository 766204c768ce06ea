from __future__ import annotations

import argparse
import math
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synecore.errors import OptionError
from synecore_local.entry_point import arguments_for, command_for


def written(path: Path, content: str | bytes, mode: int = 0o644) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def test_a_python_file_runs_under_this_interpreter_without_buffering(tmp_path: Path) -> None:
    script = written(tmp_path / "train.py", "#!/usr/bin/python2\n", 0o755)
    assert command_for(script) == (sys.executable, "-u", str(script))


@pytest.mark.parametrize("content", ["#!/bin/sh\ntrue\n", b"\x7fELF\0\0"])
def test_an_executable_runs_by_itself(tmp_path: Path, content: str | bytes) -> None:
    script = written(tmp_path / "train", content, 0o755)
    assert command_for(script) == (str(script),)


def test_an_executable_text_without_an_interpreter_line_runs_as_a_shell_would_run_it(
    tmp_path: Path,
) -> None:
    script = written(tmp_path / "train", "echo hello\n", 0o755)
    assert command_for(script) == ("/bin/sh", str(script))


def test_another_script_runs_under_the_interpreter_of_its_first_line(tmp_path: Path) -> None:
    script = written(tmp_path / "train.pl", "#!/usr/bin/env -S sh -e\r\ntrue\n")
    assert command_for(script) == ("/usr/bin/env", "-S sh -e", str(script))


def test_a_shell_script_needs_neither_line_nor_permission(tmp_path: Path) -> None:
    script = written(tmp_path / "train.sh", "true\n")
    assert command_for(script) == ("/bin/sh", str(script))


def test_a_missing_file_is_an_error_that_names_a_near_one(tmp_path: Path) -> None:
    written(tmp_path / "train.py", "")
    missing = tmp_path / "trian.py"
    with pytest.raises(OptionError) as error:
        command_for(missing)
    assert str(error.value) == (
        f"entry_point: there is no file {str(missing)!r}; did you mean 'train.py'? Give the path "
        "of the training script, absolute or from the current folder"
    )
    with pytest.raises(
        OptionError, match=r"there is no file '.*/nowhere/train\.py'\. Give the path"
    ):
        command_for(tmp_path / "nowhere" / "train.py")


def test_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OptionError) as error:
        command_for(tmp_path)
    assert str(error.value) == (
        f"entry_point {str(tmp_path)!r} is a folder; give the script in it, as in "
        f"{str(tmp_path / 'train.py')!r}"
    )


def test_what_cannot_be_run_is_an_error(tmp_path: Path) -> None:
    data = written(tmp_path / "notes.txt", "no script\n")
    with pytest.raises(OptionError) as error:
        command_for(data)
    assert str(error.value) == (
        f"entry_point {str(data)!r} is neither a Python file (.py) nor executable, and its first "
        "line names no interpreter; make it executable (chmod +x), or begin it with a line such as "
        "'#!/bin/sh'"
    )


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_an_interpreter_that_is_not_there_is_an_error(tmp_path: Path, mode: int) -> None:
    script = written(tmp_path / "train.jl", "#!/nowhere/julia\n", mode)
    with pytest.raises(OptionError) as error:
        command_for(script)
    assert str(error.value) == (
        f"entry_point {str(script)!r}: its first line names the interpreter '/nowhere/julia', "
        "which cannot be run on this machine; install it, or change the first line"
    )


def test_arguments_keep_the_order_and_the_text_of_values() -> None:
    config = {"lr": 1e-05, "n": 3, "flag": True, "off": False, "name": "a b", "empty": "", "x": 1.0}
    assert arguments_for(config) == [
        "--lr", "1e-05", "--n", "3", "--flag", "True", "--off", "False",
        "--name", "a b", "--empty", "", "--x", "1.0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "arguments"),
    [
        (-3, ["--x", "-3"]),
        (-0.5, ["--x", "-0.5"]),
        (-1e-05, ["--x", "-0.00001"]),
        (-1.5e22, ["--x", "-15000000000000000000000"]),
        (-math.inf, ["--x=-inf"]),
        ("-O2", ["--x=-O2"]),
        ("--fast", ["--x=--fast"]),
        (np.float64(0.25), ["--x", "0.25"]),
        (np.int64(7), ["--x", "7"]),
        (np.bool_(True), ["--x", "True"]),
    ],
)
def test_values_that_look_like_options_still_arrive(value: Any, arguments: list[str]) -> None:
    assert arguments_for({"x": value}) == arguments


@given(st.floats(allow_nan=False) | st.integers().map(float))
def test_argparse_reads_back_the_same_number(value: float) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--x", type=float)
    parser.add_argument("--other")
    assert parser.parse_args([*arguments_for({"x": value}), "--other", "1"]).x == value


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_argparse_reads_back_the_same_text(value: str) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--x")
    parser.add_argument("--other")
    assert parser.parse_args([*arguments_for({"x": value}), "--other", "1"]).x == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "None (NoneType)"),
        ([64, 32], "[64, 32] (list)"),
        ({"a": 1}, "{'a': 1} (dict)"),
        ("a\0b", r"'a\x00b' (str)"),
    ],
)
def test_other_values_are_refused_with_the_way_out(value: Any, shown: str) -> None:
    with pytest.raises(OptionError) as error:
        arguments_for({"lr": 0.1, "layers": value})
    assert str(error.value) == (
        f"the value of 'layers' is {shown}, which cannot be passed as a command-line argument; "
        "allowed are numbers, strings and truth values. With pass_args_as_json=True the script "
        "gets a JSON file instead"
    )


def test_a_binary_program_is_a_trial_too(tmp_path: Path) -> None:
    true = shutil.which("true")
    assert true is not None
    assert command_for(Path(true)) == (true,)
