from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from synecore import make_backend
from synecore.errors import OptionError
from synecore.options import build, describe, to_json
from synecore_local.backend import LocalBackend
from synecore_local.in_process.backend import InProcessBackend
from synecore_local.options import FunctionOptions, LocalOptions

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text("")
    return path


def test_the_backend_is_made_by_name(script: Path) -> None:
    backend = make_backend("local", entry_point=str(script), stop_grace=0.5)
    assert isinstance(backend, LocalBackend)
    assert backend.entrypoint_path() == script
    assert backend.options.stop_grace == 0.5


@pytest.mark.parametrize(("in_process", "kind"), [(False, LocalBackend), (True, InProcessBackend)])
def test_a_function_runs_where_it_is_wished(in_process: bool, kind: type) -> None:
    assert isinstance(
        make_backend("python", tune_function=lambda x: x, in_process=in_process), kind
    )


def test_calls_in_the_tuners_process_need_nothing_that_processes_need() -> None:
    code = (
        "import sys; from synecore import make_backend; "
        "make_backend('python', tune_function=lambda x: x, in_process=True); "
        "sys.exit(bool({'cloudpickle', 'synecore_local.backend'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_options_survive_json(script: Path) -> None:
    options = LocalOptions(entry_point=script, threads_per_trial=2, wake_up="polling")
    assert build(LocalOptions, to_json(options), "backend 'local'") == options


def test_a_missing_script_is_an_error_of_the_call(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"there is no file '.*/train\.py'\. Give the path"):
        make_backend("local", entry_point=tmp_path / "train.py")


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("stop_grace", -1.0, "'stop_grace' must be >= 0.0: -1.0"),
        ("threads_per_trial", 0, "'threads_per_trial' must be >= 1: 0"),
        ("wake_up", "poling", "'wake_up' must be 'auto' or 'polling': 'poling'"),
        ("pass_args_as_json", 3, "'pass_args_as_json' must be true or false: 3"),
        ("entry_point", 3, "'entry_point' must be a path: 3"),
        ("stop_grase", 1.0, "unknown option 'stop_grase', did you mean 'stop_grace'?"),
        ("script", "x", "unknown option 'script', did you mean 'entry_point'?"),
    ],
)
def test_wrong_options_are_explained(script: Path, option: str, value: object, text: str) -> None:
    with pytest.raises(OptionError, match=re.escape(f"backend 'local': {text}")):
        make_backend("local", **{"entry_point": script, option: value})


def test_the_readme_lists_the_options_with_their_defaults() -> None:
    cells = re.findall(r"^\| `(\w+)` \| (`\S+`|\(needed\)) \|", README.read_text(), re.MULTILINE)
    shown = [(name, default.strip("`").replace('"', "'")) for name, default in cells]
    local, python = (
        [(row.name, row.default or "(needed)") for row in describe(options)]
        for options in (LocalOptions, FunctionOptions)
    )
    assert shown == [*local, *python[:2]]
    assert python[2:] == local[2:], "the page says that the others are those of `local`"
