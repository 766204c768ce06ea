from __future__ import annotations

import json

import pytest

from synecore import Experiment
from synecore.tuning.explain import life_of


def test_every_step_is_a_line_with_its_time(study, synecore):
    study()
    stopped = 0
    for trial in range(Experiment.open("study").table().n_trials):
        code, out, err = synecore("why", "study", str(trial))
        steps = life_of(Experiment.open("study"), trial)
        assert (code, err) == (0, "")
        assert out.splitlines() == [f"{f'0:{int(s.at):02d}':>8}  {s.text}" for s in steps]
        stopped += "stopped after epoch=1, loss=" in out
    assert stopped >= 1


def test_the_figures_of_a_stop_as_json(study, synecore):
    study()
    table = Experiment.open("study").table()
    (trial, *_) = [t for t in range(table.n_trials) if table.status(t).name == "STOPPED"]
    steps = json.loads(synecore("why", "study", str(trial), "--json")[1])
    assert [set(step) for step in steps] == [{"at", "text", "why"}] * len(steps)
    assert steps[0]["why"] == {"source": "random"}
    (stop,) = [step for step in steps if step["text"].startswith("stopped")]
    assert set(stop["why"]) == {"rung", "rank", "of", "cutoff", "value"}
    assert stop["why"]["value"] > stop["why"]["cutoff"]


@pytest.mark.parametrize("trial", ["99", "-1"])
def test_an_unknown_trial_says_how_many_there_are(trial, study, synecore):
    n = study(n=2).tuning_status.num_trials_started
    message = f"experiment 'study' has no trial {trial}; it has {n}, from 0"
    assert synecore("why", "study", trial) == (1, "", f"synecore: {message}\n")


def test_a_trial_is_a_number(study, synecore):
    code, _, err = synecore("why", "study", "first")
    assert code == 2
    assert "argument trial: invalid int value: 'first'" in err
