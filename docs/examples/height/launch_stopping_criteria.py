"""What can end a run: time, trials, reports, cost, a good value, or a rule of your own."""

from __future__ import annotations

from pathlib import Path

from synecore import (
    PlateauStopper,
    StoppingCriterion,
    Tuner,
    TuningStatus,
    make_backend,
    make_scheduler,
)
from synecore.space import randint
from synecore.tuning.stopping import StopCriterion

SPACE = {
    "width": randint(1, 20),
    "height": randint(1, 20),
    "epochs": 3,
    "seconds_an_epoch": 0.0,
}


def when_ten_have_ended(status: TuningStatus) -> bool:
    return status.num_trials_finished >= 10


# Several limits in one criterion: the first that holds ends the run.
CRITERIA: dict[str, StopCriterion] = {
    "time": StoppingCriterion(max_wallclock_time=1.0),
    "trials started": StoppingCriterion(max_num_trials_started=7),
    "trials completed": StoppingCriterion(max_num_trials_completed=7),
    "trials finished": StoppingCriterion(max_num_trials_finished=7),
    "reports": StoppingCriterion(max_num_evaluations=12),
    "good enough": StoppingCriterion(min_metric_value={"mean_loss": 5.0}, max_wallclock_time=20),
    "plateau": PlateauStopper("mean_loss", std=2.0, num_trials=5),
    "own rule": when_ten_have_ended,
}


def main(criteria: dict[str, StopCriterion] = CRITERIA) -> dict[str, TuningStatus]:
    ended = {}
    for title, criterion in criteria.items():
        tuner = Tuner(
            trial_backend=make_backend(
                "local", entry_point=Path(__file__).with_name("train_height.py")
            ),
            scheduler=make_scheduler(
                "fifo", SPACE, metric="mean_loss", searcher="random", random_seed=1
            ),
            stop_criterion=criterion,
            n_workers=2,
            tuner_name=f"ends-by-{title.replace(' ', '-')}",
            display="none",
        )
        tuner.run()
        status = ended[title] = tuner.tuning_status
        print(f"{title:<17} {status.summary()}")
    return ended


if __name__ == "__main__":
    main()
