from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from synecore import Tuner, make_scheduler
from synecore.errors import OptionError
from synecore.plugins.registry import default_registry
from synecore.space import choice, uniform
from synecore.testing import InlineBackend
from synecore.tuning.stopping import StoppingCriterion
from synecore_tensorboard import TensorboardCallback
from synecore_tensorboard.callback import output_folder


def evaluate(config, resource):
    return {
        "epoch": resource, "loss": config["x"] + 1 / resource, "accuracy": 1 - config["x"],
        "note": "text", "list": [1.0], "good": config["x"] < 0.5, "nan": float("nan"),
    }  # fmt: skip


def tuner(*callbacks, n=8, name="seen", backend=None, metric="loss", **settings):
    space = {"x": uniform(0, 1), "act": choice(["relu", "tanh"]), "epochs": 9}
    scheduler = make_scheduler(
        "asha", space, metric=metric, resource_attr="epoch", max_resource_attr="epochs",
        random_seed=3, type="promotion",
    )  # fmt: skip
    return Tuner(
        InlineBackend(evaluate, **(backend or {})), scheduler,
        StoppingCriterion(max_num_evaluations=n), 2, tuner_name=name, suffix_tuner_name=False,
        display="none", callbacks=list(callbacks), **settings,
    )  # fmt: skip


def without_times(runs):
    """Two runs of the same seed begin at other times."""
    for events in runs.values():
        for event in events:
            event.wall_time = 0
            for value in event.summary.value:
                value.metadata.plugin_data.content = b""
    return runs


def test_curves_are_the_reports_on_record(runs_of, curves):
    experiment = tuner(TensorboardCallback(["accuracy"]), n=30).run()
    runs = runs_of(output_folder(experiment.path))
    rows = list(experiment.rows())
    reported = {f"trial-{row['trial_id']}" for row in rows}
    assert reported < set(runs)
    for name in reported:
        own = [row for row in rows if f"trial-{row['trial_id']}" == name]
        found = curves(runs[name])
        assert found["loss"] == [(r["epoch"], pytest.approx(r["loss"])) for r in own]
        assert [value for _, value in found["good"]] == [float(row["good"]) for row in own]
        assert set(found) == {"epoch", "loss", "good", "nan"}


def test_the_last_point_of_the_best_is_the_best_configuration(runs_of, curves):
    experiment = tuner("tensorboard", n=30).run()
    best = experiment.best_config()
    found = curves(runs_of(output_folder(experiment.path))["best"])
    assert found["best/loss"][-1][1] == pytest.approx(best["loss"])
    assert found["best_config/x"][-1][1] == pytest.approx(best["config_x"])
    assert found["best/loss"][-1][0] == len(list(experiment.rows()))


def test_a_target_of_ones_own_and_its_mode(runs_of, curves):
    callback = TensorboardCallback(target_metric="accuracy", mode="max")
    experiment = tuner(callback, n=30).run()
    found = curves(runs_of(output_folder(experiment.path))["best"])
    most = max(row["accuracy"] for row in experiment.rows())
    assert found["best/accuracy"][-1][1] == pytest.approx(most)
    assert "best/loss" not in found


def test_every_objective_has_its_best(runs_of, curves):
    scheduler = make_scheduler(
        "fifo", {"x": uniform(0, 1)}, metric=["loss", "accuracy"], mode=["min", "max"],
        random_seed=0,
    )  # fmt: skip
    experiment = Tuner(
        InlineBackend(evaluate), scheduler, StoppingCriterion(max_num_evaluations=9),
        display="none", callbacks=["tensorboard"],
    ).run()  # fmt: skip
    found = curves(runs_of(output_folder(experiment.path))["best"])
    rows = list(experiment.rows())
    assert found["best/loss"][-1][1] == pytest.approx(min(row["loss"] for row in rows))
    assert found["best/accuracy"][-1][1] == pytest.approx(max(row["accuracy"] for row in rows))


@pytest.mark.parametrize("checkpoints", [True, False])
def test_a_resumed_run_has_the_history_of_an_uninterrupted_one(runs_of, curves, checkpoints):
    backend = {"checkpoints": checkpoints, "late_reports": 1}
    whole = tuner("tensorboard", n=30, name="whole", backend=backend).run()
    first = tuner("tensorboard", n=10, name="parts", backend=backend).run()
    for n in (20, 30):
        Tuner.resume(
            "parts", trial_backend=InlineBackend(evaluate, **backend), display="none",
            stop_criterion=StoppingCriterion(max_num_evaluations=n),
        ).run()  # fmt: skip
    runs = runs_of(output_folder(first.path))
    assert len(list(first.rows())) > 25
    for name, events in runs.items():
        for points in curves(events).values():
            steps = [step for step, _ in points]
            assert steps == sorted(set(steps)), name
    # The first part ended its running trials, so the two histories part ways from there.
    early = [e for e in without_times(runs)["trial-0"]][:2]
    assert early == without_times(runs_of(output_folder(whole.path)))["trial-0"][:2]


def test_a_callback_given_for_the_first_time_on_resumption_tells_the_whole_history(runs_of):
    tuner("tensorboard", n=10, name="always").run()
    tuner(n=10, name="late").run()
    for name in ("always", "late"):
        going_on = Tuner.resume(
            name, trial_backend=InlineBackend(evaluate), display="none",
            stop_criterion=StoppingCriterion(max_num_evaluations=20),
            callbacks=[TensorboardCallback()],
        )  # fmt: skip
        experiment = going_on.run()
        found = without_times(runs_of(output_folder(experiment.path)))
        if name == "always":
            always = found
    assert found == always


def test_running_the_same_tuner_again_goes_on(runs_of, curves):
    running = tuner("tensorboard", n=5)
    running.run()
    running.stop_criterion = StoppingCriterion(max_num_evaluations=15)
    experiment = running.run()
    runs = runs_of(output_folder(experiment.path))
    told = sum(len(curves(events).get("loss", [])) for run, events in runs.items() if run != "best")
    assert told == len(list(experiment.rows()))


KILLED = """
import os, signal, sys
from synecore import Tuner, make_scheduler
from synecore.space import uniform
from synecore.testing import InlineBackend
from synecore.tuning.stopping import StoppingCriterion

class Kill:
    n = 0

    def events(self, experiment, events):
        self.n += 1
        if self.n == 25:
            os.kill(os.getpid(), signal.SIGKILL)

def evaluate(config, resource):
    return {"epoch": resource, "loss": config["x"] + 1 / resource}

Tuner(
    InlineBackend(evaluate),
    make_scheduler("asha", {"x": uniform(0, 1), "epochs": 9}, metric="loss",
                   resource_attr="epoch", max_resource_attr="epochs", random_seed=0),
    StoppingCriterion(max_num_evaluations=60), 2, tuner_name="killed", suffix_tuner_name=False,
    display="none", callbacks=CALLBACKS,
).run()
"""


@pytest.mark.parametrize("order", ["['tensorboard', Kill()]", "[Kill(), 'tensorboard']"])
def test_a_killed_run_loses_nothing_and_doubles_nothing(runs_of, curves, order):
    """Killed after the tick was written, or before: the journal has it either way."""
    code = KILLED.replace("CALLBACKS", order)
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode == -9, done.stderr.decode()

    def evaluate(config, resource):
        return {"epoch": resource, "loss": config["x"] + 1 / resource}

    experiment = Tuner.resume(
        "killed", trial_backend=InlineBackend(evaluate), display="none",
        callbacks=["tensorboard"],
    ).run()  # fmt: skip
    runs = runs_of(output_folder(experiment.path))
    rows = list(experiment.rows())
    told = [
        (name, step) for name, events in runs.items() if name != "best"
        for step, _ in curves(events).get("loss", [])
    ]  # fmt: skip
    assert sorted(told) == sorted((f"trial-{r['trial_id']}", r["epoch"]) for r in rows)


def test_it_is_built_again_by_name_when_a_run_is_resumed(runs_of):
    experiment = tuner({"name": "tensorboard", "log_hyperparameters": False}, n=5).run()
    assert "best" in runs_of(output_folder(experiment.path))
    (recorded,) = json.loads((experiment.path / "metadata.json").read_text())["components"][
        "callbacks"
    ]
    assert recorded["name"] == "tensorboard"
    resumed = Tuner.resume("seen", trial_backend=InlineBackend(evaluate), display="none")
    (callback,) = resumed.callbacks
    assert isinstance(callback, TensorboardCallback)
    assert callback.log_hyperparameters is False


def test_a_folder_that_cannot_be_written_does_not_end_the_run(monkeypatch, caplog, tmp_path):
    monkeypatch.setattr(default_registry(), "strict", False)  # CI turns logged failures into errors
    running = tuner("tensorboard", n=5)
    running.tuner_path.mkdir(parents=True)
    output_folder(running.tuner_path).write_text("in the way")
    experiment = running.run()
    assert len(list(experiment.rows())) >= 5
    assert "TensorboardCallback" in caplog.text


def test_a_mode_that_is_none_is_refused_at_once():
    with pytest.raises(OptionError, match=r"^TensorboardCallback: 'mode' must be 'min' or 'max'"):
        TensorboardCallback(mode="maximise")


def test_naming_the_component_imports_no_protocol_buffers():
    code = (
        "import sys, synecore_tensorboard, synecore_tensorboard.plugin\n"
        "assert 'tensorboardX' not in sys.modules and 'google.protobuf' not in sys.modules\n"
        "assert 'TensorboardCallback' in dir(synecore_tensorboard)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))
