"""From a uniform number to a position, where a domain is not uniform on its scale."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from synecore.errors import SpaceError
from synecore.problem import Array
from synecore.space.categories import OrdinalNearestNeighbor
from synecore.space.columns import Column
from synecore.space.domain import Domain
from synecore.space.finite_columns import CategoricalColumn, ListedColumn
from synecore.space.finite_range import FiniteRange
from synecore.space.ranges import Float, Integer
from synecore.space.samplers import Normal, NormalPrior, Quantized, WeightPrior
from synecore.space.scalings import get_scaling

KNOTS = 4097  # of the tabulated distribution function
REACH = 8.5  # standard deviations beyond which nothing is drawn


def belief_of(domain: Domain) -> NormalPrior | WeightPrior | None:
    """Return the prior of a domain, or what its normal sampler amounts to."""
    if domain.prior_belief is not None:
        return domain.prior_belief
    sampler = domain.get_sampler()
    while isinstance(sampler, Quantized):
        sampler = sampler.sampler
    return NormalPrior(sampler.mean, sampler.sd) if isinstance(sampler, Normal) else None


def quantile_function(column: Column) -> Callable[[Array], Array] | None:
    """Return the map of uniform numbers to positions; None where it is the identity."""
    belief = belief_of(column.domain)
    if isinstance(belief, NormalPrior):
        return _normal(column, belief)
    if isinstance(belief, WeightPrior):
        return _weighted(column, belief)
    return None


def _internal_range(domain: Domain) -> tuple[float, float]:
    """Ends of the scale, at positions 0 and 1."""
    to = get_scaling(domain).to_internal
    if isinstance(domain, Float):
        low, high = domain.effective_bounds()
        return to(low), to(high)
    if isinstance(domain, Integer):
        return to(domain.lower - 0.5), to(domain.upper + 0.5)
    if isinstance(domain, OrdinalNearestNeighbor) and len(domain) > 1:
        assert domain.lower_int is not None
        assert domain.upper_int is not None
        return domain.lower_int, domain.upper_int
    if isinstance(domain, FiniteRange) and domain.size > 1:
        low, high = to(domain.lower), to(domain.upper)
        half = 0.5 * (high - low) / (domain.size - 1)
        return low - half, high + half
    return 0.0, 0.0


def _normal(column: Column, belief: NormalPrior) -> Callable[[Array], Array] | None:
    """A normal distribution on the scale, cut at its ends; tabulated."""
    low, high = _internal_range(column.domain)
    if low == high:
        return None
    mean = get_scaling(column.domain).to_internal(belief.mean)
    first = max((low - mean) / belief.sd, -REACH)
    last = min((high - mean) / belief.sd, REACH)
    if first >= last:
        raise SpaceError(
            f"{column.name}: the mean {belief.mean!r} with standard deviation {belief.sd!r} lies "
            f"more than {REACH:g} standard deviations outside {column.domain!r}."
        )
    z = np.linspace(first, last, KNOTS)
    cdf = np.array([math.erfc(-value / math.sqrt(2.0)) for value in z])
    cdf = (cdf - cdf[0]) / (cdf[-1] - cdf[0])
    x = np.clip((mean + belief.sd * z - low) / (high - low), 0.0, 1.0)
    return lambda u: np.interp(u, cdf, x)


def _weighted(column: Column, belief: WeightPrior) -> Callable[[Array], Array]:
    cumulative = np.cumsum(np.array(belief.weights) / sum(belief.weights))
    cumulative[-1] = 1.0
    last = max(i for i, weight in enumerate(belief.weights) if weight > 0.0)
    at = _cell_positions(column)
    return lambda u: at[np.minimum(np.searchsorted(cumulative, u, side="right"), last)]


def _cell_positions(column: Column) -> Array:
    """A position in each cell, in the order of the values."""
    if isinstance(column, CategoricalColumn):
        return np.arange(len(column.listed), dtype=float)
    if isinstance(column, ListedColumn):
        return column.at
    domain = column.domain
    assert isinstance(domain, Integer)
    return column.encode(range(domain.lower, domain.upper + 1))


def middle(column: Column) -> Any:
    """See `Column.midpoint`."""
    domain, belief = column.domain, belief_of(column.domain)
    if isinstance(belief, WeightPrior):
        at = _cell_positions(column)
        return column.decode_one(float(at[int(np.argmax(belief.weights))]))
    if isinstance(belief, NormalPrior):
        low, high = _internal_range(domain)
        if low == high:
            return column.decode_one(0.5)
        x = (get_scaling(domain).to_internal(belief.mean) - low) / (high - low)
        return column.decode_one(min(max(x, 0.0), 1.0))
    if isinstance(column, CategoricalColumn):
        return column.listed[0]
    if isinstance(domain, Integer) and domain.scale == "log":
        # The middle of the bounds as the user gave them, not of the half-integers around them.
        return column.decode_one(
            column.encode_one(_near(domain, math.sqrt(domain.lower * domain.upper)))
        )
    return column.decode_one(0.5)


def _near(domain: Integer, value: float) -> int:
    sampler = domain.get_sampler()
    k = round(value)
    if isinstance(sampler, Quantized):
        q = int(sampler.q)
        k = min(max(round(value / q), -(-domain.lower // q)), domain.upper // q) * q
    return k
