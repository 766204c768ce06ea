"""Name an experiment, tag it, begin with configurations you know, and find it all again."""

from __future__ import annotations

from pathlib import Path

from synecore import Experiment, StoppingCriterion, Tuner, load_experiment, make_backend
from synecore.baselines import RandomSearch
from synecore.space import randint

SPACE = {"width": randint(1, 20), "height": randint(1, 20), "epochs": 9}


def main(n_trials: int = 8) -> Experiment:
    tuner = Tuner(
        trial_backend=make_backend(
            "local", entry_point=Path(__file__).with_name("train_height.py")
        ),
        scheduler=RandomSearch(
            SPACE,
            metric="mean_loss",
            # The first is whole, the second lacks the height: the middle of its range is taken.
            points_to_evaluate=[{"width": 10, "height": 3}, {"width": 2}],
            random_seed=4,
        ),
        stop_criterion=StoppingCriterion(max_num_trials_finished=n_trials),
        n_workers=2,
        tuner_name="plot-results-demo",  # a time stamp is added
        metadata={"tag": "special-tag", "user": "alice"},
    )
    experiment = tuner.run()
    result = load_experiment(tuner.name)
    made_from = result.metadata["components"]["scheduler"]
    print(f"{result.name} by {result.metadata['user']}")
    print(f"method {made_from['name']}, seed {made_from['seed']}")
    print(result.best_config())
    result.plot(figure_path=experiment.path / "best.png")
    result.plot_trials_over_time(figure_path=experiment.path / "trials.png")
    return experiment


if __name__ == "__main__":
    main()
