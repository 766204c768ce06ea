"""Narrower domains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from synecore.errors import SpaceError
from synecore.space.categories import Categorical, OrdinalNearestNeighbor
from synecore.space.domain import CLOSE, Domain, real
from synecore.space.finite_range import FiniteRange
from synecore.space.ranges import Float, Integer
from synecore.space.samplers import NormalPrior, WeightPrior


def restrict_domain(
    domain: Domain,
    lower: float | None = None,
    upper: float | None = None,
    *,
    values: Sequence[Any] | None = None,
) -> Domain:
    """Return the part of a domain in [lower, upper], or with these values.

    Scale, condition and prior stay: a mean is moved into the new range, weights of values that are
    gone are dropped.

    Args:
        domain: numeric for bounds; finite for values.
        lower: None for no new bound.
        upper: None for no new bound.
        values: to keep, instead of bounds.

    Raises:
        SpaceError: if nothing would be left, or the domain has no such restriction.
    """
    if values is not None:
        return _with_values(domain, values)
    low = -math.inf if lower is None else real(lower)
    high = math.inf if upper is None else real(upper)
    if not domain.is_numeric:
        raise SpaceError(f"{domain!r} is not numeric; restrict it by values=[...].")
    if isinstance(domain, Float):
        return _float(domain, low, high)
    if isinstance(domain, Integer):
        return _integer(domain, low, high)
    if isinstance(domain, FiniteRange):
        return _finite_range(domain, low, high)
    assert isinstance(domain, OrdinalNearestNeighbor)
    kept = [v for v in domain.categories if _within(v, low, high)]
    return _with_values(domain, kept) if kept else _nothing_left(domain, lower, upper)


def _within(value: float, low: float, high: float) -> bool:
    slack = CLOSE * abs(value)
    return low - slack <= value <= high + slack


def _nothing_left(domain: Domain, lower: Any, upper: Any) -> Domain:
    raise SpaceError(f"{domain!r} has no value from {lower!r} to {upper!r}.")


def _float(domain: Float, low: float, high: float) -> Domain:
    low, high = max(low, domain.lower), min(high, domain.upper)
    if low > high:
        return _nothing_left(domain, low, high)
    new = Float(low, high)
    new.set_sampler(domain.get_sampler())
    return _finished(new, domain)


def _integer(domain: Integer, low: float, high: float) -> Domain:
    first = domain.lower if low <= domain.lower else math.ceil(low - CLOSE * abs(low))
    last = domain.upper if high >= domain.upper else math.floor(high + CLOSE * abs(high))
    if first > last:
        return _nothing_left(domain, low, high)
    new = Integer(first, last)
    new.set_sampler(domain.get_sampler())
    return _finished(new, domain, [k - domain.lower for k in range(first, last + 1)]
                     if isinstance(domain.prior_belief, WeightPrior) else ())  # fmt: skip


def _finite_range(domain: FiniteRange, low: float, high: float) -> Domain:
    kept = [i for i, value in enumerate(domain.values) if _within(value, low, high)]
    if not kept:
        return _nothing_left(domain, low, high)
    if len(kept) == domain.size:
        return domain
    # The ends before rounding to integers, so that the values between stay what they are.
    exact = FiniteRange(domain.lower, domain.upper, domain.size, domain.log_scale).values
    first, last = exact[kept[0]], exact[kept[-1]]
    new = FiniteRange(first, last, len(kept), domain.log_scale, domain.cast_int)
    return _finished(new, domain, kept)


def _with_values(domain: Domain, values: Sequence[Any]) -> Domain:
    if isinstance(domain, FiniteRange):
        return _finite_range(domain, min(values), max(values))
    if not isinstance(domain, Categorical):
        raise SpaceError(f"{domain!r} has no list of values; restrict it by lower and upper.")
    listed = [values] if isinstance(values, str) else list(values)
    for value in listed:
        if not domain.is_valid(value):
            raise SpaceError(f"{value!r} is not in {domain!r}.")
    kept = [i for i, value in enumerate(domain.categories) if value in listed]
    if not kept:
        raise SpaceError(f"{domain!r} restricted to no value at all.")
    new = domain.copy()
    for key in ("categories_int",):
        new.__dict__.pop(key, None)
    new.categories = [domain.categories[i] for i in kept]
    return _finished(new, domain, kept)


def _finished(new: Domain, old: Domain, kept: Sequence[int] = ()) -> Domain:
    new.condition = old.condition
    belief = old.prior_belief
    if isinstance(belief, NormalPrior):
        low, high = new.prior_bounds()
        belief = NormalPrior(min(max(belief.mean, low), high), belief.sd)
    elif isinstance(belief, WeightPrior):
        weights = [belief.weights[i] for i in kept]
        belief = WeightPrior(weights) if sum(weights) > 0.0 else None
    new.prior_belief = belief
    return new
