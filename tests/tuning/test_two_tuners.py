from __future__ import annotations

import json

import pytest

from synecore import Experiment, StoppingCriterion, Tuner, make_scheduler
from synecore.errors import ExperimentError, OptionError
from synecore.space import uniform
from synecore.testing import InlineBackend


def loss(config, resource):
    return {"loss": config["x"] / resource}


def tuner_for(n_trials: int, **options) -> Tuner:
    scheduler = make_scheduler("fifo", {"x": uniform(0, 1)}, metric="loss", random_seed=0)
    return Tuner(
        InlineBackend(loss), scheduler, StoppingCriterion(max_num_trials_finished=n_trials),
        display="none", **options,
    )  # fmt: skip


def go_on(name: str, n_trials: int) -> Tuner:
    tuner = Tuner.resume(
        name, trial_backend=InlineBackend(loss), display="none",
        stop_criterion=StoppingCriterion(max_num_trials_finished=n_trials),
    )  # fmt: skip
    tuner.run()
    return tuner


def test_a_tuner_refuses_to_go_on_where_another_one_did():
    first = tuner_for(2)
    first.run()
    second = go_on(first.name, 5)
    first.stop_criterion = StoppingCriterion(max_num_trials_finished=9)
    with pytest.raises(ExperimentError, match=r"another tuner went on.*use Tuner\.resume\("):
        first.run()
    table = Experiment.open(first.name).table()  # unharmed
    assert table.n_trials == second.tuning_status.num_trials_started
    assert go_on(first.name, 9).tuning_status.num_trials_finished > 9


def test_a_tuner_goes_on_with_what_it_ran_itself():
    tuner = tuner_for(2)
    tuner.run()
    tuner.stop_criterion = StoppingCriterion(max_num_trials_finished=5)
    tuner.run()
    assert tuner.tuning_status.num_trials_finished > 5
    assert Experiment.open(tuner.name).table().n_trials == tuner.tuning_status.num_trials_started


def test_a_scheduler_object_runs_one_experiment():
    first = tuner_for(2)
    first.run()
    again = Tuner(
        InlineBackend(loss), first.scheduler, StoppingCriterion(max_num_trials_finished=2),
        display="none",
    )  # fmt: skip
    with pytest.raises(ExperimentError, match=f"has run '{first.name}' already.*make another"):
        again.run()
    assert not again.tuner_path.exists()


@pytest.mark.parametrize("key", ["name", "format", "st_tuner_creation_timestamp", "metric_names"])
def test_metadata_of_the_user_hides_nothing(key):
    with pytest.raises(OptionError, match=f"metadata key.*'{key}' are set automatically"):
        tuner_for(1, metadata={key: "x", "tag": "y"}).run()


def test_metadata_of_the_user_is_there_from_the_start():
    seen = []

    class Look:
        def experiment_start(self, experiment):
            seen.append(json.loads((experiment.folder / "metadata.json").read_text()))

    tuner_for(1, metadata={"tag": "y"}, callbacks=[Look()]).run()
    assert seen[0]["tag"] == "y"
