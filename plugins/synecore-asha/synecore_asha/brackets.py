"""Rung systems, and the brackets that share one or have one each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import attrs
import numpy as np

from synecore.protocols import State
from synecore_asha.levels import default_bracket_weights, promotion_quantiles
from synecore_asha.rungs import Entry, Rung


@attrs.frozen
class Promotion:
    """The best paused trial that may go on, and how far."""

    rung: Rung
    entry: Entry
    cutoff: float
    until: float  # the next level


class RungSystem:
    """The rungs that a group of trials compete in, lowest level first."""

    def __init__(self, levels: Sequence[float], quantiles: Sequence[float], max_t: float) -> None:
        self.rungs = [Rung(r, q) for r, q in zip(levels, quantiles, strict=True)]
        self._at = {rung.level: rung for rung in self.rungs}
        above = [*levels, max_t][1:]
        self._next = dict(zip(levels, above, strict=True))

    def rung(self, level: float) -> Rung | None:
        """Return the rung of this level, None where no decision is made."""
        return self._at.get(level)

    def after(self, level: float) -> float:
        """Return the level after a rung's, at last r_max."""
        return self._next[level]

    def promotable(self) -> Promotion | None:
        """Return the best paused trial within the cutoff of the highest rung that has one.

        Li et al. (2018), algorithm 2, get_job: rungs are looked at from the top.
        """
        for rung in reversed(self.rungs):
            cutoff = rung.cutoff()
            entry = rung.promotable(cutoff)
            if entry is not None and cutoff is not None:
                return Promotion(rung, entry, cutoff, self._next[rung.level])
        return None

    def promotions(self) -> Iterator[int]:
        """Yield the paused trials that are promoted next, in that order, if none arrives."""
        for rung in reversed(self.rungs):
            yield from rung.within(rung.cutoff())

    def withdraw(self, trial: int) -> None:
        """Forget that the trial is paused."""
        for rung in self.rungs:
            if rung.withdraw(trial):
                return


class Brackets:
    """The brackets of one experiment: bracket s begins at the s-th level.

    With a system each, trials compete only with those that began in the same bracket; with one
    shared system the bracket only says where a trial's first decision is made.
    """

    def __init__(
        self, levels: Sequence[int], max_t: float, n: int, *, system_each: bool = False
    ) -> None:
        self.levels = [float(level) for level in levels]
        self.max_t = float(max_t)
        self.n = min(n, len(levels) + 1)
        self.system_each = system_each
        self.weights = default_bracket_weights(self.levels, self.max_t, self.n)
        quantiles = promotion_quantiles(self.levels, self.max_t)
        self.systems = [
            RungSystem(self.levels[s:], quantiles[s:], self.max_t)
            for s in range(self.n if system_each else 1)
        ]
        self._bounds = list(accumulate(self.weights.tolist()))

    def system(self, bracket: int) -> RungSystem:
        """Return the rungs that a trial of this bracket competes in."""
        return self.systems[bracket if self.system_each else 0]

    def first_level(self, bracket: int) -> float:
        return self.levels[bracket] if bracket < len(self.levels) else self.max_t

    def draw(self, rng: np.random.Generator, weights: Sequence[float] | None = None) -> int:
        """Draw a bracket, by the default probabilities or by `weights` (n,); no draw for one."""
        if self.n == 1:
            return 0
        bounds = self._bounds if weights is None else list(accumulate(weights))
        return min(bisect_right(bounds, rng.random() * bounds[-1]), self.n - 1)

    # ---- what others may look at --------------------------------------------------------

    def information_for_rungs(self, bracket: int = 0) -> list[tuple[int, int, float]]:
        """Return (level, number of entries, quantile) of the bracket's rungs, highest first."""
        rungs = reversed(self.system(bracket).rungs)
        return [(int(rung.level), len(rung), rung.quantile) for rung in rungs]

    def paused_trials(self, resource: float | None = None) -> list[tuple[int, int, float, int]]:
        """Return (trial, rank, minimised value, level) of the trials that wait, highest rung first.

        Rank 0 is the best of the rung. With `resource` only those of that level; none if it is
        no rung level.
        """
        return [
            (entry.trial, entry.rank, entry.value, int(rung.level))
            for system in self.systems
            for rung in reversed(system.rungs)
            if resource is None or rung.level == resource
            for entry in rung.waiting()
        ]

    def snapshot_rungs(self, bracket: int = 0) -> list[tuple[int, list[tuple[int, float]]]]:
        """Return (level, [(trial, minimised value), ...]) of the bracket's rungs, highest first."""
        first = self.first_level(bracket)
        rungs = [rung for rung in self.system(bracket).rungs if rung.level >= first]
        return [(int(rung.level), rung.entries()) for rung in reversed(rungs)]

    # ---- state --------------------------------------------------------------------------

    def clear(self) -> None:
        for system in self.systems:
            for rung in system.rungs:
                rung.clear()

    def state_dict(self) -> State:
        return {"rungs": [[r.state_dict() for r in system.rungs] for system in self.systems]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for system, saved in zip(self.systems, state["rungs"], strict=True):
            for rung, rung_state in zip(system.rungs, saved, strict=True):
                rung.load_state_dict(rung_state)
