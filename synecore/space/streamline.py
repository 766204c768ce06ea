"""Replace domains by nearly equivalent ones that suit model-based search better."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from synecore.space.categories import Categorical, OrdinalNearestNeighbor
from synecore.space.constraints import RESERVED, like
from synecore.space.domain import Domain
from synecore.space.factories import finrange, logfinrange, logordinal, ordinal
from synecore.space.finite_range import FiniteRange
from synecore.space.ranges import Float, Integer
from synecore.space.samplers import Grid, Uniform, WeightPrior

logger = logging.getLogger(__name__)

UPPER_LOWER_RATIO = 100.0  # from here on a range above 0 goes to a log scale
R2_FOR_GRID = 0.995  # from here on values count as equally spaced


def streamline_config_space(
    config_space: Mapping[str, Any],
    exclude_names: Collection[str] | None = None,
    verbose: bool = False,
) -> dict[str, Any]:
    """Return the space with domains replaced by nearly equivalent ones, see `convert_domain`.

    A parameter on which others depend keeps its values exactly.

    Args:
        config_space: original space; unchanged.
        exclude_names: parameters to leave alone.
        verbose: log what is replaced.
    """
    parents = {p for d in config_space.values() if isinstance(d, Domain) for p in d.condition}
    new = {}
    for name, value in config_space.items():
        if name == RESERVED:
            continue
        new[name] = value
        if isinstance(value, Domain) and name not in (exclude_names or ()):
            new[name] = _convert(value, exactly=name in parents)
            if verbose and new[name] is not value:
                logger.info("%s: %r is replaced by %r", name, value, new[name])
    return like(config_space, new)


def convert_domain(domain: Domain, name: str | None = None) -> Domain:
    """Return a domain that is nearly equivalent, or the same one.

    - More than two categories that are numbers become a finite range where they are equally spaced,
      or nearly so, or else ordinal; on a log scale where that fits better. A finite range keeps the
      number of values and the smallest one, but may move the others slightly.
    - A uniform range of numbers with `lower > 0` and `upper >= 100 lower` goes to a log scale.
    """
    return _convert(domain, exactly=False)


def _convert(domain: Domain, exactly: bool) -> Domain:
    new = _convert_choice(domain, exactly)
    return new if new is not domain else convert_linear_to_log_domain(domain)


def convert_linear_to_log_domain(domain: Domain, name: str | None = None) -> Domain:
    """Return a uniform range of two orders of magnitude on a log scale, others as they are."""
    if not isinstance(domain, (Float, Integer)) or type(domain.get_sampler()) is not Uniform:
        return domain
    if domain.prior_belief is not None:  # its standard deviation is in units of the linear scale
        return domain
    if domain.lower > 0 and domain.upper >= UPPER_LOWER_RATIO * domain.lower:
        return domain.loguniform()
    return domain


def convert_choice_domain(domain: Domain, name: str | None = None) -> Domain:
    """Return more than two numeric categories as a finite range or ordinal, others as they are."""
    return _convert_choice(domain, exactly=False)


def _convert_choice(domain: Domain, exactly: bool) -> Domain:
    if type(domain) is not Categorical or domain.value_type not in (int, float):
        return domain
    if len(domain) <= 2 or isinstance(domain.sampler, Grid):
        return domain
    values = sorted(domain.categories)
    fit = fit_to_regular_grid(values)
    log = False
    if values[0] > 0:
        log_fit = fit_to_regular_grid([math.log(v) for v in values])
        if log_fit["r2"] > fit["r2"]:
            fit, log = log_fit, True
    new: Domain = logordinal(values) if log else ordinal(values, kind="nn")
    if fit["r2"] >= R2_FOR_GRID:
        grid = _grid(values, fit["a"], log)
        # The same values exactly, or near ones where nothing depends on them.
        if grid.values == values or not (exactly or len(set(grid.values)) < len(values)):
            new = grid
    return _finished(new, domain, values)


def _grid(values: Sequence[Any], slope: float, log: bool) -> FiniteRange:
    """A finite range from the smallest value with the slope of the fit, up to the largest."""
    cast_int = isinstance(values[0], int)
    first, last, steps = values[0], values[-1], len(values) - 1
    end = math.exp(math.log(first) + slope * steps) if log else first + slope * steps
    end = last if math.isclose(end, last, rel_tol=1e-9) else min(end, last)
    if cast_int:
        end = round(end)
    make = logfinrange if log else finrange
    return make(first, end, len(values), cast_int=cast_int)


def _finished(new: Domain, old: Categorical, values: Sequence[Any]) -> Domain:
    new.condition = old.condition
    belief = old.prior_belief
    if isinstance(belief, WeightPrior):
        weights = dict(zip(old.categories, belief.weights, strict=True))
        new.prior_belief = WeightPrior([weights[value] for value in values])
    assert isinstance(new, (FiniteRange, OrdinalNearestNeighbor))
    return new


def fit_to_regular_grid(x: Sequence[float]) -> dict[str, float]:
    """Return the least-squares fit of a j + b to x[j], j = 0, 1, ...

    Args:
        x: strictly increasing, at least two numbers.

    Returns:
        "a", "b" and "r2", the share of the variance of x that the fit explains.
    """
    n = len(x)
    mean_j, mean_x = (n - 1) / 2.0, math.fsum(x) / n
    spread_j = n * (n * n - 1) / 12.0
    covariance = math.fsum((j - mean_j) * (float(v) - mean_x) for j, v in enumerate(x))
    spread_x = math.fsum((float(v) - mean_x) ** 2 for v in x)
    a = covariance / spread_j
    return {"r2": covariance**2 / (spread_j * spread_x), "a": a, "b": mean_x - a * mean_j}
