"""Pause and resume a PyTorch network: ASHA with promotion, `python launch_promotion.py`.

Each trial first trains for one epoch and pauses. The best third goes on to epoch 3, and the best
third of these to epoch 9, each time from its checkpoint, in a new process. It ends once some trials
have come that far: three of them, or as many as the argument says.
"""

from __future__ import annotations

import sys
from pathlib import Path

from synecore import Experiment, StoppingCriterion, Tuner, make_backend, make_scheduler
from synecore.space import loguniform, randint, uniform

SPACE = {
    "learning_rate": loguniform(1e-4, 1e-1),
    "hidden_units": randint(8, 256),
    "dropout": uniform(0, 0.5),
    "batch_size": randint(16, 128),
    "weight_decay": loguniform(1e-6, 1e-1),
    "epochs": 9,  # of a trial: where it is to pause
    "full_epochs": 9,  # always the whole
}


def main(n_completed: int = 3) -> Experiment:
    tuner = Tuner(
        # Warm: PyTorch is imported once, and each trial is a fork of the process that has it.
        trial_backend=make_backend(
            "local", entry_point=Path(__file__).with_name("train_digits.py"), warm=True
        ),
        scheduler=make_scheduler(
            "asha",
            SPACE,
            metric="accuracy",
            mode="max",
            resource_attr="epoch",
            max_resource_attr="epochs",
            type="promotion",
            random_seed=0,
        ),
        stop_criterion=StoppingCriterion(max_num_trials_completed=n_completed),
        n_workers=2,
        tuner_name="digits-torch",
    )
    experiment = tuner.run()
    best = experiment.best_config()
    folder = tuner.trial_backend.checkpoint_trial_path(best["trial_id"])
    print(f"{best['accuracy']:.1%} by {best}")
    print(f"its weights: {folder / 'checkpoint.json'}")
    return experiment


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
