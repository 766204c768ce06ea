"""The worked examples run, and show what they are there to show."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from synecore import Experiment, load_experiment, make_searcher
from synecore.actions import Decided, Reported, Resumed, Started, Status
from synecore.problem import Problem
from synecore.report import retrieve
from synecore.testing import SchedulerSuite, SearcherSuite
from synecore.testing.equality import difference
from synecore.tuning.explain import life_of

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
DIGITS = EXAMPLES / "digits"
SCRIPTS = Path(sys.executable).parent


def example(path: str) -> ModuleType:
    """Return an example as a module."""
    name = path.replace("/", "_")
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{path}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)  # where functions are sought
    spec.loader.exec_module(module)
    return module


def reported(experiment: Experiment, resource: str) -> dict[int, list[int]]:
    """Return for each trial the resource of its reports, in order."""
    found: dict[int, list[int]] = {}
    for row in experiment.rows():
        found.setdefault(row["trial_id"], []).append(row[resource])
    return found


# ---- height: what a user does first ---------------------------------------------------------


def test_the_first_example_stops_most_trials_at_low_rungs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    experiment = example("height/launch_height").main(seconds=3)
    table = experiment.table()
    stopped = table.trial("reached")[table.trial("status") == Status.STOPPED]
    assert table.n_trials > 15
    assert np.mean(stopped <= 9) > 0.5
    assert "best is trial" in capsys.readouterr().out
    assert {"metadata.json", "results.csv.zip"} <= set(os.listdir(experiment.path))
    for trial in range(table.n_trials):
        names = set(os.listdir(experiment.path / str(trial)))
        assert {"config.json", "std.out", "std.err"} <= names
        config = json.loads((experiment.path / str(trial) / "config.json").read_text())
        assert config == table.configs[trial]
        assert ("stop" in names) == (table.status(trial) is Status.STOPPED)


def test_the_training_script_runs_alone() -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / "height" / "train_height.py", "--epochs", "2", "--width", "10"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert all(line.startswith("[tune-metric]: {") for line in lines)
    reports = retrieve(lines)
    assert [report["epoch"] for report in reports] == [1, 2]
    assert all({"st_worker_time", "st_worker_timestamp"} <= set(report) for report in reports)


def test_several_schedulers_stop_at_the_first_of_time_and_threshold() -> None:
    experiments = example("height/launch_several_schedulers").main(seconds=4, enough=-5.0)
    assert len(experiments) == 5
    for experiment in experiments.values():
        status = experiment.status()
        low_enough = experiment.best_config()["mean_loss"] < -5.0
        assert low_enough or status.wallclock_time >= 4
        assert status.num_trials_failed == 0
    random, asha = (experiments[name].table() for name in ("random search", "ASHA, stopping"))
    assert random.configs[0] == asha.configs[0]  # the same start under every method
    assert random.configs[1] == asha.configs[1]  # and the same seed


def test_trials_without_checkpoints_begin_again_when_they_are_promoted() -> None:
    main = example("height/launch_several_schedulers")
    main.METHODS = {"promotion": main.METHODS["ASHA, promotion"]}
    (experiment,) = main.main(seconds=2, enough=-1000.0).values()
    table = experiment.table()
    assert any(isinstance(event, Resumed) for event in experiment.events())
    assert table.obs("repeat").any()
    for trial in range(table.n_trials):
        rows = (table.obs("trial") == trial) & ~table.obs("repeat") & ~table.obs("late")
        epochs = table.obs("resource")[rows]
        assert list(epochs) == list(range(1, len(epochs) + 1))


def test_every_criterion_ends_a_run() -> None:
    ended = example("height/launch_stopping_criteria").main()
    count = {title: status.overall_metric_statistics.count for title, status in ended.items()}
    assert ended["time"].wallclock_time >= 1.0
    assert ended["trials started"].num_trials_started == 8  # more than 7
    assert ended["trials completed"].num_trials_completed == 8
    assert ended["trials finished"].num_trials_finished >= 8
    assert count["reports"] >= 13
    assert ended["good enough"].overall_metric_statistics.min_metrics["mean_loss"] < 5.0
    assert ended["good enough"].wallclock_time < 10
    assert 5 <= ended["plateau"].num_trials_started <= 30
    assert ended["own rule"].num_trials_finished >= 10


def test_extra_columns_are_stored_with_each_report() -> None:
    at_end = example("height/launch_extra_columns").main(n_trials=15)
    assert set(at_end) == {"num_at_level1", "num_at_level3", "num_at_level9"}
    assert at_end["num_at_level1"] >= 15
    assert at_end["num_at_level1"] > at_end["num_at_level3"] >= at_end["num_at_level9"]


def test_an_experiment_is_named_tagged_and_found_again() -> None:
    experiment = example("height/launch_with_metadata").main(n_trials=4)
    metadata = json.loads((experiment.path / "metadata.json").read_text())
    assert re.fullmatch(r"plot-results-demo(-\d+){7}", experiment.name)
    assert {"tag": "special-tag", "user": "alice"}.items() <= metadata.items()
    assert metadata["metric_names"] == ["mean_loss"]
    assert metadata["metric_mode"] == ["min"]
    assert metadata["entry_point_name"] == "train_height"
    assert abs(metadata["st_tuner_creation_timestamp"] - time.time()) < 60
    first, second = load_experiment(experiment.name).trials.head(2).to_dict("records")
    assert (first["config_width"], first["config_height"]) == (10, 3)
    assert (second["config_width"], second["config_height"]) == (2, 11)  # the middle of 1 to 20
    assert all((experiment.path / name).stat().st_size > 0 for name in ("best.png", "trials.png"))


def test_a_finished_experiment_goes_on_and_changes_its_space() -> None:
    experiment = example("height/launch_resume").main()
    starts = [event for event in experiment.events() if isinstance(event, Started)]
    assert [event.trial for event in starts] == list(range(20))
    assert [event.config["width"] <= 10 for event in starts[:15]] == [True] * 15
    assert [event.config["width"] >= 10 for event in starts[15:]] == [True] * 5
    assert len(list(experiment.path.parent.iterdir())) == 1  # one folder for all of it


# ---- a scheduler and a searcher of one's own ------------------------------------------------


def test_an_own_scheduler_stops_what_is_not_among_the_best_four_fifths() -> None:
    experiment = example("own/own_scheduler").main(n_trials=15)
    seen: list[float] = []
    stopped: set[int] = set()
    events = list(experiment.events())
    for event, following in itertools.pairwise(events):
        if isinstance(event, Decided) and event.action == "stop":
            stopped.add(event.trial)
        if not isinstance(event, Reported) or event.trial in stopped:
            continue  # a report that came after its trial's stop is shown to nobody
        value = event.metrics["mean_loss"]
        seen.append(value)
        bad = sum(other < value for other in seen) / len(seen) >= 0.8
        decided = isinstance(following, Decided) and following.by == "scheduler"
        assert decided == bad
    assert len(stopped) > 5


def test_an_own_searcher_serves_start_points_and_then_steps_from_the_best() -> None:
    experiment = example("own/own_searcher").main(n_trials=15)
    starts = [event for event in experiment.events() if isinstance(event, Started)]
    assert starts[0].config["width"] == 10
    assert starts[0].why == {"source": "points_to_evaluate"}
    stepped = [event for event in starts if event.why["source"] == "one parameter changed"]
    assert stepped
    for event in stepped:
        best = starts[event.why["of trial"]].config
        assert sum(event.config[name] != best[name] for name in ("width", "height")) <= 1
    assert "one parameter changed, of trial" in life_of(experiment, stepped[0].trial)[0].text


class TestOwnScheduler(SchedulerSuite):
    @pytest.fixture
    def make(self) -> Callable[[Problem, int], Any]:
        return example("own/own_scheduler").StopWorstFifth


class TestOwnSearcher(SearcherSuite):
    @pytest.fixture
    def make(self) -> Callable[[Problem, int], Any]:
        searcher = example("own/own_searcher").OneAtATime
        return lambda problem, seed: make_searcher(searcher(problem, seed), problem)


# ---- checkpoints -------------------------------------------------------------------------------


def test_checkpoints_are_kept_few_and_it_is_told_what_that_cost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = example("checkpoints/launch_checkpoint_removal").main(2.5, 6, n_workers=3)
    tuner, at_end = found["tuner"], found["at_end"]
    table = tuner.tuning_status.table
    assert at_end["num_checkpoints_removed"] > 0
    assert tuner.scheduler.checkpoint_removal.num_checkpoints_removed >= table.n_trials - 6 - 3
    assert not list(tuner.tuner_path.glob("*/checkpoints"))
    out = capsys.readouterr().out
    assert f"at the end of the experiment: {at_end}" in out
    for trial, _ in found["resumed"]:
        assert str(trial) in out


# ---- other languages, other spaces, ask and tell ---------------------------------------------


def test_a_shell_script_pauses_and_goes_on_from_its_checkpoint() -> None:
    done = subprocess.run(
        ["sh", EXAMPLES / "shell" / "launch.sh", "--exact-name", "--max-num-trials-finished", "3"],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": os.pathsep.join([str(SCRIPTS), os.environ["PATH"]])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "best loss" in done.stdout
    experiment = Experiment.open("descend")
    table = experiment.table()
    assert any(isinstance(event, Resumed) for event in experiment.events())
    assert not table.obs("repeat").any()
    for steps in reported(experiment, "step").values():
        assert steps == list(range(1, len(steps) + 1))
    # The loss after some steps, resumed or not, is what the formula says.
    for row in experiment.rows():
        factor = 1 - 2 * row["config_rate"]
        assert row["loss"] == pytest.approx(64 * factor ** (2 * row["step"]), rel=1e-9, abs=1e-20)


def test_conditions_constraints_and_priors_hold_for_every_trial() -> None:
    experiment = example("spaces/launch_conditional").main(n_trials=20)
    assert experiment.status().num_trials_failed == 0  # the script refuses what does not belong
    configs = experiment.table().configs
    assert {config["optimizer"] for config in configs} == {"sgd", "nesterov", "adam"}
    for config in configs:
        assert ("beta" in config) == (config["optimizer"] == "adam") != ("momentum" in config)
        assert config["narrow"] < config["wide"] <= (128 if "beta" in config else 256)


def test_ask_and_tell_find_the_minimum_and_go_on_from_a_file(tmp_path: Path) -> None:
    module = example("ask_tell/ask_tell")
    at_once = module.tune_at_random()
    assert at_once.metrics["loss"] == pytest.approx(-0.23246, abs=1e-3)
    assert module.tune_with_sobol_points().metrics["loss"] == pytest.approx(-0.23246, abs=1e-3)
    later = module.tune_in_two_sittings(tmp_path / "results.jsonl")
    assert (later.trial_id, later.config) == (at_once.trial_id, at_once.config)


def test_ask_and_tell_with_asha_stop_most_trials_early() -> None:
    best, steps = example("ask_tell/ask_tell_asha").tune()
    assert best.metrics["loss"] == pytest.approx(-0.23246 + 1 / 81, abs=5e-3)
    assert steps.count(1) > 50
    assert set(steps) == {1, 3, 9, 27, 81}


# ---- reinforcement learning, populations, PyTorch ----------------------------------------------


def test_a_policy_gradient_is_tuned_although_its_trials_report_irregularly(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    experiment = example("rl/launch_cartpole").main(n_trials=4)
    steps = [
        np.diff([0, *iterations]) for iterations in reported(experiment, "training_iter").values()
    ]
    assert len(set(np.concatenate(steps))) > 1  # iterations between reports
    assert experiment.table().trial("reached").max() > 9
    best = experiment.best_config()
    assert best["episode_reward_mean"] == max(
        row["episode_reward_mean"] for row in experiment.rows()
    )
    assert best["episode_reward_mean"] > 40  # at random, the pole falls after some 22 steps
    assert f"best result found: {best}" in capsys.readouterr().out
    assert (experiment.path / "best.png").stat().st_size > 0
    messages = [record.getMessage() for record in caplog.records]
    assert any("jumped over the milestone" in message for message in messages)
    assert not any("never read" in message for message in messages)


def test_the_cart_moves_by_the_documented_equations() -> None:
    module = example("rl/train_cartpole")
    # One step from rest by the formulas of the paper, worked out by hand for a push to the right.
    (state,) = module.moved(np.array([[0.0, 0.0, 0.0, 0.0]]), np.array([10.0]))
    pulled = 10 / 1.1
    angular = -pulled / (0.5 * (4 / 3 - 0.1 / 1.1))
    linear = pulled - 0.1 * 0.5 * angular / 1.1
    assert state == pytest.approx([0.0, 0.02 * linear, 0.0, 0.02 * angular])
    # Without gravity's pull and force, nothing moves; a leaning pole falls to its side.
    (state,) = module.moved(np.array([[0.0, 0.0, 0.1, 0.0]]), np.array([0.0]))
    assert state[3] > 0 > state[1]


def test_children_of_a_population_go_on_from_step_and_value_of_their_donor() -> None:
    experiment = example("population/population").main()
    table = experiment.table()
    steps, losses = reported(experiment, "step"), reported(experiment, "loss")
    parents = table.trial("parent")
    children = [child for child in steps if parents[child] >= 0]
    assert children
    assert all(steps[trial][0] == 1 for trial in steps if parents[trial] < 0)
    points: dict[tuple[int, int], Any] = {}  # by trial and step, computed here
    for trial in sorted(steps):
        first = steps[trial][0]
        assert steps[trial] == list(range(first, first + len(steps[trial])))
        donor = int(parents[trial])
        point = np.full(20, 100.0) if donor < 0 else points[donor, first - 1]
        for step, loss in zip(steps[trial], losses[trial], strict=True):
            noise = np.random.default_rng(step).normal(size=20)
            point = point - table.configs[trial]["lr"] * (point + 3 * noise)
            points[trial, step] = point
            assert loss == pytest.approx(float(np.mean(point**2)), rel=1e-9)
        if donor >= 0:
            assert first > 1
            assert f"from the checkpoint of trial {donor}" in life_of(experiment, trial)[0].text


class TestPopulation(SchedulerSuite):
    n_trials = 4  # it ends with its population; children come only while others are training

    @pytest.fixture
    def make(self) -> Callable[[Problem, int], Any]:
        return example("population/population").Population


@pytest.mark.heavy
@pytest.mark.timeout(900)  # PyTorch is imported a dozen times
def test_a_network_that_paused_twice_has_the_weights_of_one_that_never_did(tmp_path: Path) -> None:
    import torch

    experiment = example("torch_resume/launch_promotion").main(n_completed=0)
    assert not experiment.table().obs("repeat").any()
    resumed = [event.trial for event in experiment.events() if isinstance(event, Resumed)]
    trial = next(trial for trial in resumed if resumed.count(trial) == 2)
    config = {**experiment.table().configs[trial], "epochs": 9, "st_checkpoint_dir": tmp_path}
    script = EXAMPLES / "torch_resume" / "train_digits.py"
    done = subprocess.run(
        [sys.executable, script, *(f"--{name}={value}" for name, value in config.items())],
        capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    at_once = [row["loss"] for row in retrieve(done.stdout.splitlines())]
    assert [row["loss"] for row in experiment.rows() if row["trial_id"] == trial] == at_once
    paused, whole = (
        torch.load(folder / "checkpoint.json", weights_only=True)
        for folder in (experiment.path / str(trial) / "checkpoints", tmp_path)
    )
    assert paused["resource"] == whole["resource"] == 9
    assert difference(plain(paused), plain(whole)) == ""


def plain(value: Any) -> Any:
    """Return what is in a checkpoint with tensors as arrays."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value.numpy() if hasattr(value, "numpy") else value


# ---- digits: the main job ----------------------------------------------------------------------


def train(*arguments: str) -> list[dict[str, object]]:
    """Return what train.py reports, without what depends on the clock."""
    done = subprocess.run(
        [sys.executable, "-Werror", "-Wignore::RuntimeWarning", DIGITS / "train.py", *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    reports = retrieve(done.stdout.splitlines())
    return [{k: v for k, v in row.items() if not k.startswith("st_worker")} for row in reports]


@pytest.mark.parametrize("solver", ["adam", pytest.param("sgd", marks=pytest.mark.slow)])
def test_training_goes_on_from_its_checkpoint_as_if_it_had_not_stopped(
    tmp_path: Path, solver: str
) -> None:
    folder = str(tmp_path / "checkpoints")
    options = ("--solver", solver, "--batch_size", "128")
    whole = train("--epochs", "3", *options)
    first = train("--epochs", "1", *options, "--st_checkpoint_dir", folder)
    rest = train("--epochs", "3", *options, "--st_checkpoint_dir", folder)
    assert first + rest == whole
    assert len(whole) == 3
    assert os.listdir(folder) == ["model.npz"]
    with np.load(Path(folder) / "model.npz", allow_pickle=False) as arrays:
        assert int(arrays["epoch"]) == 3


def test_a_diverging_network_is_a_result() -> None:
    reports = train("--solver", "sgd", "--learning_rate", "1", "--weight_decay", "1e6")
    assert np.isnan(reports[-1]["accuracy"])
    assert len(reports) < 27


def demo(root: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the demo in a session of its own, so that a signal reaches it and its trials alone."""
    return subprocess.Popen(
        [sys.executable, DIGITS / "demo.py", *arguments], text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "SYNECORE_FOLDER": str(root)},
    )  # fmt: skip


def wait_for_reports(root: Path, n: int) -> Experiment:
    """Wait until the one experiment below `root` has n reports."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(ValueError):
            (journal,) = root.glob("*/journal.jsonl")
            if journal.read_text().count('"accuracy"') >= n:
                return Experiment.open(journal.parent)
        time.sleep(0.1)
    raise AssertionError(f"no {n} reports within a minute")


@pytest.mark.slow
def test_the_demo_finds_a_good_network_and_shows_it(tmp_path: Path) -> None:
    process = demo(tmp_path, "--seconds", "20")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    (experiment,) = tmp_path.iterdir()
    assert "running" in err  # plain lines of progress, where there is no terminal
    found = re.search(r"Best: ([\d.]+)% of the validation images", out)
    assert found
    assert float(found[1]) > 95
    for name in ("best.png", "curves.png"):
        assert str(experiment / name) in out
        assert (experiment / name).stat().st_size > 0
    command = re.search(r"synecore (why \S+ \d+)", out)
    assert command
    why = subprocess.run(
        [SCRIPTS / "synecore", *command[1].split()], capture_output=True, text=True, check=True,
        env={**os.environ, "SYNECORE_FOLDER": str(tmp_path)},
    )  # fmt: skip
    assert re.search(
        r"stopped after epoch=\d+, accuracy=.* rank \d+ of \d+ at rung \d+", why.stdout
    )


@pytest.mark.slow
def test_a_killed_demo_says_so_and_goes_on(tmp_path: Path) -> None:
    process = demo(tmp_path, "--seconds", "14")
    experiment = wait_for_reports(tmp_path, 20)
    process.kill()
    process.communicate()
    before = [row for row in experiment.rows() if row["status"] == "InProgress"]
    resumed = demo(tmp_path, "--resume")
    out, err = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, err
    assert "Best: " in out
    assert list(experiment.rows())[: len(before)] == before
    for epochs in reported(experiment, "epoch").values():
        assert epochs == sorted(set(epochs))  # no epoch lost its place, none twice


@pytest.mark.slow
def test_an_interrupted_demo_says_how_to_go_on(tmp_path: Path) -> None:
    process = demo(tmp_path, "--seconds", "60")
    experiment = wait_for_reports(tmp_path, 5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "demo --resume" in out
    assert f"synecore resume {experiment.name}" in err
    again = demo(tmp_path, "--seconds", "1")
    out, _ = again.communicate(timeout=60)
    assert f"{experiment.name} was interrupted. To go on with it:" in out


@pytest.mark.slow
def test_asha_runs_many_more_trials_than_random_search(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, DIGITS / "compare.py", "20"], capture_output=True, text=True, check=False,
        env={**os.environ, "SYNECORE_FOLDER": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    random, stopping, promotion = (
        Experiment.open(tmp_path / name)
        for name in sorted(os.listdir(tmp_path), key=lambda n: ("random" not in n, "stop" not in n))
    )
    assert random.metadata["tag"] == "compare"
    assert random.metadata["components"]["scheduler"]["seed"] == 0
    assert random.table().configs[0] == stopping.table().configs[0]
    assert stopping.table().n_trials > random.table().n_trials
    reached = stopping.table().trial("reached")
    assert np.mean(reached <= 3) > 0.5
    assert not promotion.table().obs("repeat").any()  # resumed trials went on from checkpoints
