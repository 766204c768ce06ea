from __future__ import annotations

import numpy as np
import pytest

from synecore import AskTell, make_scheduler
from synecore.errors import OptionError
from synecore.space import choice, uniform

SPACE = {"x": uniform(0, 1), "y": uniform(0, 1), "kind": choice(["a", "b"])}


def loss(config):
    bowl = (config["x"] - 0.2) ** 2 + (config["y"] - 0.7) ** 2
    return bowl + 0.1 * (config["kind"] == "b")


def best_after(trials, searcher, seed):
    """Return the least loss of a run."""
    scheduler = make_scheduler("fifo", SPACE, metric="loss", random_seed=seed, searcher=searcher)
    run, values = AskTell(scheduler), []
    for _ in range(trials):
        trial = run.ask()
        values.append(loss(trial.config))
        run.tell(trial, {"loss": values[-1]})
    return min(values)


def test_finds_better_configurations_than_random_search():
    ours, random = (
        [best_after(60, name, seed) for seed in range(8)] for name in ("example", "random")
    )
    assert np.median(ours) < 0.5 * np.median(random)


def test_begins_like_random_search():
    assert best_after(5, "example", 3) == best_after(5, "random", 3)


def test_refuses_a_step_that_is_none():
    with pytest.raises(OptionError, match=r"'step' must be > 0: 0\.0"):
        best_after(1, {"name": "example", "step": 0}, 0)
