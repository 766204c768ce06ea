from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synecore_local.warm import ahead
from synecore_local.warm.ahead import Arguments, Unfit, check, check_names


@pytest.mark.parametrize(
    "look",
    [
        lambda argv: argv[1:],
        lambda argv: argv[-1],
        len,
        list,
        lambda argv: "--x" in argv,
        lambda argv: argv.pop(),
        bool,
    ],
)
def test_a_look_at_the_arguments_is_noticed(look: Callable[[Any], object]) -> None:
    argv = Arguments(["train.py", "--x"])
    look(argv)
    assert argv.seen


def test_the_name_of_the_script_is_the_same_for_all_trials() -> None:
    argv = Arguments(["train.py", "--x"])
    assert argv[0] == "train.py"
    assert not argv.seen


def test_arguments_are_a_list_and_travel_as_one() -> None:
    argv = Arguments(["train.py"])
    argv[:] = ["train.py", "--x", "1"]
    assert argv == ["train.py", "--x", "1"]
    assert json.loads(json.dumps(argv)) == argv
    assert type(pickle.loads(pickle.dumps(argv))) is list


def test_a_device_in_use_is_unfit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path / "nvidia0"
    device.touch()
    monkeypatch.setattr(ahead, "_DEVICES", (str(tmp_path / "nvidia"),))
    monkeypatch.setattr(ahead, "_n_threads", lambda: 1)
    check()
    with device.open(), pytest.raises(Unfit, match="an imported module uses a GPU"):
        check()


@pytest.mark.parametrize(("after", "fit"), [(1, True), (2, False)])
def test_threads_that_end_before_a_fork_are_no_obstacle(
    monkeypatch: pytest.MonkeyPatch, after: int, fit: bool
) -> None:
    counts = [3, after]
    monkeypatch.setattr(ahead, "_n_threads", lambda: counts.pop(0))
    monkeypatch.setattr(ahead, "_fork_and_forget", lambda: None)
    if fit:
        check()
    else:
        with pytest.raises(Unfit, match="an imported module starts threads"):
            check()


@pytest.mark.parametrize("file", ["json.py", "json/__init__.py"])
def test_a_module_in_place_of_one_of_python_is_unfit(tmp_path: Path, file: str) -> None:
    check_names(["json", "socket"], str(tmp_path))
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()
    with pytest.raises(Unfit, match="has a module 'json' in place of Python's own"):
        check_names(["json", "socket"], str(tmp_path))


def printed_by(*statements: str) -> str:
    lines = ["from synecore_local.warm import ahead", *statements]
    command = [sys.executable, "-c", "; ".join(lines)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_report_is_imported_in_any_case_also_after_an_import_that_fails() -> None:
    assert printed_by(
        "import sys", "before = 'synecore.report' in sys.modules",
        "ahead.import_all([['import', 'no_such_module', []]])",
        "print(before, 'synecore.report' in sys.modules)",
    ) == "False True"  # fmt: skip


def test_the_first_parser_is_made_ahead_where_there_will_be_one() -> None:
    loaded = "print('argparse' in sys.modules, 'locale' in sys.modules)"
    assert printed_by("import sys", "ahead.make_a_parser()", loaded) == "False False"
    assert printed_by("import sys, argparse", "ahead.make_a_parser()", loaded) == "True True"
