"""The known problems are what they say they are."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from synecore.problem import Goal, Problem
from synecore.testing.problems import (
    CURVE_NOISE,
    all_problems,
    branin,
    conditional,
    curves,
    finite,
    noise,
    two_objectives,
    with_earlier_task,
    with_fidelity,
)

NAMES = [known.name for known in all_problems()]
each = pytest.mark.parametrize("known", all_problems(), ids=NAMES)


@each
def test_nothing_sampled_is_better_than_the_known_best(known):
    space = known.problem.space
    configs = space.decode(space.sample(300, np.random.default_rng(0)))
    objective = known.problem.objectives[0]
    sign = -1.0 if objective.goal is Goal.MAXIMIZE else 1.0
    for config in configs:
        metrics = known.evaluate(config, known.resource)
        feasible = all(
            metrics[c.name] >= c.bound if c.at_least else metrics[c.name] <= c.bound
            for c in known.problem.constraints
        )
        if feasible:
            assert sign * metrics[objective.name] >= sign * known.best - 1e-12


@each
def test_the_best_configuration_is_in_the_space_and_attains_the_best(known):
    space = known.problem.space
    assert space.contains(known.best_config)
    metrics = known.evaluate(known.best_config, known.resource)
    assert metrics[known.problem.objectives[0].name] == pytest.approx(known.best, abs=1e-9)


@each
def test_evaluations_are_the_same_each_time(known):
    config = known.problem.space.decode(known.problem.space.sample(1, np.random.default_rng(3)))[0]
    first = known.evaluate(config, 1)
    for name in ("epochs", "spare"):  # what a tuner may add does not change the outcome
        assert known.evaluate({**config, name: 5}, 1) == first


@each
def test_problems_survive_json(known):
    copy = Problem.from_json(known.problem.to_json(), tasks=known.problem.tasks)
    assert copy.to_json() == known.problem.to_json()


def test_the_finite_problem_is_counted_out():
    space = finite().problem.space
    assert space.size == 12
    found = {str(c) for c in space.decode(space.sample(500, np.random.default_rng(0)))}
    assert len(found) == 12


def test_noise_is_the_same_in_another_process():
    code = "from synecore.testing.problems import noise; print(repr(noise({'b': 1, 'a': 0.5}, 3)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) == noise({"a": 0.5, "b": 1}, 3)


def test_noise_is_spread_over_the_unit_interval():
    drawn = np.array([noise({"x": i}, r) for i in range(200) for r in range(10)])
    assert (drawn >= 0.0).all()
    assert (drawn < 1.0).all()
    counts, _ = np.histogram(drawn, bins=10, range=(0.0, 1.0))
    assert counts.min() > 150


def test_curves_fall_but_for_noise_and_cross():
    known = curves()
    slow = {"lr": 0.01, "width": 20, "dropout": 0.2, "optimizer": "adam"}
    fast = {"lr": 0.005, "width": 1, "dropout": 0.1, "optimizer": "adam"}
    for config in (slow, fast):
        losses = [known.evaluate(config, r)["loss"] for r in range(1, 10)]
        assert (np.diff(losses) < CURVE_NOISE).all()
    first = [known.evaluate(c, 1)["loss"] for c in (slow, fast)]
    last = [known.evaluate(c, 9)["loss"] for c in (slow, fast)]
    assert first[0] > first[1]
    assert last[0] < last[1]


def test_the_limit_may_lie_in_the_configuration():
    known = curves(attr=True)
    assert known.problem.fidelity.attr == "epochs"
    config = known.problem.space.decode(known.problem.space.sample(1, np.random.default_rng(0)))[0]
    assert known.evaluate({**config, "epochs": 1}, 1) == known.evaluate(config, 1)


def test_the_front_of_two_objectives():
    known = two_objectives()
    for x1 in np.linspace(0.0, 1.0, 5):
        metrics = known.evaluate({"x1": x1, "x2": 0.0}, 1)
        assert metrics["f2"] == pytest.approx(1.0 - np.sqrt(x1))


def test_conditional_parameters_belong_to_their_model():
    space = conditional().problem.space
    for config in space.decode(space.sample(50, np.random.default_rng(0))):
        assert ("depth" in config) == (config["model"] == "tree")
        assert config["low"] <= config["high"]


def test_the_earlier_task_is_a_table_of_the_same_metrics():
    (task,) = with_earlier_task(5).problem.tasks
    assert task.trials.n_trials == 5
    assert task.trials.obs("at_milestone").all()
    config = task.trials.configs[3]
    assert task.trials.obs("y")[3, 0] == pytest.approx(branin().evaluate(config, 1)["loss"] + 1.0)


@each
def test_a_fidelity_can_be_added(known):
    longer = with_fidelity(known, 9)
    assert longer.problem.fidelity.high == 9
    assert longer.resource == 9
    config = known.best_config
    name = known.problem.objectives[0].name
    assert longer.evaluate(config, 9)[name] == known.evaluate(config, 9)[name]
    assert longer.evaluate(config, 1)[name] != longer.evaluate(config, 9)[name]
