"""Never more than ten checkpoints on disk, though every paused trial may go on some day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from synecore import StoppingCriterion, Tuner, load_experiment, make_backend, make_scheduler
from synecore.constants import ST_TUNER_TIME
from synecore.space import loguniform, uniform

SPACE = {"rate": loguniform(1e-4, 0.02), "momentum": uniform(0.0, 0.98), "epochs": 27}


def main(
    seconds: float = 30.0, max_num_checkpoints: int = 10, n_workers: int = 4
) -> dict[str, Any]:
    # With delete_checkpoints=True the backend removes checkpoints that nobody needs.
    backend = make_backend(
        "local",
        entry_point=Path(__file__).with_name("train_valley.py"),
        delete_checkpoints=True,
    )
    # Trials pause at every rung and may be promoted later on, so each would keep its checkpoint.
    # The option says how many there may be, and those that are missed least are given up.
    scheduler = make_scheduler(
        "asha",
        SPACE,
        metric="loss",
        resource_attr="epoch",
        max_resource_attr="epochs",
        type="promotion",
        random_seed=31415927,
        early_checkpoint_removal_kwargs={"max_num_checkpoints": max_num_checkpoints},
    )
    tuner = Tuner(
        trial_backend=backend,
        scheduler=scheduler,
        stop_criterion=StoppingCriterion(max_wallclock_time=seconds),  # the option needs to know
        n_workers=n_workers,
    )
    tuner.run()

    # How it went is in the results, with every report ...
    removal = scheduler.checkpoint_removal
    results = load_experiment(tuner.name).results
    last = results.loc[results[ST_TUNER_TIME].idxmax()]
    at_end = {name: int(last[name]) for name in removal.extra_results_keys()}
    print(f"at the end of the experiment: {at_end}")
    # ... and which trials had to begin again, the scheduler knows.
    resumed = removal.trials_resumed_without_checkpoint()
    if resumed:
        print(f"{len(resumed)} trials were resumed without a checkpoint: (trial, level) {resumed}")
    else:
        print("no trial was resumed without a checkpoint")
    return {"tuner": tuner, "at_end": at_end, "resumed": resumed}


if __name__ == "__main__":
    main()
