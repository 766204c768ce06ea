"""Population-based training as a scheduler of your own: `python population.py`.

A few members train side by side. Every few steps a member looks at the others; if it is among the
worst, it stops, and a child of one of the best starts in its place: from a copy of that one's
checkpoint, with some of its hyperparameters drawn anew.
"""

from __future__ import annotations

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
    seeds,
)
from synecore.actions import Action, Reply, Report, Resume, Start, Status, Stop
from synecore.problem import Array, IntArray, TrialView
from synecore.protocols import State
from synecore.space import loguniform

SPACE = {"lr": loguniform(0.01, 1), "steps": 40, "seconds": 0.03}


class Population:
    """Stops the worst and goes on from the best.

    Args:
        problem: With a resource, of which members train to the highest.
        seed: Of all that is drawn.
        size: Members that train at a time; give the tuner as many workers.
        interval: Resource between two looks at the others.
        share: Of the population, who counts as best and as worst.
    """

    decides: Literal["reports", "milestones"] = "reports"
    tags: Mapping[str, str] = {}

    def __init__(
        self, problem: Problem, seed: int, size: int = 4, interval: int = 5, share: float = 0.25
    ) -> None:
        self.problem = problem
        self.size, self.interval = size, interval
        self.few = max(1, int(share * size))
        self.searcher = make_searcher("random", problem, seed=seed)  # start points come first
        self.rng = np.random.default_rng(seed)

    def suggest(
        self, n: int, trials: TrialView, now: float
    ) -> Sequence[Start | Resume] | Literal[Reply.WAIT, Reply.EXHAUSTED]:
        members, values = self.members(trials)
        if trials.n_trials < self.size:
            proposals = self.searcher.propose(n, trials)
            return [Start(p.x, why=p.why) for p in proposals] or Reply.EXHAUSTED
        training = trials.trial("reached")[members] < self.highest
        donors = members[training & np.isfinite(values)][: self.few]
        if len(members) >= self.size or not len(donors):
            busy = (trials.trial("status") <= Status.STOPPING).any()
            return Reply.WAIT if busy else Reply.EXHAUSTED
        donor = int(self.rng.choice(donors))
        return [Start(self.child_of(trials.trial("x")[donor]), parent=donor, why={"of": donor})]

    def on_report(self, report: Report, trials: TrialView) -> Sequence[Action]:
        members, values = self.members(trials)
        looks = report.resource % self.interval == 0 and report.resource < self.highest
        if not looks or np.isinf(values).any() or len(members) < self.size:
            return []
        rank = int(np.flatnonzero(members == report.trial)[0])
        if rank < self.size - self.few:
            return []
        return [Stop(report.trial, why={"rank": rank + 1, "of": self.size})]

    def on_end(self, trial: int, status: Status, trials: TrialView) -> Sequence[Action]:
        return []

    @property
    def highest(self) -> float:
        return self.problem.fidelity.high if self.problem.fidelity else np.inf

    def members(self, trials: TrialView) -> tuple[IntArray, Array]:
        """The population, best first: its trials and the last value of each, inf without one."""
        values = np.full(trials.n_trials, np.inf)
        values[trials.obs("trial")] = trials.obs("y")[:, 0]  # of several, the last one stays
        status = trials.trial("status")
        gone = (status == Status.STOPPING) | (status == Status.STOPPED) | (status == Status.FAILED)
        members = np.flatnonzero(~gone)
        members = members[np.argsort(values[members], kind="stable")]
        return members, values[members]

    def child_of(self, x: Array) -> Array:
        """Go a part of the way from the donor's configuration to a random one."""
        for _ in range(100):
            drawn = self.problem.space.sample(1, self.rng)[0]
            child = self.problem.space.snap((x + self.rng.random() * (drawn - x))[None])
            if self.problem.space.feasible(child)[0]:
                return child[0]
        return x

    def state_dict(self) -> State | None:
        searcher = self.searcher.state_dict()
        rng = seeds.state_of(self.rng)
        return None if searcher is None else {"searcher": searcher, "rng": rng}

    def load_state_dict(self, state: State) -> None:
        self.searcher.load_state_dict(state["searcher"])
        seeds.restore(self.rng, state["rng"])


def problem_of(space: Mapping[str, Any]) -> Problem:
    return Problem.create(space, metric="loss", resource_attr="step", max_resource_attr="steps")


def main(size: int = 4) -> Experiment:
    tuner = Tuner(
        trial_backend=make_backend(
            "local", entry_point=Path(__file__).with_name("descend_noisily.py")
        ),
        scheduler=Population(problem_of(SPACE), seed=1, size=size),
        stop_criterion=StoppingCriterion(max_wallclock_time=60),  # usually over much sooner
        n_workers=size,
        tuner_name="population",
    )
    experiment = tuner.run()
    parents = experiment.table().trial("parent")
    best = experiment.best_config()
    line = [best["trial_id"]]
    while parents[line[-1]] >= 0:
        line.append(int(parents[line[-1]]))
    print(f"best loss {best['loss']:.4f}; its ancestors, youngest first: {line[1:]}")
    return experiment


if __name__ == "__main__":
    main()
