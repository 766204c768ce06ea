from __future__ import annotations

import pytest

from synecore import Tuner, make_scheduler
from synecore.errors import ExperimentError
from synecore.space import uniform
from synecore.testing import InlineBackend
from synecore.tuning.explain import in_words, last_error, life_of
from synecore.tuning.stopping import StoppingCriterion


def run(evaluate=None, *, n=6, backend=None, settings=None, **options):
    scheduler = make_scheduler(
        "asha", {"x": uniform(0, 1), "epochs": 9}, metric="loss", resource_attr="epoch",
        max_resource_attr="epochs", random_seed=3, **options,
    )  # fmt: skip
    evaluate = evaluate or (lambda c, r: {"loss": c["x"] + 1 / r, "epoch": r})
    return Tuner(
        InlineBackend(evaluate, **(backend or {})), scheduler,
        StoppingCriterion(max_num_trials_finished=n), 2, tuner_name="told",
        suffix_tuner_name=False, display="none", **(settings or {}),
    ).run()  # fmt: skip


def texts(experiment, trial):
    return [step.text for step in life_of(experiment, trial)]


def test_start_update_and_completion():
    assert texts(run(), 0) == [
        "started with x=0.5, epochs=9: one of the start points (points_to_evaluate)",
        "goes on to 3 after epoch=1, loss=1.5: rank 1 of 1 at rung 1, too few values there for a "
        "cutoff yet, value 1.5",
        "goes on to 9 after epoch=3, loss=0.833333: rank 1 of 1 at rung 3, too few values there "
        "for a cutoff yet, value 0.833333",
        "ended, completed",
        "last report: epoch=9, loss=0.611111",
    ]


def test_a_stop_with_its_rank_and_cutoff():
    experiment = run()
    lines = texts(experiment, 1)
    x = experiment.table().configs[1]["x"]
    assert lines == [
        f"started with x={x}, epochs=9: drawn at random",
        f"stopped after epoch=1, loss={x + 1:.6g}: rank 2 of 2 at rung 1, cutoff "
        f"{1.5 + (x - 0.5) / 3:.6g}, value {x + 1:.6g}",
        "ended, stopped",
        f"last report: epoch=1, loss={x + 1:.6g}",
    ]


def test_a_pause_by_its_end_and_a_promotion():
    experiment = run(type="promotion", n=3)
    x = experiment.table().configs[1]["x"]
    assert texts(experiment, 0)[:4] == [
        "started with x=0.5, epochs=9: one of the start points (points_to_evaluate)",
        "ended, paused",
        f"resumed, to run until 3: rank 1 of 2 at rung 1, promoted to 3, cutoff "
        f"{1.5 + (x - 0.5) / 3:.6g}, value 1.5",
        "ended, paused",
    ]


def test_a_pause_that_the_scheduler_decided():
    scheduler = make_scheduler(
        "asha", {"x": uniform(0, 1)}, metric="loss", resource_attr="epoch", max_t=9,
        type="promotion", random_seed=3,
    )  # fmt: skip
    backend = InlineBackend(lambda c, r: {"loss": c["x"] + 1 / r, "epoch": r}, honours_until=False)
    experiment = Tuner(
        backend, scheduler, StoppingCriterion(max_num_trials_finished=1), 2, tuner_name="told",
        suffix_tuner_name=False, display="none",
    ).run()  # fmt: skip
    lines = texts(experiment, 0)
    assert lines[1].startswith("paused after epoch=1, loss=1.5")
    assert lines[2] == "ended, paused"


def test_a_retry_and_a_failure():
    def fail(config, resource):
        if config["x"] != 0.5:
            raise ValueError("no such data")
        return {"loss": config["x"], "epoch": resource}

    experiment = run(fail, n=1, settings={"max_retries": 1, "max_failures": 9})
    lines = texts(experiment, 1)
    assert lines[1].startswith("attempt 1: begun again, since Traceback")
    assert lines[1].rstrip().endswith("ValueError: no such data")
    assert lines[2].startswith("ended, failed: Traceback")
    assert "ValueError: no such data" in last_error(experiment, 1)
    assert last_error(experiment, 0) == ""


def test_a_report_that_fails_its_trial():
    experiment = run(
        lambda c, r: {"los" if c["x"] != 0.5 else "loss": 1.0, "epoch": r}, n=0,
        settings={"max_failures": 9},
    )  # fmt: skip
    lines = texts(experiment, 1)
    assert lines[1].startswith("failed by the tuner: error metric 'loss' is not in the report")
    assert "metric 'loss' is not in the report" in last_error(experiment, 1)


def test_the_end_of_the_run_stops_what_runs():
    experiment = run(n=0)
    (stopped, *_) = [
        line for trial in range(experiment.table().n_trials) for line in texts(experiment, trial)
        if "by the tuner" in line
    ]  # fmt: skip
    assert stopped.startswith("stopped by the tuner: stop_criterion")
    assert stopped.endswith("reason max_num_trials_finished=0")


@pytest.mark.parametrize("trial", [99, -1])
def test_an_unknown_trial(trial):
    experiment = run(n=0)
    n = experiment.table().n_trials
    with pytest.raises(ExperimentError) as error:
        life_of(experiment, trial)
    assert str(error.value) == f"experiment 'told' has no trial {trial}; it has {n}, from 0"


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ({}, ""),
        ({"source": "user"}, "the user asked for it"),
        ({"source": "somewhere", "gain_of": 0.25}, "somewhere, gain of 0.25"),
        ({"rank": 7, "of": 12, "rung": 9, "value": 0.4, "cutoff": 0.31},
         "rank 7 of 12 at rung 9, value 0.4, cutoff 0.31"),
        ({"rank": 1, "of": 1, "rung": 1, "cutoff": None},
         "rank 1 of 1 at rung 1, too few values there for a cutoff yet"),
        ({"rank": 3}, "rank 3"),
    ],
)  # fmt: skip
def test_figures_in_words(why, text):
    assert in_words(why) == text


def test_steps_are_in_order_of_time_and_blocks_are_read_too():
    experiment = run(backend={"blocks": True})
    for trial in range(experiment.table().n_trials):
        steps = life_of(experiment, trial)
        assert [s.at for s in steps] == sorted(s.at for s in steps)
        assert steps[-1].text.startswith("last report: epoch=")
        assert (
            steps[0].to_json() == {"at": 0.0, "text": steps[0].text, "why": steps[0].why} or trial
        )
