from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import synecore
from synecore import Tuner, make_backend, make_scheduler
from synecore.actions import Status
from synecore.errors import ExperimentError, OptionError, UnknownComponentError
from synecore.space import loguniform, uniform
from synecore.tuning.onecall import scheduler_for
from synecore.tuning.stopping import StoppingCriterion

SPACE = {"lr": loguniform(1e-4, 1.0), "epochs": 9}
SCRIPT = """
from argparse import ArgumentParser
from synecore import Reporter
parser = ArgumentParser()
parser.add_argument("--lr", type=float)
args, _ = parser.parse_known_args()
Reporter()(loss=args.lr)
"""


STAMP = r"-\d{4}(-\d\d){5}-\d{3}"


def _local_function() -> Callable[..., None]:
    """A function that goes to its trials by value: they need not import this module."""

    def train_height(lr: float, epochs: int) -> None:
        from synecore import Reporter

        report = Reporter()
        for epoch in range(1, epochs + 1):
            report(epoch=epoch, loss=lr / epoch)

    return train_height


train_height = _local_function()


def tune(trainable: Any, space: Any = SPACE, **options: Any) -> synecore.Experiment:
    defaults = {"metric": "loss", "method": "random", "display": "none", "random_seed": 0}
    if "stop_criterion" not in options:
        defaults["max_num_trials_finished"] = 3
    return synecore.tune(trainable, space, **{**defaults, **options})


def tuner_of(backend: Any, **options: Any) -> Tuner:
    scheduler = make_scheduler("fifo", SPACE, metric="loss", random_seed=0)
    return Tuner(backend, scheduler, StoppingCriterion(max_num_trials_finished=1), **options)


# ---- a function ---------------------------------------------------------------------------


def test_successive_halving_of_a_function():
    experiment = tune(
        train_height, method="asha", resource_attr="epoch", max_resource_attr="epochs",
        max_num_trials_finished=8, n_workers=2,
    )  # fmt: skip
    rows = list(experiment.rows())
    assert all(row["loss"] == row["config_lr"] / row["epoch"] for row in rows)
    assert experiment.best_config()["loss"] == min(row["loss"] for row in rows)
    statuses = set(experiment.table().trial("status"))
    assert {Status.COMPLETED, Status.STOPPED} <= statuses, "some are stopped at a rung"
    assert (experiment.trial_path(0) / "std.out").read_text().count("[tune-metric]:") >= 1


def test_promoted_functions_may_return_the_metric():
    experiment = tune(
        lambda lr, epochs: lr / epochs, method="asha", type="promotion", max_resource_attr="epochs",
        resource_attr="epoch", max_num_trials_finished=1,
    )  # fmt: skip
    rows = list(experiment.rows())
    assert {row["epoch"] for row in rows} == {1, 3, 9}
    assert all(row["loss"] == row["config_lr"] / row["epoch"] for row in rows)


def test_a_function_that_returns_the_metric():
    experiment = tune(lambda x: (x - 0.25) ** 2, {"x": uniform(0.0, 1.0)}, n_workers=2)
    assert {row["loss"] for row in experiment.rows()} >= {(0.5 - 0.25) ** 2}


def test_an_experiment_is_named_after_its_function():
    experiment = tune(train_height, max_num_trials_finished=1)
    assert re.fullmatch(f"train-height{STAMP}", experiment.name)
    assert experiment.metadata["entry_point_name"] == "train_height"
    tuner = tuner_of(make_backend("python", tune_function=lambda lr: lr))
    assert re.fullmatch(f"lambda{STAMP}", tuner.name)


def test_going_on_needs_the_function_again():
    experiment = tune(train_height)
    with pytest.raises(ExperimentError) as caught:
        Tuner.resume(experiment.name)
    assert str(caught.value).endswith(
        "train_height, which no file can keep; build the backend again in Python and "
        'pass it, as in Tuner.resume(name, trial_backend=make_backend("python", '
        "tune_function=...))."
    )
    before = experiment.table().n_trials
    Tuner.resume(
        experiment.name,
        trial_backend=make_backend("python", tune_function=train_height),
        stop_criterion=StoppingCriterion(max_num_trials_finished=5),
        display="none",
    ).run()
    rows = list(synecore.Experiment.open(experiment.name).rows())
    assert before < len({row["trial_id"] for row in rows})
    assert all(row["loss"] == row["config_lr"] / row["epoch"] for row in rows)


# ---- a script -----------------------------------------------------------------------------


def test_a_script_is_tuned_and_names_its_experiment(tmp_path: Path):
    script = tmp_path / "train_height.py"
    script.write_text(SCRIPT)
    experiment = tune(script, max_num_trials_finished=1)
    assert re.fullmatch(f"train-height{STAMP}", experiment.name)
    assert experiment.metadata["entry_point_name"] == "train_height"
    assert experiment.metadata["entry_point_path"] == str(script)
    assert all(row["loss"] == row["config_lr"] for row in experiment.rows())
    backend = make_backend("local", entry_point=str(script))
    tuner = tuner_of(backend, suffix_tuner_name=False)
    assert tuner.name == tuner.tuner_path.name == "train-height"


def test_options_of_the_backend(tmp_path: Path):
    script = tmp_path / "train.py"
    script.write_text("import sys; print('[tune-metric]: {\"loss\": %d}' % len(sys.argv))")
    given = {"pass_args_as_json": True}
    (row, *_) = tune(script, backend="local", backend_options=given).rows()
    assert row["loss"] == 5  # the script and two options, whatever the space has


# ---- what is wrong ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"stop_criterion": None}, "say when to stop, as in max_wallclock_time=60"),
        (
            {"stop_criterion": lambda status: True, "max_wallclock_time": 5},
            "give stop_criterion or max_wallclock_time, not both",
        ),
        ({"max_wallclock_tme": 5}, "unknown option 'max_wallclock_tme'"),
        ({"backend_options": {"stop_grase": 1}}, "did you mean 'stop_grace'?"),
        ({"n_workers": 0}, "'n_workers' must be an integer >= 1, got 0"),
    ],
)
def test_wrong_calls_are_explained(options: dict[str, Any], text: str):
    with pytest.raises(OptionError, match=re.escape(text)):
        tune(train_height, **options)


def test_options_beside_a_ready_scheduler_are_refused():
    ready = make_scheduler("fifo", SPACE, metric="loss", random_seed=0)
    with pytest.raises(OptionError, match=r"unknown option\(s\) random_seed; a scheduler object"):
        tune(train_height, method=ready)


def test_a_space_is_needed_for_a_method_by_name():
    with pytest.raises(OptionError, match="method 'asha' needs a configuration space"):
        scheduler_for("asha", None, metric="loss")


def test_an_unknown_method_lists_searchers_too():
    with pytest.raises(UnknownComponentError) as caught:
        tune(train_height, method="rundom")
    assert "Searchers, usable as methods too: " in str(caught.value)
    assert "random" in str(caught.value)


def test_a_function_with_an_argument_too_many_runs_no_trial():
    with pytest.raises(OptionError, match="needs the argument"):
        tune(lambda learning_rate: 0.0)


def test_a_cheap_function_is_called_in_this_process():
    processes = set()

    def loss(x):
        processes.add(os.getpid())
        return (x - 0.5) ** 2

    tune(loss, {"x": uniform(0, 1)}, metric="loss", in_process=True)
    assert processes == {os.getpid()}


def test_a_script_cannot_run_in_this_process(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    with pytest.raises(OptionError, match="in_process"):
        tune(script, {"lr": uniform(0, 1)}, in_process=True)
