"""Speculative early removal: never more than so many checkpoints, at the least expected loss.

Where trials pause, each of them may be promoted later, so each keeps its checkpoint, and a disk
fills up. Here checkpoints of paused trials are given up as soon as there would be too many; a trial
that is resumed nevertheless begins from scratch.

What counts are the checkpoints of paused trials and one for every worker: a running trial writes
one, and so does the trial that a free worker is about to begin, unless it is a paused one that
brings its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import islice
from typing import Any

import attrs
import numpy as np

from synecore.actions import DropCheckpoint, Status
from synecore.errors import OptionError
from synecore.problem import TrialView
from synecore.protocols import State
from synecore_asha.brackets import Brackets, RungSystem
from synecore_asha.removal_options import NAME, RemovalOptions
from synecore_asha.rungs import Place, Rung
from synecore_asha.victims import Candidate, Victims, victims_for

RUNNING, BUSY, PAUSED = int(Status.RUNNING), int(Status.STOPPING), int(Status.PAUSED)
NEVER_RESUMED = "the trial is never resumed"


@attrs.frozen
class Kept:
    """Where a paused trial that has its checkpoint waits."""

    system: int  # index of its rung system
    level: float
    value: float


class CheckpointRemoval:
    """Counts checkpoints, says which of them go, and what became of that.

    Attributes
    ----------
    victims                  whose checkpoint goes
    num_checkpoints_removed  of trials that might have been resumed
    """

    def __init__(
        self, options: RemovalOptions, brackets: Brackets, seed: np.random.SeedSequence
    ) -> None:
        self.max_num_checkpoints = options.max_num_checkpoints
        self.victims: Victims = victims_for(options, seed)
        self._brackets = brackets
        self.num_checkpoints_removed = 0
        self._kept: dict[int, Kept] = {}  # paused trials with a checkpoint
        self._workers = 1  # as many as were ever busy at once
        self._num_resumed = 0
        self._without: list[tuple[int, int]] = []

    # ---- trials begin -------------------------------------------------------------------

    def admitted(self, n: int, trials: TrialView) -> int:
        """Return how many of n trials may begin now without a checkpoint too many.

        All of them, but where the number of workers has just grown, or where workers begin a trial
        before the last one has ended. Never 0 if nothing runs.

        Raises:
            OptionError: There are more workers than checkpoints, or something is not known that
                is needed to choose among those.
        """
        self.victims.check()
        running = int(np.count_nonzero(trials.trial("status") <= RUNNING))
        if running + n >= self.max_num_checkpoints:
            raise OptionError(
                f"{NAME}: 'max_num_checkpoints' must be larger than the number of workers, since "
                f"every running trial writes a checkpoint: {self.max_num_checkpoints}, with "
                f"{running + n} workers or more. Raise it, or lower n_workers."
            )
        busy = self._busy(trials)
        self._note_workers(busy + n)
        room = self.max_num_checkpoints - busy - len(self._kept)
        if room >= n:
            return n
        resumed = self._next_resumed(n, trials)
        for i in range(n):
            room -= i >= len(resumed) or resumed[i] not in self._kept
            if room < 0:
                return i if busy else max(i, 1)
        return n

    def resumed(self, trial: int, trials: TrialView) -> bool:
        """Note that a paused trial is resumed; return whether it has its checkpoint."""
        has = bool(trials.trial("checkpoint")[trial])
        self._num_resumed += 1
        self._kept.pop(trial, None)
        if not has:
            self._without.append((trial, int(trials.trial("milestone")[trial])))
        return has

    # ---- trials report and end ----------------------------------------------------------

    def arrived(self, value: float, rung: Rung, system: RungSystem) -> None:
        """Note the value of a trial that reached a rung, before it is put there."""
        number = self._brackets.systems.index(system)
        there = [
            kept.value for kept in self._kept.values()
            if kept.level == rung.level and kept.system == number
        ]  # fmt: skip
        self.victims.arrived(rung.level, [value < other for other in there])

    def paused(self, trial: int, rung: Rung, value: float, system: RungSystem) -> None:
        """Note that a trial waits at a rung with its checkpoint."""
        self._kept[trial] = Kept(self._brackets.systems.index(system), rung.level, value)

    def ended(
        self, trial: int, place: Place | None, system: RungSystem, trials: TrialView
    ) -> list[DropCheckpoint]:
        """Note that a trial's process is over, and return which checkpoints go.

        `place` is where the trial waits from now on. One that waits nowhere, and one that diverged,
        is never resumed. A backend may have removed the checkpoint of a trial that is over, but
        not if the tuner was killed just then.
        """
        if place is None or place.value == math.inf:
            first = [DropCheckpoint(trial, why={"source": NEVER_RESUMED})]
        else:
            first = []
            if trials.trial("checkpoint")[trial]:
                self.paused(trial, place.rung, place.value, system)
        return first + self.drop(trials, float(trials.trial("ended")[trial]))

    def drop(self, trials: TrialView, now: float) -> list[DropCheckpoint]:
        """Return the checkpoints that have to go before the free workers begin something."""
        status, has = trials.trial("status"), trials.trial("checkpoint")
        held = [trial for trial in self._kept if has[trial]]  # a tuner removes them in the end
        stopped = [trial for trial in held if status[trial] != PAUSED]  # by the user
        self._kept = {trial: self._kept[trial] for trial in held if status[trial] == PAUSED}
        actions = [DropCheckpoint(trial, why={"source": NEVER_RESUMED}) for trial in stopped]
        busy = self._busy(trials)
        self._note_workers(busy)
        excess = len(self._kept) + self._workers - self.max_num_checkpoints
        if excess <= 0:
            return actions
        bring_theirs = self._kept.keys() & self._next_resumed(max(self._workers - busy, 0), trials)
        excess -= len(bring_theirs)
        if excess <= 0:
            return actions
        candidates = [self._candidate(t) for t in sorted(self._kept.keys() - bring_theirs)]
        for candidate, why in self.victims.choose(candidates, excess, now):
            del self._kept[candidate.trial]
            self.num_checkpoints_removed += 1
            actions.append(DropCheckpoint(candidate.trial, why=why))
        return actions

    def _candidate(self, trial: int) -> Candidate:
        kept = self._kept[trial]
        rung = self._brackets.systems[kept.system].rung(kept.level)
        assert rung is not None  # it waits there
        rank = 1 + rung.rank(trial, kept.value)
        return Candidate(trial, kept.level, rank, len(rung), rung.quantile)

    def _note_workers(self, busy: int) -> None:
        self._workers = max(self._workers, min(busy, self.max_num_checkpoints - 1))

    def _busy(self, trials: TrialView) -> int:
        return int(np.count_nonzero(trials.trial("status") <= BUSY))

    def _next_resumed(self, n: int, trials: TrialView) -> list[int]:
        """Return the paused trials that the next n asks resume, so far as that is certain."""
        if len(self._brackets.systems) > 1:  # a bracket is drawn first
            return []
        status = trials.trial("status")
        promotions = self._brackets.systems[0].promotions()
        return list(islice((trial for trial in promotions if status[trial] == PAUSED), n))

    # ---- what others may look at --------------------------------------------------------

    def trials_resumed_without_checkpoint(self) -> list[tuple[int, int]]:
        """Return (trial, level at which it had been paused), in order of resumption."""
        return list(self._without)

    def extra_results(self) -> dict[str, int]:
        """Return columns for the results: what was removed so far, and at which cost.

        `num_trials_resumed` counts all resumptions; `cost_resources` is the resource that trials
        resumed without their checkpoint had to spend a second time.
        """
        levels = (level for _, level in self._without)
        figures = (self.num_checkpoints_removed, self._num_resumed, sum(levels))
        return dict(zip(self.extra_results_keys(), figures, strict=True))

    def columns(self, trials: TrialView) -> dict[str, int]:
        """Return the same; a scheduler's method of this name adds columns to its reports."""
        return self.extra_results()

    @staticmethod
    def extra_results_keys() -> list[str]:
        return ["num_checkpoints_removed", "num_trials_resumed", "cost_resources"]

    # ---- state --------------------------------------------------------------------------

    def clear(self, trials: TrialView) -> None:
        """Forget what happened, but for what the table tells without the rungs."""
        status, has = trials.trial("status"), trials.trial("checkpoint")
        over = np.flatnonzero((status > PAUSED) & has).tolist()  # a user's stop not heard of yet
        self._kept = {trial: Kept(0, 0.0, math.inf) for trial in over}
        self.num_checkpoints_removed = int(np.count_nonzero((status == PAUSED) & ~has))
        self._num_resumed, self._without = 0, []
        self._workers = 1
        self._note_workers(self._busy(trials))
        self.victims.clear()

    def state_dict(self) -> State:
        kept = self._kept.items()
        return {
            "kept": np.array([(trial, k.system) for trial, k in kept], np.int64).reshape(-1, 2),
            "places": np.array([(k.level, k.value) for _, k in kept], float).reshape(-1, 2),
            "counts": [self._workers, self._num_resumed, self.num_checkpoints_removed],
            "without": np.array(self._without, np.int64).reshape(-1, 2),
            "victims": self.victims.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        who = np.asarray(state["kept"], np.int64).reshape(-1, 2).tolist()
        where = np.asarray(state["places"], float).reshape(-1, 2).tolist()
        self._kept = {t: Kept(s, *place) for (t, s), place in zip(who, where, strict=True)}
        self._workers, self._num_resumed, self.num_checkpoints_removed = map(int, state["counts"])
        without = np.asarray(state["without"], np.int64).reshape(-1, 2).tolist()
        self._without = [(trial, level) for trial, level in without]
        self.victims.load_state_dict(state["victims"])
