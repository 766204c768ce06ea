"""Tune the network of train.py with asynchronous successive halving: `./run demo [seconds]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from synecore import StoppingCriterion, Tuner, make_backend, make_scheduler
from synecore.space import choice, logordinal, lograndint, loguniform, randint, uniform
from synecore_analysis import load_experiment, plot_best, plot_curves

SPACE = {
    "learning_rate": loguniform(1e-4, 1e-1),
    "hidden_units": lograndint(8, 256),
    "hidden_layers": randint(1, 3),
    "activation": choice(["relu", "tanh", "logistic"]),
    "batch_size": logordinal([16, 32, 64, 128, 256]),
    "weight_decay": loguniform(1e-6, 1e-1),
    "solver": choice(["adam", "sgd"]),
    "momentum": uniform(0.5, 0.99).when(solver="sgd"),
    "epochs": 27,
}


def main(seconds: float) -> None:
    """Tune for some seconds, then show what to do with the result."""
    tuner = Tuner(
        trial_backend=make_backend("local", entry_point=Path(__file__).with_name("train.py")),
        scheduler=make_scheduler(
            "asha",
            SPACE,
            metric="valid_error",
            mode="min",
            resource_attr="epoch",
            max_resource_attr="epochs",
            random_seed=0,
        ),
        stop_criterion=StoppingCriterion(max_wallclock_time=seconds),
        n_workers=min(os.cpu_count() or 1, 4),
        tuner_name="digits",
        metadata={"example": "digits"},
    )
    command = os.path.relpath(Path(sys.executable).with_name("synecore"))
    print(f"Interrupt it as you like; this goes on where it was: {command} resume {tuner.name}")
    tuner.run()
    result = load_experiment(tuner.name)
    best = result.best_config()
    print(f"\nBest configuration, of trial {best['trial_id']}:")
    for name, value in best.items():
        print(f"  {name} = {value}")
    print(f"\nBest error over time: {plot_best(result)}")
    print(f"Learning curves:      {plot_curves(result)}")
    print(f"What happened to trial 1, and why: {command} why {tuner.name} 1")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 45.0)
