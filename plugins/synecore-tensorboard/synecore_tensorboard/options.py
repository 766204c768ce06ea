"""Options of the event files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs

from synecore.options import option


@attrs.frozen(kw_only=True)
class TensorboardOptions:
    """What is written for TensorBoard."""

    ignore_metrics: Sequence[str] = option(
        factory=list, doc="Reported metrics that are left out; all others are written."
    )
    target_metric: str | None = option(
        default=None,
        doc="Metric whose best value so far is written, and its configuration; by default the "
        "objectives, and the configuration of the first one.",
    )
    mode: Literal["min", "max"] | None = option(
        default=None, doc="Of the target metric; by default what the problem says of it, or 'min'."
    )
    log_hyperparameters: bool = option(
        default=True, doc="Whether configurations are written for the HPARAMS tab."
    )
