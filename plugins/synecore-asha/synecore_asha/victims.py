"""Which checkpoints of paused trials go first: those whose loss costs the least, or baselines.

Losing the checkpoint of a trial that is paused at level r costs the r units of resource that it
takes to get there again, if the trial is ever resumed. Its score is the expectation of that, r
times the probability of being resumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import attrs
import numpy as np

from synecore import seeds
from synecore.actions import Why
from synecore.errors import OptionError
from synecore.problem import Array
from synecore.protocols import State
from synecore_asha.estimators import BetaBinomialEstimator
from synecore_asha.removal_options import NAME, RemovalOptions
from synecore_asha.resumption import compute_probabilities_of_getting_resumed


@attrs.frozen
class Candidate:
    """A paused trial that has its checkpoint, and its place in its rung."""

    trial: int
    level: float
    rank: int  # 1 is best
    rung_len: int
    quantile: float

    @property
    def why(self) -> Why:
        return {"rung": int(self.level), "rank": self.rank, "of": self.rung_len}


class Victims(Protocol):
    """Chooses whose checkpoint goes."""

    def set_time_budget(self, seconds: float | None) -> None: ...
    def check(self) -> None:
        """Raise OptionError if something is not known that is needed to choose."""

    def arrived(self, level: float, better: Sequence[bool]) -> None:
        """Note a new value at a rung: whether it beats each trial there that has its checkpoint."""

    def choose(
        self, candidates: Sequence[Candidate], n: int, now: float
    ) -> list[tuple[Candidate, Why]]:
        """Return n of the candidates, with the reason for each."""

    def clear(self) -> None:
        """Forget what was learned."""

    def state_dict(self) -> State: ...
    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...


class LeastExpectedLoss:
    """The trials with the least level times probability of being resumed."""

    def __init__(self, options: RemovalOptions) -> None:
        self._options = options
        self._budget: float | None = None
        self.clear()

    def clear(self) -> None:
        self._overall = self._new()
        self._at: dict[float, BetaBinomialEstimator] = {}

    def _new(self) -> BetaBinomialEstimator:
        return BetaBinomialEstimator(self._options.prior_beta_mean, self._options.prior_beta_size)

    @property
    def max_wallclock_time(self) -> float | None:
        """Seconds of the experiment: the stopping criterion's, else the option's."""
        return self._options.max_wallclock_time if self._budget is None else self._budget

    def set_time_budget(self, seconds: float | None) -> None:
        self._budget = seconds

    def check(self) -> None:
        if self.max_wallclock_time is None:
            raise OptionError(
                f"{NAME}: which checkpoints to keep depends on the time that is left, and nothing "
                "limits the time of this experiment. Give the stopping criterion a "
                "max_wallclock_time, or give 'max_wallclock_time' (in seconds) here, or choose "
                "baseline='by_level', which does not look at the time."
            )

    def estimator_for_rung(self, level: float) -> BetaBinomialEstimator:
        """Return the rung's estimator, the one of all rungs while it has seen too little."""
        own = self._at.get(float(level))
        enough = own is not None and own.num_total >= self._options.min_data_at_rung
        return own if own is not None and enough else self._overall

    def arrived(self, level: float, better: Sequence[bool]) -> None:
        if not better:
            return
        self._overall.update(better)
        if level not in self._at:
            self._at[level] = self._new()
        self._at[level].update(better)

    def probabilities(self, candidates: Sequence[Candidate], now: float) -> Array:
        """Return the probabilities (q,) that the candidates are resumed after time `now`."""
        total = self.max_wallclock_time or 0.0
        left = max(total - now, 0.0)
        return compute_probabilities_of_getting_resumed(
            [c.rank for c in candidates],
            [c.rung_len for c in candidates],
            [c.quantile for c in candidates],
            [self.estimator_for_rung(c.level).posterior_mean() for c in candidates],
            left / now if now > 0.0 else np.inf,
            self._options.approx_steps,
        )

    def choose(
        self, candidates: Sequence[Candidate], n: int, now: float
    ) -> list[tuple[Candidate, Why]]:
        probabilities = self.probabilities(candidates, now).tolist()
        scored = [(p * c.level, c.level, -c.rank, p, c) for p, c in zip(
            probabilities, candidates, strict=True)]  # fmt: skip
        scored.sort(key=lambda item: (*item[:3], -item[4].trial))
        return [
            (c, {"source": "least expected loss", **c.why, "probability_resumed": p, "score": s})
            for s, _, _, p, c in scored[:n]
        ]

    def state_dict(self) -> State:
        return {
            "budget": self._budget,
            "overall": self._overall.state_dict(),
            "levels": [[level, *own.state_dict()] for level, own in self._at.items()],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._budget = state["budget"]
        self._overall.load_state_dict(state["overall"])
        self._at = {}
        for level, *counts in state["levels"]:
            self._at[float(level)] = self._new()
            self._at[float(level)].load_state_dict(counts)


class _LearnsNothing:
    """What the baselines have in common."""

    def set_time_budget(self, seconds: float | None) -> None:
        pass

    def check(self) -> None:
        pass

    def arrived(self, level: float, better: Sequence[bool]) -> None:
        pass

    def clear(self) -> None:
        pass

    def state_dict(self) -> State:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        pass


class LowestLevel(_LearnsNothing):
    """The trials at the lowest level, the worst ranks first."""

    def choose(
        self, candidates: Sequence[Candidate], n: int, now: float
    ) -> list[tuple[Candidate, Why]]:
        chosen = sorted(candidates, key=lambda c: (c.level, -c.rank, -c.trial))[:n]
        return [(c, {"source": "lowest level", **c.why}) for c in chosen]


class AtRandom(_LearnsNothing):
    """Any of the trials."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def choose(
        self, candidates: Sequence[Candidate], n: int, now: float
    ) -> list[tuple[Candidate, Why]]:
        chosen = self._rng.permutation(len(candidates))[:n].tolist()
        return [(candidates[i], {"source": "random", **candidates[i].why}) for i in chosen]

    def state_dict(self) -> State:
        return {"rng": seeds.state_of(self._rng)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        seeds.restore(self._rng, state["rng"])


def victims_for(options: RemovalOptions, seed: np.random.SeedSequence) -> Victims:
    """Return what `baseline` asks for."""
    if options.baseline == "random":
        return AtRandom(seeds.stream(seed, "scheduler/removal"))
    return LowestLevel() if options.baseline == "by_level" else LeastExpectedLoss(options)
