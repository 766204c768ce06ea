"""Signals, a second tuner, and commands from another terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from synecore.actions import Decided, Started, Status
from synecore.tuning.experiment import Experiment

TRAIN = """
import argparse, time
from synecore import Reporter
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
args, _ = parser.parse_known_args()
report = Reporter()
for epoch in range(1, 1000):
    report(epoch=epoch, loss=args.x)
    time.sleep(0.05)
"""


@pytest.fixture
def running(tmp_path):
    """A tuner in a process of its own, after its first reports."""
    (tmp_path / "train.py").write_text(TRAIN)
    root = tmp_path / "root"
    environment = {**os.environ, "SYNECORE_FOLDER": str(root)}

    def synecore(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "synecore", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, **options)

    command = [
        sys.executable, "-m", "synecore", "tune", str(tmp_path / "train.py"), "--param",
        "x=uniform(0,1)", "--metric", "loss", "--method", "random", "--resource-attr", "epoch",
        "--max-t", "1000", "--workers", "2", "--seed", "0", "--name", "run", "--exact-name",
        "--max-wallclock-time", "120", "--display", "plain",
    ]  # fmt: skip
    with open(tmp_path / "errors", "w") as errors:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        begun = (root / "run" / "journal.jsonl").exists()
        if begun and Experiment.open("run", root).status().overall_metric_statistics.count >= 4:
            break
        time.sleep(0.05)
    yield process, root, synecore, tmp_path / "errors"
    if process.poll() is None:
        process.kill()
    process.communicate()


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_ends_gracefully_and_says_how_to_go_on(running, signum, code):
    process, root, synecore, errors = running
    process.send_signal(signum)
    assert process.wait(15) == code
    assert "synecore resume run" in errors.read_text()
    before = Experiment.open("run", root).table()
    assert before.n_busy == 2  # they are kept on record, to be taken up again
    assert (root / "run" / "results.csv.zip").exists()
    assert list((root / "run").glob("snapshot-*"))

    done = synecore("resume", "run", "--max-wallclock-time", "3", "--json", "--display", "none")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["trial_id"] in (0, 1)
    after = Experiment.open("run", root).table()
    assert after.n_busy == 0
    assert after.n_obs > before.n_obs
    assert after.n_trials == 2  # the same trials went on
    assert after.trial("attempt").tolist() == [1, 1]
    assert after.trial("failures").tolist() == [0, 0]  # an interruption is no failure


def test_a_second_tuner_on_the_folder_is_refused(running):
    process, _, synecore, _ = running
    refused = synecore("resume", "run")
    assert refused.returncode == 1
    assert f"is being written by process {process.pid}" in refused.stderr


def test_commands_from_another_terminal(running):
    process, root, synecore, _ = running
    shown = synecore("show", "run", "--json")
    assert json.loads(shown.stdout)["running"] is True

    added = synecore("add", "run", '{"x": 0.125}')
    assert (added.returncode, added.stdout) == (0, "queued {'x': 0.125}\n")
    stopped = synecore("stop", "run", "--trial", "1")
    assert (stopped.returncode, stopped.stdout) == (0, "trial 1 stops\n")
    unknown = synecore("stop", "run", "--trial", "77")
    assert unknown.returncode == 1
    assert "there is no trial 77" in unknown.stderr
    wrong = synecore("add", "run", '{"y": 1}')
    assert wrong.returncode == 1
    assert "y" in wrong.stderr

    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and Experiment.open("run", root).table().n_trials < 3:
        time.sleep(0.1)
    events = list(Experiment.open("run", root).events())
    third = next(e for e in events if isinstance(e, Started) and e.trial == 2)
    assert third.config == {"x": 0.125}
    assert third.why == {"source": "points_to_evaluate"}
    decided = next(e for e in events if isinstance(e, Decided) and e.trial == 1)
    assert (decided.action, decided.by) == ("stop", "user")

    assert synecore("stop", "run").stdout == "stopping\n"
    assert process.wait(15) == 0
    table = Experiment.open("run", root).table()
    assert table.n_busy == 0
    assert table.status(1) is Status.STOPPED


def test_the_lock_of_a_killed_tuner_is_taken_over(running):
    process, root, synecore, _ = running
    process.kill()
    process.wait()
    assert Path(root / "run" / "tuner.lock").exists()
    done = synecore("resume", "run", "--max-wallclock-time", "2", "--display", "none")
    assert done.returncode == 0, done.stderr
    assert not Path(root / "run" / "tuner.lock").exists()
