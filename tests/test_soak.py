"""The soak runs on fewer trials, and notices what is wrong."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SOAK = Path(__file__).parents[1] / "benchmarks" / "soak.py"
GOOD = {
    "trials": 100, "without_end": 0, "reports_made": 50, "reports_perhaps_made": 2,
    "reports_recorded": 51, "reports_lost": 0, "reports_invented": 0, "reports_doubled": 0,
    "memory_growth": 0.5, "left_processes": 0, "left_descriptors": 0, "left_threads": 0,
    "left_children": 0, "left_files": [],
}  # fmt: skip


@pytest.fixture
def soak() -> ModuleType:
    spec = importlib.util.spec_from_file_location("soak", SOAK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("without_end", 1),
        ("reports_lost", 1),
        ("reports_invented", 1),
        ("reports_doubled", 1),
        ("reports_recorded", 49),
        ("reports_recorded", 53),
        ("memory_growth", 20.0),
        ("left_processes", 1),
        ("left_descriptors", 2),
        ("left_files", ["3/checkpoints"]),
    ],
)
def test_each_figure_that_is_wrong_is_named(soak: ModuleType, name: str, value: Any) -> None:
    assert soak.wrong(GOOD) == []
    assert soak.wrong({**GOOD, name: value}) == [name]


def test_the_books_of_trials_are_compared_with_the_record(soak: ModuleType, tmp_path: Path) -> None:
    class Record:
        def events(self) -> list[Any]:
            return [
                soak.Reported(at=0.0, trial=0, metrics={"token": token})
                for token in ("0-0-0", "0-0-1", "0-0-1", "9-9-9")
            ]

    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "0").write_text("begun 0-0-0\nmade 0-0-0\nbegun 0-0-1\n")
    (tmp_path / "0" / "1").write_text("begun 0-1-0\nmade 0-1-0\n")
    assert soak.accounts(Record(), tmp_path) == {
        "processes": 2,
        "reports_made": 2,  # 0-0-0 and 0-1-0
        "reports_perhaps_made": 1,  # 0-0-1
        "reports_recorded": 4,
        "reports_lost": 1,  # 0-1-0
        "reports_invented": 1,  # 9-9-9
        "reports_doubled": 1,  # 0-0-1
    }


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--warm"]], ids=["cold", "warm"])
def test_hundreds_of_troubled_trials_leave_nothing_behind(options: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, SOAK, "--trials", "300", *options],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["trials"] >= 300
    for name in ("completed", "stopped", "paused", "failed", "resumed", "retried"):
        assert figures[name] > 0
    assert figures["reports_recorded"] > 300
