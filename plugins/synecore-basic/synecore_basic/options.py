"""Options of the schedulers and searchers that need no model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from attrs.validators import deep_mapping, ge, instance_of, le

from synecore.options import ComponentRef, component, option

GRID_SAMPLES = 5  # values of a number in a grid, where the user gives none


@attrs.frozen(kw_only=True)
class FIFOOptions:
    """First come, first served."""

    searcher: ComponentRef = component("searcher", default="random", doc="Proposes new trials.")


@attrs.frozen(kw_only=True)
class MedianStoppingOptions:
    """Median stopping on top of another scheduler."""

    scheduler: ComponentRef = component(
        "scheduler", default="fifo", doc="Starts trials, and decides where this rule does not."
    )
    metric: str | None = option(
        default=None, doc="Which of the objectives the rule compares; the first by default."
    )
    running_average: bool = option(
        default=True,
        doc="Compare the mean of a trial's reports so far, not the latest report alone.",
    )
    grace_time: float | None = option(
        ge(0), default=1, doc="Trials are judged at resources greater than this."
    )
    grace_population: int = option(
        ge(1), default=5, doc="Trials are judged where this many have reported, itself included."
    )
    rank_cutoff: float = option(
        ge(0),
        le(1),
        default=0.5,
        doc="Stop a trial if more than this fraction of those at its resource are better.",
    )


@attrs.frozen(kw_only=True)
class ScalarizeOptions:
    """Several objectives as one, for a scheduler that knows one."""

    scheduler: ComponentRef = component(
        "scheduler", default="fifo", doc="Sees the weighted sum as its only objective."
    )
    scalarization_weights: tuple[float, ...] | None = option(
        default=None, doc="One weight an objective, in their order; all 1 by default.",
        aliases=("weights",),
    )  # fmt: skip


@attrs.frozen(kw_only=True)
class RandomOptions:
    """Random search."""

    allow_duplicates: bool | None = option(
        default=False,
        doc="Propose a configuration again that was tried before, unless it failed.",
    )
    restrict_configurations: tuple[Mapping[str, Any], ...] | None = option(
        default=None, doc="Propose only these configurations, in random order."
    )
    debug_log: bool = option(default=False, doc="Log each proposal.")


@attrs.frozen(kw_only=True)
class GridOptions:
    """Grid search."""

    num_samples: Mapping[str, int] | None = option(
        deep_mapping(instance_of(str), ge(1)),
        default=None,
        doc=f"Number of values of a parameter: {GRID_SAMPLES} by default, fewer for a smaller "
        "integer range; parameters with listed values use all of them.",
    )
    shuffle_config: bool = option(
        default=True, doc="Random order; otherwise that of the Cartesian product, last one fastest."
    )
    allow_duplicates: bool | None = option(
        default=False, doc="Begin again when the grid is used up."
    )


@attrs.frozen(kw_only=True)
class SobolOptions:
    """A scrambled Sobol' sequence."""

    scramble: bool = option(
        default=True, doc="Scramble by the seed; otherwise every seed gives the same sequence."
    )
    skip: int = option(ge(0), default=0, doc="Leave out this many points at the beginning.")
