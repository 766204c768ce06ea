"""The documented first example and both ask/tell examples run here as they stand there.

Their text is read from the documentation shared beside the checkout, never copied. Only lines that
import, and lines in which an object is constructed, are changed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from synecore import Experiment
from synecore.actions import Status

DOCUMENTATION = Path(__file__).parents[2] / "shared" / "reference" / "documented-system.txt"
LOSS = re.compile(r"'mean_loss': (?:np\.float64\()?(-?[\d.]+)")
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(
        not DOCUMENTATION.is_file(), reason="the documentation is not beside this checkout"
    ),
]

# Where a name is imported from.
HOMES = {
    r"^import dill$": "import cloudpickle as dill",  # comes with synecore-local
    r"^from syne_tune import Reporter$": "from synecore import Reporter",
    r"^from syne_tune import (Tuner.*)$": r"from synecore import \1",
    r"^from syne_tune\.backend import LocalBackend$": "from synecore import make_backend",
    r"^from syne_tune\.config_space import (.*)$": r"from synecore.space import \1",
    r"^from syne_tune\.optimizer\.baselines import .*BayesianOptimization$": (
        "from synecore.baselines import FIFOScheduler, RandomSearch"
    ),
    r"^from syne_tune\.optimizer\.baselines import (.*)$": r"from synecore.baselines import \1",
    r"^from syne_tune\.backend\.trial_status import Trial, Status, TrialResult$": (
        "from synecore import Trial, TrialResult"
    ),
    r"^from syne_tune\.backend\.trial_status import (.*)$": r"from synecore import \1",
    r"^from syne_tune\.optimizer\.scheduler import TrialScheduler$": (
        "from synecore import AskTell as AskTellScheduler"
    ),
    r"^from syne_tune\.optimizer\.scheduler import (.*)$": r"from synecore import \1",
    r"^from examples\.launch_ask_tell_scheduler import .*$": (
        "from synecore import AskTell as AskTellScheduler"
    ),
}
# How an object is constructed. Gaussian processes do not exist here yet: Sobol points instead.
CONSTRUCTORS = {
    r"LocalBackend\(": 'make_backend("local", ',
    r"base_scheduler=": "scheduler=",
    r"BayesianOptimization\(config_space,": 'FIFOScheduler(config_space, searcher="sobol",',
    r"StoppingCriterion\(max_wallclock_time=30\)": "StoppingCriterion(max_wallclock_time=15)",
}


def documented(file: str, first_line: str, end: str) -> str:
    """Return the text of a file in the documentation, from its first line up to what follows it."""
    text = DOCUMENTATION.read_text(encoding="utf-8")
    begin = text.index(f"{file}\n{first_line}") + len(file) + 1
    return text[begin : text.index(end, begin)]


def brought_here(text: str) -> str:
    """Return the text with imports and constructors changed.

    The examples define an ask/tell class of their own; here it comes with the package, so that its
    definition becomes an import too.
    """
    text = re.sub(r"(?ms)^class AskTellScheduler:.*?(?=^def )", "", text)
    lines = []
    for line in text.splitlines():
        changed = line
        for pattern, replacement in HOMES.items():
            changed, n = re.subn(pattern, replacement, changed)
            if n:
                break
        for pattern, replacement in CONSTRUCTORS.items():
            changed = re.sub(pattern, replacement, changed)
        if changed != line:
            assert "import " in line or "(" in line or "=" in line, line
        lines.append(changed)
    return "\n".join(lines) + "\n"


def run(script: Path, folder: Path) -> str:
    """Run a script in a folder of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, script], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "SYNECORE_FOLDER": str(folder / "experiments")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_example(tmp_path: Path) -> None:
    train = documented("train_height_simple.py", "import logging", "Once you have annotated")
    launch = documented("launch_height_simple.py", "from pathlib", "This example runs ASHA")
    folder = tmp_path / "training_scripts" / "height_example"
    folder.mkdir(parents=True)
    (folder / "train_height_simple.py").write_text(brought_here(train))
    (tmp_path / "launch.py").write_text(brought_here(launch))
    run(tmp_path / "launch.py", tmp_path)
    (path,) = (tmp_path / "experiments").iterdir()
    experiment = Experiment.open(path)
    assert path.name.startswith("train-height-simple-")
    table = experiment.table()
    stopped = table.trial("reached")[table.trial("status") == Status.STOPPED]
    assert table.n_trials > 10
    assert (stopped <= 9).mean() > 0.5
    assert experiment.best_config()["mean_loss"] < 3


def test_ask_and_tell(tmp_path: Path) -> None:
    last = 'print("GP:", tune_with_gp())'
    text = documented("examples/launch_ask_tell_scheduler.py", '"""', last) + last
    (tmp_path / "ask_tell.py").write_text(brought_here(text))
    out = run(tmp_path / "ask_tell.py", tmp_path)
    losses = [float(loss) for loss in LOSS.findall(out)]
    assert len(losses) == 3
    assert all(loss < 0 for loss in losses)


def test_ask_and_tell_with_hyperband(tmp_path: Path) -> None:
    text = documented(
        "examples/launch_ask_tell_scheduler_hyperband.py", '"""', "This is an extension of\nlaunch"
    )
    (tmp_path / "hyperband.py").write_text(brought_here(text))
    out = run(tmp_path / "hyperband.py", tmp_path)
    (loss,) = (float(loss) for loss in LOSS.findall(out))
    assert loss < 1.0  # of a noisy target between -0.3 and 2.9, whose steps add up to 1
