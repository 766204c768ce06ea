"""The worked examples run, and their results are what their pages say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from synecore.report import retrieve

DIGITS = Path(__file__).parents[1] / "docs" / "examples" / "digits"


def train(*arguments: str) -> list[dict[str, object]]:
    """Return what train.py reports."""
    done = subprocess.run(
        [sys.executable, "-W", "error", DIGITS / "train.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return retrieve(done.stdout.splitlines())


def scores(reports: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return what does not depend on the clock or on how often a process was started."""
    return [{k: v for k, v in row.items() if not k.startswith("st_worker")} for row in reports]


def test_training_goes_on_from_its_checkpoint_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    folder = str(tmp_path / "checkpoints")
    whole = scores(train("--epochs", "3", "--batch_size", "128"))
    first = scores(train("--epochs", "1", "--batch_size", "128", "--st_checkpoint_dir", folder))
    rest = scores(train("--epochs", "3", "--batch_size", "128", "--st_checkpoint_dir", folder))
    assert first + rest == whole
    assert len(whole) == 3


@pytest.mark.slow
def test_the_demo_finds_a_good_network_and_shows_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, DIGITS / "demo.py", "30"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYNECORE_FOLDER": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    (experiment,) = tmp_path.iterdir()
    assert list(experiment.glob("*.png"))
    assert json.loads((experiment / "metadata.json").read_text())["entry_point_name"] == "train"
