"""Tune boosted trees by ASHA, then fetch the best model: `python launch_checkpoint.py`.

Trials are paused after 1, 3 and 9 rounds; the best go on, from the models that they have saved.
"""

from __future__ import annotations

import sys
from pathlib import Path

from train_digits import accuracy_on_test

from synecore import Experiment, StoppingCriterion, Tuner, make_backend
from synecore.baselines import ASHA
from synecore.space import loguniform, randint, uniform

SPACE = {
    "max_depth": randint(2, 5),
    "gamma": uniform(1, 9),
    "reg_lambda": loguniform(1e-6, 1),
    "n_estimators": 27,  # rounds; ASHA puts in how far a trial has to go
}


def main(seconds: float) -> Experiment:
    trial_backend = make_backend(
        "local",
        entry_point=Path(__file__).with_name("train_digits.py"),
        warm=True,  # scikit-learn and XGBoost are imported once, not by every trial
    )
    tuner = Tuner(
        trial_backend=trial_backend,
        scheduler=ASHA(
            SPACE,
            metric="merror",
            mode="min",
            resource_attr="round",
            max_resource_attr="n_estimators",
            type="promotion",
            random_seed=0,
        ),
        stop_criterion=StoppingCriterion(max_wallclock_time=seconds),
        n_workers=2,
        tuner_name="xgboost-checkpoint",
    )
    experiment = tuner.run()
    best = experiment.best_config()
    print("best:", best)
    checkpoint = trial_backend.checkpoint_trial_path(best["trial_id"])
    print(f"its model is in {checkpoint}: {[path.name for path in checkpoint.iterdir()]}")
    # Later, without the backend: Experiment.open("xgboost-checkpoint-...").checkpoint_path()
    print(f"accuracy on the test images: {accuracy_on_test(experiment.checkpoint_path()):.3f}")
    return experiment


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0)
