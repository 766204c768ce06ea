"""The same script under several methods, each until its time is over or the loss is low enough."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from synecore import Experiment, StoppingCriterion, Tuner, make_backend, make_scheduler
from synecore.space import randint

SPACE = {"width": randint(0, 20), "height": randint(-100, 100), "epochs": 27}
METHODS: dict[str, dict[str, Any]] = {
    "random search": {"name": "fifo", "searcher": "random"},
    "Sobol points": {"name": "fifo", "searcher": "sobol"},
    "median stopping": {"name": "median-stopping"},
    "ASHA, stopping": {"name": "asha", "type": "stopping"},
    "ASHA, promotion": {"name": "asha", "type": "promotion"},
}


def main(seconds: float = 10.0, enough: float = -9.0) -> dict[str, Experiment]:
    experiments = {}
    for title, method in METHODS.items():
        scheduler = make_scheduler(
            config_space=SPACE,
            metric="mean_loss",
            mode="min",
            resource_attr="epoch",
            max_resource_attr="epochs",
            random_seed=31415927,
            **method,
        )
        tuner = Tuner(
            trial_backend=make_backend(
                "local", entry_point=Path(__file__).with_name("train_height.py")
            ),
            scheduler=scheduler,
            stop_criterion=StoppingCriterion(
                max_wallclock_time=seconds, min_metric_value={"mean_loss": enough}
            ),
            n_workers=4,
            tuner_name=f"height-{method['name']}",
        )
        experiments[title] = tuner.run()
        status = tuner.tuning_status
        best = experiments[title].best_config()["mean_loss"]
        print(f"{title:<16} {status.num_trials_started:>4} trials, best {best:.3f}")
    return experiments


if __name__ == "__main__":
    main()
