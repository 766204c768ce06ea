"""The rungs as they follow from the table alone, for when a saved state cannot be used."""

from __future__ import annotations

import numpy as np

from synecore.actions import Status
from synecore.problem import TrialView
from synecore_asha.brackets import Brackets
from synecore_asha.variants import Variant


def replay_rungs(brackets: Brackets, variant: Variant, trials: TrialView) -> None:
    """Fill empty rungs with what trials reported at milestones, in the order in which they did.

    A report that jumped over levels counts at each of them, up to the milestone at which the trial
    stands: at that one it was stopped or paused.
    """
    resources, owners = trials.obs("resource"), trials.obs("trial")
    values = trials.obs("y")[:, 0]
    milestones, status = trials.trial("milestone"), trials.trial("status")
    bracket = trials.trial("bracket")
    above: dict[int, int] = {}  # trial: index of the lowest rung that it has not reached
    counts = trials.obs("at_milestone") & ~trials.obs("late") & ~trials.obs("repeat")
    for row in np.flatnonzero(counts):
        trial = int(owners[row])
        rungs = brackets.system(int(bracket[trial])).rungs
        i = above.get(trial, 0 if brackets.system_each else int(bracket[trial]))
        value = float(values[row]) if np.isfinite(values[row]) else np.inf
        while i < len(rungs) and rungs[i].level <= min(resources[row], milestones[trial]):
            rungs[i].add(trial, value)
            if rungs[i].level == milestones[trial]:
                variant.restore(trial, value, rungs[i], Status(int(status[trial])))
            i += 1
        above[trial] = i
