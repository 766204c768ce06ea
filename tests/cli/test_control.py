from __future__ import annotations

import json
import threading
import time

import pytest

from synecore import Experiment
from synecore.errors import ExperimentError
from synecore.paths import find_experiment
from synecore.tuning.lock import is_running

TUNE = ("tune", "train.py", "--param", "x=uniform(0,1)", "--metric", "loss", "--method", "random",
        "--display", "none", "--seed", "1", "--name", "t", "--exact-name")  # fmt: skip


def test_resume_extends_a_finished_experiment(script, synecore):
    assert synecore(*TUNE, "--max-num-trials-finished", "1")[0] == 0
    assert Experiment.open("t").table().n_trials == 2
    code, out, err = synecore(
        "resume", "t", "--max-num-trials-finished", "4", "--workers", "2", "--max-failures", "3",
        "--display", "none", "--json", "--strict",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert json.loads(out)["loss"] == min(row["loss"] for row in Experiment.open("t").rows())
    experiment = Experiment.open("t")
    assert experiment.status().num_trials_finished >= 5
    assert experiment.metadata["stop_criterion"] == {"max_num_trials_finished": 4}


def test_resume_without_options_keeps_the_criterion(script, synecore):
    synecore(*TUNE, "--max-num-trials-finished", "1")
    before = list(Experiment.open("t").rows())
    code, out, _ = synecore("resume", "t", "--display", "none")
    assert code == 0
    assert out.startswith("best loss: ")
    assert list(Experiment.open("t").rows()) == before


def test_resume_by_the_beginning_of_a_name(script, synecore):
    words = [word for word in TUNE if word not in ("--exact-name",)]
    synecore(*words, "--max-num-trials-finished", "0")
    assert synecore("resume", "t", "--max-num-trials-finished", "1", "--display", "none")[0] == 0
    assert Experiment.open("t").table().n_trials == 2


@pytest.mark.parametrize("words", [("resume", "stdy"), ("stop", "stdy"), ("add", "stdy", "{}"),
                                   ("show", "stdy"), ("results", "stdy"), ("why", "stdy", "0"),
                                   ("plot", "stdy"), ("status", "stdy")])  # fmt: skip
def test_an_unknown_experiment_is_named_with_a_near_one(words, study, synecore):
    tuner = study(n=0)
    assert synecore(*words) == (
        1, "",
        f"synecore: no experiment 'stdy' in {tuner.tuner_path.parent}; did you mean 'study'?; "
        "`synecore list` shows what is there, SYNECORE_FOLDER where it looks\n",
    )  # fmt: skip


def test_resume_asks_for_objects_that_are_not_on_record(study, synecore):
    study(n=0)
    assert synecore("resume", "study") == (
        1, "",
        "synecore: experiment 'study' was run with a backend object that has no name to build it "
        "from; give it again: Tuner.resume('study', trial_backend=…)\n",
    )  # fmt: skip


@pytest.mark.parametrize("words", [("stop", "study"), ("stop", "study", "--trial", "1"),
                                   ("add", "study", '{"x": 0.5}')])  # fmt: skip
def test_commands_need_a_running_tuner(words, study, synecore):
    study(n=0)
    message = "no tuner is running on experiment 'study'; `synecore resume study` starts one"
    assert synecore(*words) == (1, "", f"synecore: {message}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "add: '{' is not JSON: Expecting property name enclosed in double quotes: line 1 "
         "column 2 (char 1)"),
        ("[1]", "add: a configuration maps names to values, got '[1]'"),
    ],
)  # fmt: skip
def test_add_takes_a_configuration(text, message, study, synecore):
    assert synecore("add", "study", text) == (2, "", f"synecore: {message}\n")


def test_commands_reach_a_running_tuner(script, synecore):
    """One after the other: add, a refusal, stop of a trial, show, stop of the run."""
    script.write_text(
        "import time\nfrom argparse import ArgumentParser\nfrom synecore import Reporter\n"
        "p = ArgumentParser(); p.add_argument('--x', type=float)\n"
        "x = p.parse_known_args()[0].x\nReporter()(loss=x)\n"
        "if x != 0.125: time.sleep(60)\n"
    )
    from synecore.tuning.onecall import tune

    runs = []

    def run() -> None:
        from synecore.space import uniform

        runs.append(
            tune(
                str(script), {"x": uniform(0, 1)}, metric="loss", method="random", display="none",
                random_seed=1, tuner_name="t", suffix_tuner_name=False, max_wallclock_time=60,
            )
        )  # fmt: skip

    tuner = threading.Thread(target=run)
    tuner.start()

    def wait_for(condition) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline
            assert tuner.is_alive()
            time.sleep(0.02)

    def started(n: int) -> bool:
        try:
            return is_running(find_experiment("t")) and Experiment.open("t").table().n_trials >= n
        except ExperimentError:
            return False

    try:
        wait_for(lambda: started(1))
        assert synecore("add", "t", '{"x": 0.125}') == (0, "queued {'x': 0.125}\n", "")
        code, _, err = synecore("add", "t", '{"x": 7}')
        assert (code, err) == (
            1,
            "synecore: x: 7 is not in uniform(0.0, 1.0).\n",
        )
        code, _, err = synecore("stop", "t", "--trial", "9")
        assert (code, err) == (1, "synecore: there is no trial 9; 1 were started\n")
        assert synecore("stop", "t", "--trial", "0") == (0, "trial 0 stops\n", "")
        wait_for(lambda: started(3))  # 1 is the one that was added, which ends at once
        code, out, _ = synecore("show", "t", "--json")
        assert (code, json.loads(out)["running"]) == (0, True)
        code, _, err = synecore("stop", "t", "--trial", "0")
        assert (code, err) == (1, "synecore: trial 0 is stopped already\n")
        code, _, err = synecore("resume", "t")
        assert code == 1
        assert err.startswith("synecore: experiment 't' is being written by process ")
    finally:
        assert synecore("stop", "t") == (0, "stopping\n", "")
        tuner.join(20)
    (experiment,) = runs
    table = experiment.table()
    assert table.configs[1] == {"x": 0.125}
    assert [s.name for s in map(table.status, range(3))] == ["STOPPED", "COMPLETED", "STOPPED"]
    code, out, _ = synecore("why", "t", "0")
    assert "stopped by the user: the user asked for it" in out
    code, out, _ = synecore("why", "t", "2")
    assert "stopped by the tuner: " in out
    assert "stopped by the user" in out


def test_resume_in_another_space(script, synecore):
    synecore(*TUNE, "--max-num-trials-finished", "1")
    code, _, err = synecore(
        "resume", "t", "--param", "x=uniform(2,3)", "--max-num-trials-finished", "3",
        "--display", "none",
    )  # fmt: skip
    assert (code, err) == (0, "")
    values = [config["x"] for config in Experiment.open("t").table().configs]
    assert all(value < 1 for value in values[:2])
    assert len(values) >= 4
    assert all(2 <= value <= 3 for value in values[2:])


def test_resume_until_a_target_is_reached(script, synecore):
    synecore(*TUNE, "--max-num-trials-finished", "0")
    assert synecore("resume", "t", "--target", "loss<1.1", "--display", "none")[0] == 0
    best = Experiment.open("t").best_config()["loss"]
    assert best < 1.1


def test_retrain_runs_the_best_configuration_again(script, synecore):
    synecore(*TUNE, "--param", "epochs=2", "--max-num-trials-finished", "2")
    best = Experiment.open("t").best_config()
    code, out, err = synecore("retrain", "t", "--set", "epochs=4", "--json")
    assert code == 0
    done = json.loads(out)
    assert done["config"] == {"x": best["config_x"], "epochs": 4}
    assert done["metrics"]["epoch"] == 4
    assert done["checkpoint"] is None
    assert [line.split()[-1] for line in err.splitlines()] == [f"epoch={n}" for n in (1, 2, 3, 4)]
    code, out, _ = synecore("retrain", "t", "--trial", "0")
    assert (code, out.splitlines()[1]) == (0, "checkpoint: none written")


def test_retrain_says_what_the_configuration_does_not_have(script, synecore):
    synecore(*TUNE, "--max-num-trials-finished", "0")
    code, out, err = synecore("retrain", "t", "--set", "y=4")
    assert (code, out) == (2, "")
    assert "the configuration has no 'y'" in err
