"""Tune the learning rate and the discount factor of a policy gradient: `python launch_cartpole.py`.

ASHA compares trials at training iterations 1, 3, 9 and 27. The trials of this script report when
they have seen enough, not at each iteration; the first report at a rung or beyond it counts there.
A warning says so, since it may as well be a mistake.
"""

from __future__ import annotations

import sys
from pathlib import Path

from synecore import (
    Experiment,
    StoppingCriterion,
    Tuner,
    load_experiment,
    make_backend,
    make_scheduler,
)
from synecore.space import loguniform, uniform

SPACE = {
    "lr": loguniform(0.1, 100),
    "gamma": uniform(0.5, 0.999),
    "max_iterations": 27,
}


def main(seconds: float = 60.0, n_trials: int | None = None) -> Experiment:
    tuner = Tuner(
        trial_backend=make_backend(
            "local", entry_point=Path(__file__).with_name("train_cartpole.py")
        ),
        scheduler=make_scheduler(
            "asha",
            SPACE,
            metric="episode_reward_mean",
            mode="max",
            resource_attr="training_iter",
            max_resource_attr="max_iterations",
            random_seed=0,
        ),
        stop_criterion=StoppingCriterion(
            max_wallclock_time=seconds, max_num_trials_finished=n_trials
        ),
        n_workers=2,
        tuner_name="cartpole",
    )
    tuner.run()
    results = load_experiment(tuner.name)
    print(f"best result found: {results.best_config()}")
    figure = tuner.tuner_path / "best.png"
    results.plot(figure_path=figure)
    print(f"the best reward over time: {figure}")
    return Experiment.open(tuner.name)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
