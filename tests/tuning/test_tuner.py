"""The tuner around the loop: arguments, names, folders, what it opens and closes."""

from __future__ import annotations

import inspect
import json
import os
import re
import threading
from pathlib import Path

import numpy as np
import pytest

from synecore import Experiment, StoppingCriterion, Tuner, make_backend, make_scheduler
from synecore.actions import DropCheckpoint, Pause, Start, Status, Stop
from synecore.errors import ExperimentError, OptionError
from synecore.names import MAX_LENGTH
from synecore.problem import Problem
from synecore.space import uniform
from synecore.testing import InlineBackend, ScriptedScheduler
from synecore.tuning.lock import FolderLock, is_running

SPACE = {"x": uniform(0, 1)}
TWO = StoppingCriterion(max_num_trials_finished=1)
STAMP = r"\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-\d{3}"


def losses(config, resource):
    return {"loss": config["x"] + resource}


def tuner_of(evaluate=losses, *, scheduler=None, criterion=TWO, backend=None, **options):
    scheduler = scheduler or make_scheduler("fifo", SPACE, metric="loss", random_seed=0)
    options = {"display": "none", "store": {"name": "jsonl", "sync": "none"}, **options}
    return Tuner(backend or InlineBackend(evaluate, on_disk=False), scheduler, criterion, **options)


# ---- arguments ---------------------------------------------------------------------------


def test_the_documented_arguments_have_the_documented_defaults():
    given = {
        name: parameter.default
        for name, parameter in inspect.signature(Tuner).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    documented = {
        "results_update_interval": 10.0, "print_update_interval": 30.0, "max_failures": 1,
        "tuner_name": None, "asynchronous_scheduling": True,
        "wait_trial_completion_when_stopping": False, "callbacks": None, "metadata": None,
        "suffix_tuner_name": True, "save_tuner": True, "trial_backend_path": None,
    }  # fmt: skip
    assert {name: given[name] for name in documented} == documented


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"n_workers": 0}, "'n_workers' must be an integer >= 1, got 0"),
        ({"n_workers": 2.0}, "'n_workers' must be an integer >= 1, got 2.0"),
        ({"n_workers": True}, "'n_workers' must be an integer >= 1, got True"),
        ({"max_failures": -1}, "'max_failures' must be an integer >= 0, got -1"),
        ({"max_retries": "1"}, "'max_retries' must be an integer >= 0, got '1'"),
        ({"sleep_time": -0.5}, "'sleep_time' must be a number >= 0, got -0.5"),
        ({"sleep_time": "1"}, "'sleep_time' must be a number >= 0, got '1'"),
        (
            {"criterion": 60},
            "'stop_criterion' must be a StoppingCriterion or a callable, got 60",
        ),
    ],
)
def test_wrong_arguments(words, said):
    with pytest.raises(OptionError) as error:
        tuner_of(**words)
    assert str(error.value) == f"Tuner: {said}"


@pytest.mark.parametrize("name", ["my study", "a/b", "-a", "a-", "ä", "a_b", "."])
def test_names_that_are_not_allowed(name):
    with pytest.raises(ExperimentError, match=re.escape(f"experiment name {name!r} is not valid")):
        tuner_of(tuner_name=name)


def test_arguments_are_checked_before_anything_is_made(tmp_path):
    for words in ({"n_workers": 0}, {"store": "jsnl"}, {"tuner_name": "a b"}):
        with pytest.raises((OptionError, ExperimentError, LookupError)):
            tuner_of(**words)
    with pytest.raises(OptionError):
        tuner_of(metadata={"when": object()}).run()
    with pytest.raises(OptionError):
        tuner_of(display="fancy").run()
    assert list(Path(os.environ["SYNECORE_FOLDER"]).iterdir()) == []


# ---- names -------------------------------------------------------------------------------


def test_a_name_gets_a_time_stamp():
    assert re.fullmatch(f"study-{STAMP}", tuner_of(tuner_name="study").name)


def test_two_tuners_of_one_name_differ_by_it():
    import time

    one = tuner_of(tuner_name="study")
    time.sleep(0.002)
    assert tuner_of(tuner_name="study").name != one.name


def test_a_name_is_used_as_it_is_by_wish():
    tuner = tuner_of(tuner_name="study", suffix_tuner_name=False)
    assert tuner.name == "study"
    assert tuner.tuner_path == Path(os.environ["SYNECORE_FOLDER"]) / "study"


def test_a_name_that_is_used_as_it_is_must_be_new():
    tuner_of(tuner_name="study", suffix_tuner_name=False).run()
    with pytest.raises(ExperimentError) as error:
        tuner_of(tuner_name="study", suffix_tuner_name=False).run()
    folder = Path(os.environ["SYNECORE_FOLDER"]) / "study"
    assert str(error.value) == (
        f"experiment 'study' exists already in {folder}; resume it (`synecore resume study`), "
        "choose another tuner_name, or leave suffix_tuner_name=True"
    )


def test_the_default_name_is_the_scripts(tmp_path):
    script = tmp_path / "train_height.py"
    script.write_text("")
    backend = make_backend("local", entry_point=script)
    assert re.fullmatch(f"train-height-{STAMP}", tuner_of(backend=backend).name)


def test_without_a_script_it_is_the_schedulers():
    assert re.fullmatch(f"fifo-{STAMP}", tuner_of().name)
    scripted = ScriptedScheduler(Problem.create(SPACE, metric="loss"), [])
    assert tuner_of(scheduler=scripted, suffix_tuner_name=False).name == "ScriptedScheduler"


def test_long_names_are_cut_and_keep_their_stamp():
    name = tuner_of(tuner_name="a" * 100).name
    assert len(name) == MAX_LENGTH
    assert re.fullmatch(f"a+-{STAMP}", name)


def test_the_environment_decides_where_experiments_lie(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNECORE_FOLDER", str(tmp_path / "elsewhere"))
    tuner = tuner_of(tuner_name="study", suffix_tuner_name=False)
    assert tuner.run().path == tmp_path / "elsewhere" / "study"


# ---- a run -------------------------------------------------------------------------------


def test_a_run_leaves_the_documented_files():
    experiment = tuner_of().run()
    names = {path.name for path in experiment.path.iterdir()}
    assert {"metadata.json", "results.csv.zip", "journal.jsonl"} <= names
    assert not any(name.endswith((".tmp", ".lock")) for name in names)


def test_nothing_on_disk_is_a_pickle():
    experiment = tuner_of().run()
    for path in experiment.path.rglob("*"):
        if path.is_file():
            assert path.suffix in (".json", ".jsonl", ".npz", ".zip"), path
            assert path.read_bytes()[:1] != b"\x80"


def test_the_run_returns_its_experiment():
    tuner = tuner_of()
    experiment = tuner.run()
    assert (experiment.name, experiment.path) == (tuner.name, tuner.tuner_path)
    assert Experiment.open(tuner.name).metadata == json.loads(json.dumps(experiment.metadata))


def test_the_folder_is_locked_while_it_runs():
    locked = []

    class Looks:
        def events(self, experiment, events):
            locked.append(is_running(experiment.folder))

    tuner = tuner_of(callbacks=[Looks()])
    tuner.run()
    assert all(locked)
    assert not is_running(tuner.tuner_path)


def test_a_folder_that_another_tuner_writes_is_left_alone():
    tuner = tuner_of()
    tuner.run()
    tuner.stop_criterion = StoppingCriterion(max_num_trials_finished=9)
    with (
        FolderLock(tuner.tuner_path),
        pytest.raises(ExperimentError, match="is being written by process"),
    ):
        tuner.run()
    assert tuner.tuning_status.num_trials_finished == 2


class Opens(InlineBackend):
    def __init__(self, **options):
        super().__init__(losses, on_disk=False)
        self.said = []
        self.fails = options

    def open(self, run):
        self.said.append(("open", run))
        if "open" in self.fails:
            raise OptionError(self.fails["open"])
        super().open(run)

    def poll(self, timeout):
        if "poll" in self.fails:
            raise RuntimeError(self.fails["poll"])
        return super().poll(timeout)

    def close(self):
        self.said.append(("close",))
        super().close()
        if "close" in self.fails:
            raise RuntimeError(self.fails["close"])


def test_a_backend_is_opened_with_the_facts_of_the_run():
    backend = Opens()
    tuner = tuner_of(backend=backend, n_workers=3)
    tuner.run()
    (_, context), closed = backend.said
    assert closed == ("close",)
    assert context.folder == tuner.tuner_path
    assert context.problem is tuner.scheduler.problem
    assert (context.n_workers, context.decides, context.now) == (3, "milestones", 0.0)
    assert context.running == ()
    assert context.seed.entropy == 0  # the scheduler's


class Killed(BaseException):
    """Nothing is cleaned up."""


class Told(InlineBackend):
    """Notes what it is told to end and to delete; dies of it by wish."""

    def __init__(self, *, dies=False):
        super().__init__(losses, n_reports=2)
        self.dies, self.told = dies, []

    def stop(self, trial, *, keep_checkpoint):
        self._hear(("stop", trial, keep_checkpoint))
        super().stop(trial, keep_checkpoint=keep_checkpoint)

    def delete_checkpoint(self, trial):
        self._hear(("delete_checkpoint", trial))

    def _hear(self, call):
        if self.dies:
            raise Killed
        self.told.append(call)


def test_what_the_last_tuner_may_not_have_said_is_said_again():
    """It died between storing its decisions and telling the backend."""

    def script():
        def on_end(trial, status, trials):
            return [DropCheckpoint(0), Stop(1), Pause(2)] if trial == 0 else []

        # The first trial has one report only.
        starts = [
            [Start(np.array([x]), until=until)] for x, until in ((0.1, 1), (0.2, 2), (0.3, 2))
        ]
        problem = Problem.create(SPACE, metric="loss")
        return ScriptedScheduler(problem, starts, on_end=on_end)

    tuner = tuner_of(backend=Told(dies=True), scheduler=script(), n_workers=3)
    with pytest.raises(Killed):
        tuner.run()
    statuses = Experiment.open(tuner.name).table().trial("status").tolist()
    assert statuses == [Status.COMPLETED, Status.STOPPING, Status.STOPPING]
    backend = Told()
    resumed = Tuner.resume(
        tuner.name, scheduler=script(), trial_backend=backend, display="none",
        stop_criterion=StoppingCriterion(),
    )  # fmt: skip
    resumed.run()
    said = [("stop", 1, False), ("stop", 2, True), ("delete_checkpoint", 0)]
    assert [call for call in backend.told if call in said][-3:] == said
    statuses = resumed.tuning_status.table.trial("status").tolist()
    assert statuses == [Status.COMPLETED, Status.STOPPED, Status.PAUSED]


def test_the_backend_may_keep_its_files_elsewhere(tmp_path):
    backend = Opens()
    tuner_of(backend=backend, trial_backend_path=tmp_path / "scratch").run()
    assert backend.said[0][1].folder == tmp_path / "scratch"


class Ends:
    def __init__(self):
        self.reasons = []

    def experiment_end(self, experiment, reason):
        self.reasons.append(reason)


@pytest.mark.parametrize("where", ["open", "poll"])
def test_a_failure_closes_everything_and_is_told(where):
    backend, ends = Opens(**{where: "no room"}), Ends()
    tuner = tuner_of(backend=backend, callbacks=[ends])
    kind = OptionError if where == "open" else RuntimeError
    with pytest.raises(kind, match="no room"):
        tuner.run()
    assert backend.said[-1] == ("close",)
    assert ends.reasons == [f"{kind.__name__}: no room"]
    assert not is_running(tuner.tuner_path)
    with pytest.raises(ExperimentError) as error:
        tuner.run()
    assert str(error.value) == (
        f"the last run of '{tuner.name}' failed ({kind.__name__}: no room); "
        f"use Tuner.resume('{tuner.name}')"
    )


def test_a_failure_is_not_hidden_by_another_one_at_closing(caplog):
    tuner = tuner_of(backend=Opens(poll="no room", close="nor a door"))
    with pytest.raises(RuntimeError, match="no room"):
        tuner.run()
    assert "the backend could not be closed" in caplog.text
    with pytest.raises(RuntimeError, match="nor a door"):
        tuner_of(backend=Opens(close="nor a door")).run()


@pytest.mark.parametrize(
    ("criterion", "reason"),
    [
        (TWO, "max_num_trials_finished=1"),
        (lambda status: status.num_trials_started > 3, "<lambda>"),
    ],
)
def test_the_reason_of_the_end_is_told(criterion, reason):
    ends = Ends()
    tuner_of(criterion=criterion, callbacks=[ends]).run()
    assert ends.reasons == [reason]


def test_a_tuner_runs_outside_the_main_thread():
    tuner = tuner_of()
    found = []
    thread = threading.Thread(target=lambda: found.append(tuner.run()))
    thread.start()
    thread.join(timeout=20)
    assert found[0].path == tuner.tuner_path


# ---- results -----------------------------------------------------------------------------


def test_the_best_configuration_by_index_and_by_name():
    scheduler = make_scheduler(
        "fifo", SPACE, metric=["loss", "accuracy"], mode=["min", "max"], random_seed=0
    )
    tuner = tuner_of(
        lambda c, r: {"loss": c["x"], "accuracy": c["x"]}, scheduler=scheduler,
        criterion=StoppingCriterion(max_num_trials_finished=8),
    )  # fmt: skip
    tuner.run()
    configs = tuner.tuning_status.table.configs
    by_x = sorted(range(len(configs)), key=lambda trial: configs[trial]["x"])
    assert tuner.best_config() == (by_x[0], configs[by_x[0]])
    assert tuner.best_config("loss") == tuner.best_config(0)
    assert tuner.best_config("accuracy") == (by_x[-1], configs[by_x[-1]])
    assert tuner.best_config(1) == tuner.best_config("accuracy")
    assert tuner.metric_mode() == ["min", "max"]


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("los", "metric 'los' is no objective of the experiment: loss"),
        (1, "metric 1 is out of range; the objectives are loss"),
        (-1, "metric -1 is out of range; the objectives are loss"),
    ],
)
def test_the_best_of_something_else(metric, said):
    tuner = tuner_of()
    tuner.run()
    with pytest.raises(OptionError) as error:
        tuner.best_config(metric)
    assert str(error.value) == said


def test_there_is_no_best_before_a_finite_value():
    with pytest.raises(ExperimentError) as error:
        tuner_of().best_config()
    assert str(error.value) == "no trial has reported a finite, feasible 'loss' yet"


def test_the_caller_may_change_what_is_returned():
    tuner = tuner_of()
    tuner.run()
    _, config = tuner.best_config()
    config["x"] = 99.0
    assert tuner.best_config()[1]["x"] != 99.0
