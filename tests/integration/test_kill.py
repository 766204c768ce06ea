"""kill -9 of a real tuner process at random moments, then resume."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from synecore.actions import Asked, Ended, Reported, Started, Status
from synecore.trials import columns
from synecore.tuning.experiment import Experiment

LAUNCH = """
import sys, time
from synecore import StoppingCriterion, Tuner, make_scheduler
from synecore.space import choice, loguniform, uniform
from synecore.testing import InlineBackend

SPACE = {"lr": loguniform(1e-4, 1), "momentum": uniform(0, 1), "act": choice(["a", "b", "c"])}
if sys.argv[3] == "attr":
    SPACE["epochs"] = 9

def evaluate(config, epoch):
    time.sleep(float(sys.argv[4]))  # so that a signal finds the tuner at work
    return {"epoch": epoch, "loss": (config["lr"] - 0.1) ** 2 + config["momentum"] / epoch}

backend = InlineBackend(evaluate, n_reports=9, late_reports=1)
if sys.argv[1] == "run":
    attr = {"max_resource_attr": "epochs"} if sys.argv[3] == "attr" else {"max_t": 9}
    scheduler = make_scheduler(
        "asha", SPACE, metric="loss", resource_attr="epoch", random_seed=3, type=sys.argv[2],
        searcher="random", brackets=2, **attr,
    )
    tuner = Tuner(backend, scheduler, StoppingCriterion(max_num_trials_finished=25), n_workers=3,
                  tuner_name="killed", suffix_tuner_name=False, display="none")
else:
    tuner = Tuner.resume("killed", trial_backend=backend, strict=True, display="none")
tuner.run()
"""


@pytest.fixture
def launch(tmp_path, monkeypatch):
    script = tmp_path / "launch.py"
    script.write_text(LAUNCH)

    def start(root: Path, *arguments: str) -> subprocess.Popen[bytes]:
        return started([sys.executable, str(script), *arguments], root)

    return start


def started(command: list[str], root: Path) -> subprocess.Popen[bytes]:
    root.mkdir(exist_ok=True)
    with open(root / "stderr", "wb") as errors:
        environment = {**os.environ, "SYNECORE_FOLDER": str(root)}
        return subprocess.Popen(command, env=environment, stderr=errors)


def killed_at_work(process: subprocess.Popen[bytes], journal: Path, grown: int) -> bool:
    """Kill the process once its journal grew by so many bytes; False if it ended before."""
    before = journal.stat().st_size if journal.exists() else 0
    while process.poll() is None:
        if journal.exists() and journal.stat().st_size - before >= grown:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.002)
    return False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "attr"), [("stopping", "attr"), ("promotion", "attr"), ("promotion", "none")]
)
def test_a_run_killed_many_times_equals_an_uninterrupted_one(tmp_path, launch, kind, attr):
    whole = launch(tmp_path / "whole", "run", kind, attr, "0")
    assert whole.wait(60) == 0, (tmp_path / "whole" / "stderr").read_text()
    expected = Experiment.open(tmp_path / "whole" / "killed")

    rng = random.Random(f"{kind}{attr}")
    root = tmp_path / "cut"
    journal = root / "killed" / "journal.jsonl"
    mode, kills = "run", 0
    while True:
        process = launch(root, mode, kind, attr, "0.003")
        if not killed_at_work(process, journal, rng.randrange(1, 12_000)):
            break
        mode, kills = "resume", kills + 1
    assert process.returncode == 0, (root / "stderr").read_text()
    assert kills >= 3, "the run was too short to be killed"

    resumed = Experiment.open(root / "killed")
    ours, theirs = columns(resumed.table()), columns(expected.table())
    assert ours.keys() == theirs.keys()
    for name, column in theirs.items():
        np.testing.assert_array_equal(ours[name], column, err_msg=name)
    kinds = (Started, Reported, Ended, Asked)
    for one in kinds:
        counts = [sum(isinstance(e, one) for e in x.events()) for x in (resumed, expected)]
        assert counts[0] == counts[1], one.__name__


SCRIPT = """
import argparse, os, subprocess, sys, time
from synecore import Reporter
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--st_checkpoint_dir")
args, _ = parser.parse_known_args()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
report, first = Reporter(), 1
path = os.path.join(args.st_checkpoint_dir, "epoch")
if os.path.exists(path):
    first = int(open(path).read()) + 1
for epoch in range(first, 10):
    time.sleep(0.05)
    # Not after the checkpoint: killed between the two, the trial would never report this epoch.
    report(epoch=epoch, loss=args.x / epoch)
    os.makedirs(args.st_checkpoint_dir, exist_ok=True)
    with open(path + ".tmp", "w") as file:
        file.write(str(epoch))
    os.replace(path + ".tmp", path)
"""

TUNE = """
import sys
from synecore import StoppingCriterion, Tuner, make_backend, make_scheduler
from synecore.space import uniform
scheduler = make_scheduler("asha", {"x": uniform(0, 1)}, metric="loss", resource_attr="epoch",
                           max_t=9, random_seed=0)
Tuner(make_backend("local", entry_point=sys.argv[1]), scheduler,
      StoppingCriterion(max_num_trials_finished=12), n_workers=3, tuner_name="real",
      suffix_tuner_name=False, display="none").run()
"""


def alive(marker: str) -> list[int]:
    """Processes whose command line or environment names this experiment."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            text = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if marker.encode() in text:
            found.append(int(folder.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for orphans in /proc")
def test_real_trials_leave_no_orphans_and_no_gaps(tmp_path):
    """With real processes the runs differ in time, but no event is lost or doubled."""
    script, tune = tmp_path / "train.py", tmp_path / "tune.py"
    script.write_text(SCRIPT)
    tune.write_text(TUNE)
    root = tmp_path / "root"
    journal = root / "real" / "journal.jsonl"
    rng = random.Random(0)
    command = [sys.executable, str(tune), str(script)]
    kills = 0
    while True:
        process = started(command, root)
        if not killed_at_work(process, journal, rng.randrange(1, 6000)):
            break
        kills += 1
        deadline = time.monotonic() + 10
        while alive(str(root)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert alive(str(root)) == []
        command = [sys.executable, "-m", "synecore", "resume", "real", "--display", "none"]
    assert process.returncode == 0, (root / "stderr").read_text()
    assert kills >= 3
    assert alive(str(root)) == []
    table = Experiment.open(root / "real").table()
    assert table.count(Status.FAILED) == 0
    assert table.n_busy == 0
    counted = ~table.obs("late") & ~table.obs("repeat")
    for trial in range(table.n_trials):
        mine = (table.obs("trial") == trial) & counted
        resources = table.obs("resource")[mine]
        np.testing.assert_array_equal(resources, np.arange(1, len(resources) + 1))
