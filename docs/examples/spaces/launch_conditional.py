"""A space with conditions, a constraint and priors, searched at random."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synecore import Experiment, tune
from synecore.space import choice, lograndint, loguniform, reverseloguniform, subject_to, uniform


def adam_stays_narrow(config: Mapping[str, Any]) -> bool:
    """What an expression cannot say, a function of the configuration can."""
    return config["optimizer"] != "adam" or config["wide"] <= 128


SPACE = subject_to(
    {
        # Most of what we tried so far was adam; look there more often.
        "optimizer": choice(["sgd", "nesterov", "adam"]).prior(weights=[1, 1, 2]),
        # Around 0.01, give or take an order of magnitude; anything in the range may come.
        "learning_rate": loguniform(1e-5, 1.0).prior(mean=1e-2, sd=math.log(10)),
        # Parameters that exist only for some optimizers: other trials do not get them.
        "momentum": uniform(0.5, 0.99).when(optimizer=["sgd", "nesterov"]),
        "beta": reverseloguniform(0.9, 0.9999).when(optimizer="adam"),
        "narrow": lograndint(8, 256),
        "wide": lograndint(8, 256),
    },
    "narrow < wide",
    adam_stays_narrow,
)


def main(n_trials: int = 30) -> Experiment:
    experiment = tune(
        Path(__file__).with_name("train_options.py"),
        SPACE,
        metric="loss",
        method="random",
        random_seed=0,
        max_num_trials_finished=n_trials,
        max_failures=0,
        n_workers=2,
        tuner_name="conditional",
    )
    print(experiment.best_config())
    return experiment


if __name__ == "__main__":
    main()
