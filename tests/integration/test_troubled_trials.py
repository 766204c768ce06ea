"""Trials that misbehave in every documented way, under one tuner: the rest goes on."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from synecore import StoppingCriterion, Tuner, make_backend, make_scheduler
from synecore.actions import Ended, Status
from synecore.errors import ExperimentError
from synecore.space import choice
from synecore.tuning.explain import last_error

SCRIPT = r"""
import argparse, json, os, signal, subprocess, sys, time
parser = argparse.ArgumentParser()
parser.add_argument("--how")
args, _ = parser.parse_known_args()

def say(**metrics):
    sys.stdout.write("[tune-metric]: " + json.dumps(metrics) + "\n")
    sys.stdout.flush()

how = args.how
if how == "fine":
    for epoch in (1, 2, 3):
        say(epoch=epoch, loss=1.0 / epoch)
elif how == "crash":
    say(epoch=1, loss=0.5)
    raise RuntimeError("out of cheese")
elif how == "kill-self":
    os.kill(os.getpid(), signal.SIGKILL)
elif how == "garbage":
    sys.stdout.buffer.write(b"\xff\xfe\x00[tune-metric]: {not json\n" + b"x" * 200_000 + b"\n")
    sys.stdout.flush()
    say(epoch=1, loss=0.7)
elif how == "nan":
    say(epoch=1, loss=float("nan"))
    say(epoch=2, loss=float("inf"))
elif how == "text":
    say(epoch=1, loss="low")
elif how == "missing":
    say(epoch=1, los=0.1)
elif how == "fraction":
    say(epoch=1.5, loss=0.1)
elif how == "backwards":
    say(epoch=2, loss=5.0)
    say(epoch=1, loss=5.0)
elif how == "silent":
    pass
elif how == "forks":
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)  # leftover-of-forks"])
    say(epoch=1, loss=0.6)
elif how == "hangs":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say(epoch=1, loss=0.9)
    time.sleep(300)
"""
WAYS = [
    "fine", "crash", "kill-self", "garbage", "nan", "text", "missing", "fraction", "backwards",
    "silent", "forks",
]  # fmt: skip


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    return path


def tuner_for(script, ways, **options):
    scheduler = make_scheduler(
        "fifo", {"how": choice(ways)}, metric="loss", resource_attr="epoch", max_t=3,
        searcher={"name": "grid", "shuffle_config": False}, points_to_evaluate=[], random_seed=0,
    )  # fmt: skip
    settings = {
        "stop_criterion": StoppingCriterion(max_wallclock_time=60), "n_workers": 3,
        "max_failures": 100, "display": "none",
    }  # fmt: skip
    backend = make_backend("local", entry_point=str(script), stop_grace=0.3)
    return Tuner(backend, scheduler, **{**settings, **options})


def test_every_kind_of_trouble_has_its_outcome_and_the_run_goes_on(script):
    tuner = tuner_for(script, WAYS)
    experiment = tuner.run()
    table = tuner.tuning_status.table
    outcome = {
        config["how"]: (table.status(i), last_error(experiment, i))
        for i, config in enumerate(table.configs)
    }
    assert set(outcome) == set(WAYS)
    completed = {how for how, (status, _) in outcome.items() if status is Status.COMPLETED}
    assert completed == {"fine", "garbage", "nan", "silent", "forks"}
    assert "RuntimeError: out of cheese" in outcome["crash"][1]
    assert "SIGKILL" in outcome["kill-self"][1]
    assert "must be a number, got 'low'" in outcome["text"][1]
    assert "metric 'loss' is not in the report; did you mean 'los'" in outcome["missing"][1]
    assert "positive integer that counts up from 1, got 1.5" in outcome["fraction"][1]
    assert "epoch=1 after 2; it must not decrease" in outcome["backwards"][1]
    # NaN and infinity are stored as they are, and never are the best.
    nan_trial = next(i for i, c in enumerate(table.configs) if c["how"] == "nan")
    stored = table.obs("y")[table.obs("trial") == nan_trial, 0]
    assert math.isnan(stored[0])
    assert np.isinf(stored[1])
    assert tuner.best_config()[1]["how"] == "fine"


def test_a_trial_that_ignores_sigterm_ends_with_the_run(script):
    tuner = tuner_for(script, ["hangs"], stop_criterion=StoppingCriterion(max_wallclock_time=1))
    began = time.monotonic()
    experiment = tuner.run()
    assert time.monotonic() - began < 10
    assert tuner.tuning_status.table.status(0) is Status.STOPPED
    assert sum(isinstance(event, Ended) for event in experiment.events()) == 1


def test_too_many_failures_end_the_run_with_the_last_words_of_the_trial(script):
    tuner = tuner_for(script, ["crash", "crash2", "silent"], max_failures=0, n_workers=1)
    with pytest.raises(ExperimentError, match="out of cheese") as error:
        tuner.run()
    assert "1 trials failed, more than max_failures=0" in str(error.value)
    assert f"synecore resume {tuner.name}" in str(error.value)
    # What had finished is kept.
    assert tuner.tuning_status.num_trials_failed == 1


def test_a_failed_trial_is_retried_as_often_as_asked(tmp_path):
    script = tmp_path / "flaky.py"
    script.write_text(
        "import os, sys\n"
        "flag = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'tried')\n"
        "if not os.path.exists(flag):\n"
        "    open(flag, 'w').close()\n"
        "    sys.exit(3)\n"
        'print(\'[tune-metric]: {"epoch": 1, "loss": 0.5}\')\n'
    )
    tuner = tuner_for(script, ["only"], max_failures=0, max_retries=1)
    tuner.run()
    assert tuner.tuning_status.table.status(0) is Status.COMPLETED
    assert tuner.tuning_status.table.value("attempt", 0) == 1
    assert tuner.tuning_status.table.value("failures", 0) == 1
