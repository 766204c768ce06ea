from __future__ import annotations

import json
import time
from importlib.metadata import version
from pathlib import Path

import pytest

import synecore
from synecore import Experiment, Tuner, make_backend, make_scheduler
from synecore.errors import OptionError
from synecore.space import choice, uniform
from synecore.testing import InlineBackend
from synecore.tuning.stopping import StoppingCriterion


def tuner(backend=None, *, criterion=None, scheduler=None, **settings):
    scheduler = scheduler or make_scheduler(
        "fifo", {"x": uniform(0, 1), "k": choice(["a", "b"])}, metric=["loss", "time"],
        mode=["min", "max"], random_seed=11,
    )  # fmt: skip
    return Tuner(
        backend or InlineBackend(lambda c, r: {"loss": c["x"], "time": 1.0}), scheduler,
        criterion or StoppingCriterion(max_num_trials_finished=2), tuner_name="described",
        suffix_tuner_name=False, display="none", **settings,
    )  # fmt: skip


def written(**settings):
    path = tuner(**settings).run().path
    return json.loads((path / "metadata.json").read_text())


def test_the_documented_keys_are_there():
    before = time.time()
    metadata = written()
    assert before <= metadata["st_tuner_creation_timestamp"] <= time.time()
    assert metadata["metric_names"] == ["loss", "time"]
    assert metadata["metric_mode"] == ["min", "max"]
    assert metadata["scheduler_name"] == "fifo"
    assert metadata["entry_point_name"] is None
    assert metadata["entry_point_path"] is None
    assert metadata["backend"] == "InlineBackend"
    assert metadata["name"] == "described"
    assert metadata["ended"] == "max_num_trials_finished=2"
    assert set(metadata) == {
        "format", "name", "st_tuner_creation_timestamp", "metric_names", "metric_mode",
        "entry_point_name", "entry_point_path", "backend", "scheduler_name", "problem", "tags",
        "components", "store", "tuner", "stop_criterion", "versions", "ended",
    }  # fmt: skip


def test_a_script_is_named(tmp_path):
    script = tmp_path / "my_train.py"
    script.write_text("")
    metadata = written(
        backend=make_backend("local", entry_point=str(script)),
        criterion=StoppingCriterion(max_num_trials_started=0),
    )
    assert metadata["entry_point_name"] == "my_train"
    assert Path(metadata["entry_point_path"]) == script
    assert metadata["backend"] == "local"
    assert metadata["components"]["backend"]["options"]["entry_point"] == str(script)


def test_what_takes_part_is_on_record_with_versions():
    metadata = written()
    assert metadata["versions"] == {
        "synecore": synecore.__version__, "synecore-basic": version("synecore-basic")
    }  # fmt: skip
    spec = metadata["components"]["scheduler"]
    assert (spec["kind"], spec["name"], spec["distribution"]) == (
        "scheduler", "fifo", "synecore-basic"
    )  # fmt: skip
    assert spec["seed"] == 11
    assert spec["options"]["searcher"]["name"] == "random"
    assert metadata["components"]["backend"] is None


def test_the_problem_can_be_read_again():
    problem = Experiment.open(tuner().run().path).problem()
    assert [o.name for o in problem.objectives] == ["loss", "time"]
    assert problem.space.config_space == {"x": uniform(0, 1), "k": choice(["a", "b"])}


def test_settings_and_criterion():
    metadata = written(
        n_workers=3, max_failures=4, max_retries=2, asynchronous_scheduling=False,
        wait_trial_completion_when_stopping=True, save_tuner=False,
        criterion=StoppingCriterion(max_num_evaluations=2, min_metric_value={"loss": -1}),
        store={"name": "jsonl", "sync": "none"},
    )  # fmt: skip
    assert metadata["tuner"] == {
        "n_workers": 3, "max_failures": 4, "max_retries": 2, "asynchronous_scheduling": False,
        "wait_trial_completion_when_stopping": True, "save_tuner": False,
        "trial_backend_path": None, "retry_delay": 1.0, "start_jobs_without_delay": False,
    }  # fmt: skip
    assert metadata["stop_criterion"] == {
        "max_num_evaluations": 2, "min_metric_value": {"loss": -1}
    }  # fmt: skip
    assert metadata["store"] == {"name": "jsonl", "sync": "none"}


def test_a_callable_criterion_is_not_on_record():
    assert written(criterion=lambda status: status.num_trials_started > 1)["stop_criterion"] is None


def test_the_users_own_values_stand_beside():
    metadata = written(metadata={"tag": "mine", "nested": {"a": [1, None]}})
    assert (metadata["tag"], metadata["nested"]) == ("mine", {"a": [1, None]})
    assert Experiment.open("described").metadata == metadata


@pytest.mark.parametrize("key", ["metric_names", "versions", "scheduler_name", "name", "format",
                                 "st_tuner_creation_timestamp"])  # fmt: skip
def test_values_that_are_automatic_cannot_be_hidden(key):
    with pytest.raises(OptionError) as error:
        tuner(metadata={key: 1, "fine": 2}).run()
    assert str(error.value) == (
        f"Tuner: metadata key(s) '{key}' are set automatically; use other names"
    )


def test_values_that_are_no_json_are_refused():
    with pytest.raises(OptionError, match=r"^Tuner: metadata must consist of JSON values: .*set"):
        tuner(metadata={"mine": {1, 2}}).run()
    tuner().run()  # nothing was left behind that stands in the way
