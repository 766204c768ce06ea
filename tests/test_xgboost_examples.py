"""The XGBoost examples run, and what they say of the best model is true."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from synecore import Experiment
from synecore.actions import Resumed
from synecore.report import retrieve

pytestmark = pytest.mark.heavy

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples" / "xgboost"
CELL = re.compile(r"^# %%.*$", re.MULTILINE)
ENDS_AFTER = "max_wallclock_time=30"
# As a notebook does: one cell after the other, in one namespace, without a file.
NOTEBOOK = """
import json, sys
for cell in json.load(sys.stdin):
    exec(compile(cell, "<cell>", "exec"), globals())
"""


def run(*words: object, text: str = "") -> str:
    done = subprocess.run(
        [sys.executable, *map(str, words)], input=text, capture_output=True, text=True, check=False,
        env={**os.environ, "MPLBACKEND": "agg"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def the_experiment() -> Experiment:
    """Return the one experiment that there is."""
    (path,) = Path(os.environ["SYNECORE_FOLDER"]).iterdir()
    return Experiment.open(path)


def test_the_notebook_runs_cell_by_cell_and_plots() -> None:
    source = (EXAMPLES / "notebook.py").read_text()
    assert source.count(ENDS_AFTER) == 1
    cells = CELL.split(source.replace(ENDS_AFTER, "max_num_trials_finished=3"))
    out = run("-c", NOTEBOOK, text=json.dumps(cells))
    experiment = the_experiment()
    best = experiment.best_config()
    assert f"best result found: {best}" in out
    assert best["accuracy"] == max(row["accuracy"] for row in experiment.rows())
    assert 0.5 < best["accuracy"] <= 1.0
    assert experiment.status().num_trials_failed == 0
    assert str(experiment.path / "accuracy.png") in out
    assert (experiment.path / "accuracy.png").read_bytes().startswith(b"\x89PNG")


def test_the_best_model_is_found_and_is_what_was_reported() -> None:
    import xgboost
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    out = run(EXAMPLES / "launch_checkpoint.py", 25)
    experiment = the_experiment()
    table = experiment.table()
    assert any(isinstance(event, Resumed) for event in experiment.events())
    assert not table.obs("repeat").any()  # resumed trials went on from their models

    folder = experiment.checkpoint_path()
    assert f"its model is in {folder}: ['model.json']" in out
    trial = experiment.best_config()["trial_id"]
    assert folder == experiment.path / str(trial) / "checkpoints"
    model = xgboost.XGBClassifier()
    model.load_model(folder / "model.json")
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
    _, X_val, _, y_val = train_test_split(X, y, test_size=0.25, random_state=42)
    said = re.search(r"accuracy on the test images: ([\d.]+)", out)
    assert said is not None
    assert float(said[1]) == pytest.approx((model.predict(X_test) == y_test).mean(), abs=1e-3)
    last = retrieve((folder.parent / "std.out").read_text().splitlines())[-1]
    reported = model.get_booster()[: last["round"]]  # the model may be a round ahead of its reports
    wrong = reported.predict(xgboost.DMatrix(X_val)) != y_val
    assert wrong.mean() == pytest.approx(last["merror"])


def test_the_training_script_runs_alone_and_goes_on(tmp_path: Path) -> None:
    script = EXAMPLES / "train_digits.py"
    whole = run(script, "--n_estimators", 4)
    first = run(script, "--n_estimators", 2, "--st_checkpoint_dir", tmp_path / "model")
    rest = run(script, "--n_estimators", 4, "--st_checkpoint_dir", tmp_path / "model")
    expected = [(row["round"], row["merror"]) for row in retrieve(whole.splitlines())]
    assert [n for n, _ in expected] == [1, 2, 3, 4]
    assert [(row["round"], row["merror"]) for row in retrieve((first + rest).splitlines())] == (
        expected
    )
