from __future__ import annotations

import numpy as np
import pytest

from synecore.errors import SpaceError
from synecore.space import choice, loguniform, of_active_task, randint, warm_start_space

TASKS = choice(["a", "b", "c"])
SPACE = {"lr": loguniform(1e-4, 1), "task": TASKS, "n": randint(1, 9), "epochs": 5}


def test_the_task_is_the_first_column_and_points_are_of_the_active_one():
    space = warm_start_space(SPACE, "task", "b")
    assert space.names == ("task", "lr", "n")
    configs = space.decode(space.sample(50, np.random.default_rng(0)))
    assert {config["task"] for config in configs} == {"b"}
    assert len({config["lr"] for config in configs}) == 50


def test_a_narrower_space_bounds_new_points_but_not_the_encoding():
    active = {"lr": loguniform(1e-2, 1e-1), "n": randint(2, 3)}
    space, wide = warm_start_space(SPACE, "task", "a", active), warm_start_space(SPACE, "task", "a")
    configs = space.decode(space.sample(50, np.random.default_rng(0)))
    assert all(1e-2 <= config["lr"] <= 1e-1 and config["n"] in (2, 3) for config in configs)
    other = {"task": "c", "lr": 0.5, "n": 9, "epochs": 5}
    np.testing.assert_array_equal(space.encode([other]), wide.encode([other]))


def test_only_the_active_task_counts():
    mine = of_active_task("task", "b")
    assert mine({"task": "b", "lr": 0.1})
    assert not mine({"task": "a", "lr": 0.1})


@pytest.mark.parametrize(
    ("attr", "task", "message"),
    [
        ("tsk", "a", "'tsk' must be a choice .*did you mean 'task'"),
        ("lr", "a", "'lr' must be a choice"),
        ("task", "d", "active task 'd' is none of 'a', 'b', 'c'"),
    ],
)
def test_wrong_tasks_are_clear_errors(attr, task, message):
    with pytest.raises(SpaceError, match=message):
        warm_start_space(SPACE, attr, task)
