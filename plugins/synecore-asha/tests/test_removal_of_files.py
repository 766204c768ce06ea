"""Checkpoints counted on a real disk, while trials run as processes and tuners are killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from synecore import Experiment, StoppingCriterion, Tuner, make_backend, make_scheduler
from synecore.actions import Ended, Resumed, Status
from synecore.paths import experiment_path
from synecore.space import randint
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine
from synecore.tuning.replay import replay

PATIENCE = 60.0  # seconds; only a test that fails waits so long
WORKERS, LIMIT = 3, 4
TRAIN = """\
#!/bin/sh
epoch=0
while [ $# -gt 0 ]; do
    case "$1" in
        --x) x=$2 ;;
        --epochs) epochs=$2 ;;
        --st_checkpoint_dir) folder=$2 ;;
    esac
    shift 2
done
if [ -f "$folder/state.json" ]; then
    read -r state < "$folder/state.json"
    epoch=${state#*: } epoch=${epoch%\\}}
fi
while [ "$epoch" -lt "$epochs" ]; do
    epoch=$((epoch + 1))
    mkdir -p "$folder"
    echo "{\\"epoch\\": $epoch}" > "$folder/new" && mv "$folder/new" "$folder/state.json"
    loss=$((x + (1000 + x * 7919 % 1000) / epoch))
    echo "[tune-metric]: {\\"epoch\\": $epoch, \\"loss\\": $loss}"
done
"""
TUNE = """\
import sys
from test_removal_of_files import tuner
tuner(sys.argv[1], sys.argv[2], 80).run()
"""


def tuner(script, name, n_trials, **options):
    scheduler = make_scheduler(
        "asha", {"x": randint(0, 999), "epochs": 9}, metric="loss", resource_attr="epoch",
        max_resource_attr="epochs", type="promotion", random_seed=0,
        **{"early_checkpoint_removal_kwargs": {"max_num_checkpoints": LIMIT}, **options},
    )  # fmt: skip
    criterion = StoppingCriterion(max_wallclock_time=PATIENCE, max_num_trials_started=n_trials)
    return Tuner(
        make_backend("local", entry_point=str(script), delete_checkpoints=True),
        scheduler, criterion, n_workers=WORKERS, tuner_name=name, suffix_tuner_name=False,
        display="none",
    )  # fmt: skip


def checkpoints(folder):
    """Return the folders of checkpoints: (trial, identity) of each."""
    found = set()
    for path in folder.glob("[0-9]*/checkpoints"):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        found.add((path.parent.name, status.st_ino, status.st_ctime_ns))
    return found


class Watch:
    """Counts the folders of checkpoints all the time, in a thread.

    A look takes a while, in which one may go and another come. What two looks in a row found the
    same was there at one moment, namely between them.
    """

    def __init__(self, folder):
        self.folder, self.most, self.looks = folder, 0, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self):
        before = set()
        while not self._over.wait(0.0005):
            now = checkpoints(self.folder)
            self.most = max(self.most, len(before & now))
            self.looks += 1
            before = now

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "train.sh"
    path.write_text(TRAIN)
    path.chmod(0o755)
    return path


def assert_trials_are_as_computed(experiment, killed=False):
    """Every trial has reported each epoch once, and repeated those whose checkpoint was lost.

    One that was killed between its checkpoint and its report has left the report out.
    """
    table = experiment.table()
    resource, loss = table.obs("resource"), table.obs("y")[:, 0]
    errors = [e.error for e in experiment.events() if isinstance(e, Ended) and e.error]
    assert errors == []
    for trial, config in enumerate(table.configs):
        mine = (table.obs("trial") == trial) & ~table.obs("late")
        own = mine & ~table.obs("repeat")
        steps = np.diff(resource[own], prepend=0.0)
        assert set(steps.tolist()) <= ({1.0, 2.0} if killed else {1.0})
        x = config["x"]
        expected = [x + (1000 + x * 7919 % 1000) // epoch for epoch in resource[mine]]
        assert loss[mine].tolist() == expected


def assert_replays(experiment, script):
    again = tuner(script, "again", 1).scheduler
    again.set_time_budget(PATIENCE)
    engine = Engine(again, TrialTable(again.problem, again.tags))
    assert replay(engine, list(experiment.events())) == []
    return again.checkpoint_removal


def drops_on_record(folder):
    try:
        return (folder / "journal.jsonl").read_text().count("drop_checkpoint")
    except FileNotFoundError:
        return 0


def guarded(pid):
    """Whether the process still runs that clears up after the tuner `pid`."""
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = command.read_bytes().split(b"\0")
        except OSError:
            continue
        if str(pid).encode() in arguments and any(b"guardian" in word for word in arguments):
            return True
    return False


def test_folders_of_checkpoints_are_never_more_than_allowed(script):
    run = tuner(script, "bounded", 40)
    with Watch(experiment_path("bounded")) as watch:
        experiment = run.run()
    removal = run.scheduler.checkpoint_removal
    without = removal.trials_resumed_without_checkpoint()

    assert watch.looks > 50
    assert 2 <= watch.most <= LIMIT
    assert checkpoints(experiment.path) == set()  # none is left in the end
    assert removal.num_checkpoints_removed > 10
    assert without
    assert_trials_are_as_computed(experiment)
    table = experiment.table()
    for trial, level in without:
        repeated = table.obs("repeat") & (table.obs("trial") == trial)
        if table.status(trial) > Status.STOPPED or table.status(trial) is Status.PAUSED:
            assert repeated.sum() >= level
    *_, last = experiment.rows()
    assert {name: last[name] for name in removal.extra_results_keys()}.keys()
    assert last["num_checkpoints_removed"] <= removal.num_checkpoints_removed
    assert assert_replays(experiment, script).extra_results() == removal.extra_results()


@pytest.mark.slow
def test_a_killed_and_resumed_run_keeps_to_the_limit_and_decides_the_same(script, tmp_path):
    folder = experiment_path("killed")
    tune = tmp_path / "tune.py"
    tune.write_text(TUNE)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with Watch(folder) as watch:
        process = subprocess.Popen(
            [sys.executable, tune, script, "killed"], env=environment, stderr=subprocess.PIPE
        )
        deadline = time.monotonic() + PATIENCE
        while drops_on_record(folder) < 8 and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.kill()
        _, error = process.communicate()
        assert process.returncode == -9, error.decode()
        while guarded(process.pid):  # until what it left running is cleared away
            assert time.monotonic() < deadline
            time.sleep(0.01)
        before = len(list(Experiment.open("killed").events()))
        resumed = Tuner.resume("killed", strict=True, display="none")
        known = resumed.scheduler.checkpoint_removal.num_checkpoints_removed
        experiment = resumed.run()
    events = list(experiment.events())

    assert known >= 4
    assert len(events) > before
    assert watch.most <= LIMIT
    assert checkpoints(experiment.path) == set()
    assert any(isinstance(event, Resumed) for event in events[before:])
    assert_trials_are_as_computed(experiment, killed=True)
    removal = assert_replays(experiment, script)
    own = resumed.scheduler.checkpoint_removal
    assert removal.num_checkpoints_removed == own.num_checkpoints_removed > known
    assert removal.trials_resumed_without_checkpoint() == own.trials_resumed_without_checkpoint()


def test_without_the_option_paused_trials_keep_theirs_until_the_end(script):
    run = tuner(script, "unbounded", 20, early_checkpoint_removal_kwargs=None)
    with Watch(experiment_path("unbounded")) as watch:
        experiment = run.run()
    table = experiment.table()
    paused = np.count_nonzero(table.trial("status") == Status.PAUSED)

    assert paused > LIMIT
    assert paused <= watch.most <= table.n_trials
    assert checkpoints(experiment.path) == set()
    assert not table.obs("repeat").any()
