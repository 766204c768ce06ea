"""Rung levels, promotion quantiles, and how often each bracket is opened.

Notation
--------
r_j  rung levels, 0 <= j < J     r_max  a full evaluation, r_J     eta  reduction factor
q_j  = r_j / r_{j+1}, the fraction of rung j that goes on
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from synecore.errors import OptionError
from synecore.problem import Array

DEFAULT_REDUCTION_FACTOR = 3.0


def rung_levels(
    max_t: float,
    *,
    grace_period: int = 1,
    reduction_factor: float | None = None,
    rung_increment: int | None = None,
    levels: Sequence[int] | None = None,
) -> list[int]:
    """Return the levels r_j < max_t at which decisions are made, strictly increasing.

    `levels` if given, without a last entry equal to `max_t`; else grace_period + j rung_increment
    if that and no `reduction_factor` is given; else round(grace_period eta^j), as in Li et al.,
    "A System for Massively Parallel Hyperparameter Tuning" (2018), section 3.

    Raises OptionError where levels decrease, exceed `max_t`, or none is below it.
    """
    if levels is not None:
        return _explicit(levels, max_t)
    if grace_period >= max_t:
        raise OptionError(
            f"'grace_period' must be less than max_t = {max_t:g}: {grace_period}. "
            "Lower it, or raise the largest resource (max_resource_attr or max_t)."
        )
    if rung_increment is not None and reduction_factor is None:
        found = list(range(grace_period, int(np.ceil(max_t)), rung_increment))
    else:
        eta = DEFAULT_REDUCTION_FACTOR if reduction_factor is None else reduction_factor
        found, j = [], 0
        while grace_period * eta**j < max_t:
            found.append(round(grace_period * eta**j))
            j += 1
    return [level for level in found if level < max_t]  # rounding may have reached max_t


def _explicit(levels: Sequence[int], max_t: float) -> list[int]:
    rising = all(a < b for a, b in pairwise(levels))
    if not levels or levels[0] < 1 or not rising:
        raise OptionError(
            f"'rung_levels' must be positive and strictly increasing: {list(levels)}."
        )
    if levels[-1] > max_t:
        raise OptionError(
            f"'rung_levels' must not exceed max_t = {max_t:g}: {list(levels)}. "
            "Drop the larger ones, or raise the largest resource (max_resource_attr or max_t)."
        )
    return [int(level) for level in levels if level < max_t]


def promotion_quantiles(levels: Sequence[float], max_t: float) -> list[float]:
    """Return q_j = r_j / r_{j+1}, with r_max after the last level.

    1/eta for geometric levels; the documentation's prose says 1/eta everywhere, its interface
    says the ratio, which is what keeps the expected cost of each rung the same on other levels.
    """
    above = [*levels, max_t][1:]
    return [r / r_next for r, r_next in zip(levels, above, strict=True)]


def default_bracket_weights(levels: Sequence[float], max_t: float, n_brackets: int) -> Array:
    """Return (n_brackets,) probabilities, proportional to the slots of synchronous Hyperband.

    Bracket s begins at level r_s and has K - s of the K = J + 1 levels; it gets K / (K - s)
    budgets of r_max, so K / (K - s) r_max / r_s trials begin in it (Li et al., "Hyperband", JMLR
    2018, algorithm 1, without its rounding).
    """
    r = np.array([*levels, max_t], float)
    s = np.arange(n_brackets)
    weights = len(r) / ((len(r) - s) * r[:n_brackets])
    probabilities: Array = weights / weights.sum()
    return probabilities
