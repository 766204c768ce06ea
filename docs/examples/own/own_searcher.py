"""A searcher of your own, without any plugin: it goes into every scheduler.

It begins at random, and then changes one parameter of the best configuration at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from synecore import (
    Experiment,
    Problem,
    StoppingCriterion,
    Tuner,
    make_backend,
    make_scheduler,
    seeds,
)
from synecore.problem import Array, TrialView
from synecore.protocols import Proposal, State
from synecore.space import randint

SPACE = {"width": randint(0, 20), "height": randint(-100, 100), "epochs": 27}


class OneAtATime:
    """Redraws one parameter of the best trial so far.

    Points are rows of X (n, d): numbers in [0, 1], or the index of a choice.
    """

    tags: Mapping[str, str] = {}

    def __init__(self, problem: Problem, seed: int, n_random: int = 5) -> None:
        self.space = problem.space
        self.n_random = n_random
        self.rng = np.random.default_rng(seed)

    def propose(
        self, n: int, trials: TrialView, *, resource: float | Array | None = None
    ) -> Sequence[Proposal]:
        """Return up to n points that are no trials yet; fewer only if the space is used up."""
        best = self.best(trials)
        found: dict[bytes, Proposal] = {}
        for attempt in range(1000 * n):
            if len(found) == n:
                break
            x = self.space.sample(1, self.rng)[0]
            why = {"source": "random"}
            if best is not None and attempt < 100 * n:
                keep = np.arange(len(x)) != self.rng.integers(len(x))
                x = np.where(keep, trials.trial("x")[best], x)
                why = {"source": "one parameter changed", "of trial": best}
            x = self.space.snap(x[None])[0]  # equal rows are equal configurations
            if self.space.feasible(x[None])[0] and not trials.seen(x[None])[0]:
                found[x.tobytes()] = Proposal(x, why=why)
        return list(found.values())

    def best(self, trials: TrialView) -> int | None:
        """The trial with the best value at the highest level reached; None while it is early."""
        if trials.n_trials < self.n_random:
            return None
        y = trials.obs("y")[:, 0]
        rows = np.flatnonzero(trials.obs("at_milestone") & np.isfinite(y))
        if not len(rows):
            return None
        level = trials.obs("resource")[rows]
        rows = rows[level == level.max()]
        return int(trials.obs("trial")[rows[np.argmin(y[rows])]])

    def state_dict(self) -> State | None:
        """Where the generator stands. All else is in the table of trials."""
        return {"rng": seeds.state_of(self.rng)}

    def load_state_dict(self, state: State) -> None:
        seeds.restore(self.rng, state["rng"])


def main(n_trials: int = 40) -> Experiment:
    problem = Problem.create(
        SPACE,
        metric="mean_loss",
        resource_attr="epoch",
        max_resource_attr="epochs",
        points_to_evaluate=[{"width": 10}],  # served before the searcher is asked
    )
    tuner = Tuner(
        trial_backend=make_backend(
            "local",
            entry_point=Path(__file__).parents[1] / "height" / "train_height.py",
        ),
        scheduler=make_scheduler("asha", problem, searcher=OneAtATime(problem, seed=0)),
        stop_criterion=StoppingCriterion(max_num_trials_finished=n_trials),
        n_workers=4,
        tuner_name="own-searcher",
    )
    experiment = tuner.run()
    print(experiment.best_config())
    return experiment


if __name__ == "__main__":
    main()
