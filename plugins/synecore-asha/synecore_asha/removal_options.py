"""Options of speculative early removal of checkpoints, `early_checkpoint_removal_kwargs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs
from attrs.validators import and_, ge, gt, lt

from synecore.options import build, option

NAME = "early_checkpoint_removal_kwargs"


@attrs.frozen(kw_only=True)
class RemovalOptions:
    """How many checkpoints are kept, and which of them go first."""

    max_num_checkpoints: int = option(
        ge(2),
        doc="Checkpoints on disk at most, those of running trials included; more than workers.",
    )
    approx_steps: int = option(
        ge(1),
        default=25,
        doc="How closely the probability of being resumed is computed.",
    )
    max_wallclock_time: float | None = option(
        gt(0),
        default=None,
        doc="Seconds of the whole experiment, where the stopping criterion does not tell.",
    )
    prior_beta_mean: float = option(
        and_(gt(0), lt(1)),
        default=0.33,
        doc="First guess of the probability that a trial arriving at a rung ranks before one that "
        "is paused there; below 1/2.",
    )
    prior_beta_size: float = option(
        gt(0), default=2.0, doc="How many observations that guess counts for."
    )
    min_data_at_rung: int = option(
        ge(0),
        default=5,
        doc="Observations at a rung from which on it has an estimate of its own.",
    )
    baseline: Literal["random", "by_level"] | None = option(
        default=None,
        doc="For comparison: remove checkpoints at random, or from the lowest level first.",
    )


def read_removal_options(given: Mapping[str, Any]) -> RemovalOptions:
    """Return the options; OptionError for unknown, missing and bad ones."""
    options: RemovalOptions = build(RemovalOptions, given, NAME)
    return options
