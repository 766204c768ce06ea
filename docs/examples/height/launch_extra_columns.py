"""Columns of your own beside each report: here, how many trials each rung has seen so far."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synecore import (
    ExtraResultsComposer,
    StoppingCriterion,
    StoreResultsCallback,
    Tuner,
    load_experiment,
    make_backend,
    make_scheduler,
)
from synecore.constants import ST_TUNER_TIME
from synecore.space import randint

SPACE = {"width": randint(1, 20), "height": randint(1, 20), "epochs": 27}


class RungSizes(ExtraResultsComposer):
    """Number of values recorded at each rung of asha."""

    def __call__(self, tuner: Tuner) -> Mapping[str, Any]:
        rungs = tuner.scheduler.information_for_rungs()
        return {f"num_at_level{level}": size for level, size, _ in rungs}

    def keys(self) -> list[str]:
        return [f"num_at_level{level}" for level in (1, 3, 9)]


def main(n_trials: int = 40) -> dict[str, int]:
    composer = RungSizes()
    tuner = Tuner(
        trial_backend=make_backend(
            "local", entry_point=Path(__file__).with_name("train_height.py")
        ),
        scheduler=make_scheduler(
            "asha",
            SPACE,
            metric="mean_loss",
            resource_attr="epoch",
            max_resource_attr="epochs",
            random_seed=0,
        ),
        stop_criterion=StoppingCriterion(max_num_trials_finished=n_trials),
        n_workers=4,
        callbacks=[StoreResultsCallback(extra_results_composer=composer)],
    )
    tuner.run()
    results = load_experiment(tuner.name).results
    last = results.loc[results[ST_TUNER_TIME].idxmax()]
    at_end = {str(name): int(last[name]) for name in results if name.startswith("num_at_level")}
    print(f"trials at each rung in the end: {at_end}")
    return at_end


if __name__ == "__main__":
    main()
