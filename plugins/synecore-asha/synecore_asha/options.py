"""Options of asynchronous successive halving."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs
from attrs.validators import ge

from synecore.options import ComponentRef, component, option
from synecore_asha.removal_options import read_removal_options


@attrs.frozen(kw_only=True)
class ASHAOptions:
    """Rungs, brackets, and what is done at a rung."""

    searcher: ComponentRef = component("searcher", default="random", doc="Proposes new trials.")
    type: Literal["stopping", "promotion"] = option(
        default="stopping",
        doc="Stop trials at a rung, or pause them there until they are promoted.",
    )
    grace_period: int = option(
        ge(1),
        default=1,
        doc="Level of the first rung; not used with `rung_levels`.",
        also=("min_resource", "min_t", "r_min", "min_budget"),
    )
    reduction_factor: float | None = option(
        ge(2),
        default=None,
        doc="Each level is this many times the one before: 3, unless `rung_increment` or "
        "`rung_levels` is given.",
        also=("eta",),
    )
    rung_increment: int | None = option(
        ge(1),
        default=None,
        doc="Distance between levels; not used if `reduction_factor` or `rung_levels` is given.",
    )
    rung_levels: tuple[int, ...] | None = option(
        default=None,
        doc="The levels themselves, strictly increasing, at most max_t; they decide alone.",
    )
    brackets: int = option(
        ge(1),
        default=1,
        doc="Number of brackets; bracket s begins at level s. 1 is successive halving.",
    )
    rung_system_per_bracket: bool = option(
        default=False,
        doc="Let trials compete only within their bracket.",
    )
    searcher_data: Literal["rungs", "all", "rungs_and_last"] = option(
        default="rungs",
        doc="Which observations a model-based searcher learns from.",
    )
    register_pending_myopic: bool = option(
        default=False,
        doc="Expect only the next report of a running trial, not all up to its next level; "
        "without effect for `searcher_data='rungs'`.",
    )
    do_snapshots: bool = option(
        default=False,
        doc="Show the searcher a snapshot of the running trials and the rungs before it is asked; "
        "for `type='stopping'`.",
    )
    early_checkpoint_removal_kwargs: Mapping[str, Any] | None = option(
        default=None,
        doc="Keep at most `max_num_checkpoints` checkpoints, a key of this mapping, and give up "
        "those that are missed least; for `type='promotion'`.",
    )

    def __attrs_post_init__(self) -> None:
        if self.early_checkpoint_removal_kwargs is not None:
            read_removal_options(self.early_checkpoint_removal_kwargs)
        if self.do_snapshots and self.type != "stopping":
            raise ValueError(
                f"'do_snapshots' needs type='stopping', where trials are judged as they run: "
                f"type={self.type!r}"
            )
