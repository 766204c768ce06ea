"""A scheduler of your own, without any plugin: an object with the right methods.

It starts random configurations, and stops a trial whose report is not among the best 80 % of all
reports so far. That is crude, since it compares early epochs with late ones; `asha` does better.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from synecore import (
    Experiment,
    Problem,
    StoppingCriterion,
    Tuner,
    make_backend,
    make_searcher,
)
from synecore.actions import Action, Reply, Report, Resume, Start, Status, Stop
from synecore.problem import TrialView
from synecore.protocols import State
from synecore.space import randint

SPACE = {"width": randint(0, 20), "height": randint(-100, 100), "epochs": 27}


class StopWorstFifth:
    """What a scheduler is: a problem, and answers to three questions."""

    decides: Literal["reports", "milestones"] = "reports"  # show it every report
    tags: Mapping[str, str] = {}  # columns of its own in the table of trials: none

    def __init__(self, problem: Problem, seed: int, good: float = 0.8) -> None:
        self.problem = problem
        self.good = good
        # Any searcher will do. It serves points_to_evaluate first, and proposes nothing twice.
        self.searcher = make_searcher("random", problem, seed=seed)
        self.values: list[float] = []  # of all reports so far, ascending

    def suggest(
        self, n: int, trials: TrialView, now: float
    ) -> Sequence[Start | Resume] | Literal[Reply.WAIT, Reply.EXHAUSTED]:
        """A worker is free: which trials to start?"""
        proposals = self.searcher.propose(n, trials)
        if not proposals:
            return Reply.EXHAUSTED  # the space is used up
        return [Start(proposal.x, why=proposal.why) for proposal in proposals]

    def on_report(self, report: Report, trials: TrialView) -> Sequence[Action]:
        """A trial reported: what should happen, to it or to others?"""
        value = float(report.y[0])  # to be minimised, whatever the mode; inf for NaN
        better = bisect.bisect_left(self.values, value)
        self.values.insert(better, value)
        share = better / len(self.values)
        if share < self.good:
            return []
        return [Stop(report.trial, why={"better": better, "of": len(self.values)})]

    def on_end(self, trial: int, status: Status, trials: TrialView) -> Sequence[Action]:
        """A trial ended."""
        return []

    def state_dict(self) -> State | None:
        """What a resumed run needs besides the table of trials: JSON values and arrays."""
        searcher = self.searcher.state_dict()
        return None if searcher is None else {"searcher": searcher, "values": np.array(self.values)}

    def load_state_dict(self, state: State) -> None:
        self.searcher.load_state_dict(state["searcher"])
        self.values = [float(value) for value in state["values"]]


def problem_of(space: Mapping[str, Any]) -> Problem:
    return Problem.create(
        space,
        metric="mean_loss",
        mode="min",
        resource_attr="epoch",
        max_resource_attr="epochs",
    )


def main(n_trials: int = 40) -> Experiment:
    tuner = Tuner(
        trial_backend=make_backend(
            "local",
            entry_point=Path(__file__).parents[1] / "height" / "train_height.py",
        ),
        scheduler=StopWorstFifth(problem_of(SPACE), seed=31415927),
        stop_criterion=StoppingCriterion(max_num_trials_finished=n_trials),
        n_workers=4,
        tuner_name="own-scheduler",
    )
    experiment = tuner.run()
    print(experiment.best_config())
    print(
        f"Nothing but its class rebuilds this scheduler: Tuner.resume({tuner.name!r}, scheduler=…)"
    )
    return experiment


if __name__ == "__main__":
    main()
