"""The rungs as they follow from the table alone, for when a saved state cannot be used."""

from __future__ import annotations

import numpy as np

from synecore.actions import Status
from synecore.problem import TrialView
from synecore_asha.brackets import Brackets
from synecore_asha.removal import CheckpointRemoval
from synecore_asha.variants import Variant


def replay_rungs(
    brackets: Brackets,
    variant: Variant,
    trials: TrialView,
    removal: CheckpointRemoval | None = None,
) -> None:
    """Fill empty rungs with what trials reported at milestones, in the order in which they did.

    A report that jumped over levels counts at each of them, up to the milestone at which the trial
    stands: at that one it was stopped or paused. `removal` learns from values that came after those
    of trials that are paused with their checkpoints now; which had theirs then, no table tells.
    """
    resources, owners = trials.obs("resource"), trials.obs("trial")
    values = trials.obs("y")[:, 0]
    milestones, status = trials.trial("milestone"), trials.trial("status")
    bracket, checkpoint = trials.trial("bracket"), trials.trial("checkpoint")
    above: dict[int, int] = {}  # trial: index of the lowest rung that it has not reached
    counts = trials.obs("at_milestone") & ~trials.obs("late") & ~trials.obs("repeat")
    for row in np.flatnonzero(counts):
        trial = int(owners[row])
        system = brackets.system(int(bracket[trial]))
        rungs = system.rungs
        i = above.get(trial, 0 if brackets.system_each else int(bracket[trial]))
        value = float(values[row]) if np.isfinite(values[row]) else np.inf
        while i < len(rungs) and rungs[i].level <= min(resources[row], milestones[trial]):
            rung = rungs[i]
            if removal is not None:
                removal.arrived(value, rung, system)
            rung.add(trial, value)
            if rung.level == milestones[trial]:
                variant.restore(trial, value, rung, Status(int(status[trial])))
                if removal is not None and status[trial] == Status.PAUSED and checkpoint[trial]:
                    removal.paused(trial, rung, value, system)
            i += 1
        above[trial] = i
