"""Go on with a finished experiment: first with more trials, then in another part of the space."""

from __future__ import annotations

from pathlib import Path

from synecore import Experiment, StoppingCriterion, Tuner, load_experiment, make_backend
from synecore.baselines import ASHA
from synecore.space import randint

FIRST = {"width": randint(0, 10), "height": randint(0, 10), "epochs": 27}
SECOND = {"width": randint(10, 20), "height": randint(0, 10), "epochs": 27}


def main() -> Experiment:
    tuner = Tuner(
        trial_backend=make_backend(
            "local", entry_point=Path(__file__).with_name("train_height.py")
        ),
        scheduler=ASHA(
            FIRST,
            metric="mean_loss",
            resource_attr="epoch",
            max_resource_attr="epochs",
            random_seed=2,
        ),
        stop_criterion=StoppingCriterion(max_num_trials_started=9),
        n_workers=2,
        tuner_name="height-in-parts",
    )
    tuner.run()
    name = tuner.name

    # Later, in another process: the folder is all that is needed.
    again = load_experiment(name, load_tuner=True).tuner
    again.stop_criterion = StoppingCriterion(max_num_trials_started=14)
    again.run()

    # Wide ones did well. Go on there; what was learned in the old space stays on record.
    wide = Tuner.resume(
        name, config_space=SECOND, stop_criterion=StoppingCriterion(max_num_trials_started=19)
    )
    experiment = wide.run()
    for trial, config in enumerate(wide.tuning_status.table.configs):
        print(trial, dict(config))
    return experiment


if __name__ == "__main__":
    main()
