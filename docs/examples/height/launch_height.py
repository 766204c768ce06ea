"""The smallest tuning run: a script, a space, a method, a criterion."""

from __future__ import annotations

from pathlib import Path

from synecore import Experiment, StoppingCriterion, Tuner, make_backend
from synecore.baselines import ASHA
from synecore.space import randint

SCRIPT = Path(__file__).with_name("train_height.py")


def main(seconds: float = 20.0) -> Experiment:
    space = {"width": randint(1, 20), "height": randint(1, 20), "epochs": 100}
    tuner = Tuner(
        trial_backend=make_backend("local", entry_point=SCRIPT),
        scheduler=ASHA(
            space,
            metric="mean_loss",
            resource_attr="epoch",
            max_resource_attr="epochs",
            random_seed=0,
        ),
        stop_criterion=StoppingCriterion(max_wallclock_time=seconds),
        n_workers=4,
    )
    experiment = tuner.run()
    trial_id, config = tuner.best_config()
    print(f"best is trial {trial_id}: {config}")
    return experiment


if __name__ == "__main__":
    main()
