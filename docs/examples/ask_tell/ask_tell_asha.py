"""Ask and tell with early stopping: report each step, and go on only while you are told to."""

from __future__ import annotations

import math

from synecore import AskTell, SchedulerDecision, Trial, TrialResult
from synecore.baselines import ASHA
from synecore.space import uniform

SPACE = {"x": uniform(-1, 1)}


def target(x: float, step: int) -> float:
    """Approaches x² + sin x from above as the steps go on."""
    return x * x + math.sin(x) + 1.0 / step


def run(study: AskTell, trial: Trial, max_steps: int) -> int:
    """Run a trial to its end, or until it is stopped; return the number of steps."""
    for step in range(1, max_steps + 1):
        decision = study.report(trial, {"loss": target(trial.config["x"], step), "epoch": step})
        if decision is not SchedulerDecision.CONTINUE:
            return step
    study.tell(trial)
    return max_steps


def tune(n: int = 100, max_steps: int = 81) -> tuple[TrialResult, list[int]]:
    """Return the best trial, and how many steps each trial made."""
    study = AskTell(
        ASHA(
            SPACE,
            metric="loss",
            mode="min",
            resource_attr="epoch",
            max_t=max_steps,
            random_seed=0,
        )
    )
    steps = [run(study, study.ask(), max_steps) for _ in range(n)]
    return study.best_trial("loss"), steps


if __name__ == "__main__":
    best, steps = tune()
    print(f"{sum(steps)} steps instead of {81 * len(steps)}; {steps.count(1)} trials made one")
    print("best:", best)
