"""Options of the live display."""

from __future__ import annotations

import attrs
from attrs.validators import ge, gt, le

from synecore.options import option


@attrs.frozen(kw_only=True)
class RichOptions:
    """How much the live display shows, and how often."""

    refresh_per_second: float = option(
        gt(0), le(20), default=4.0, doc="Most redrawings in a second; fewer where nothing changes."
    )
    trials: int = option(ge(0), default=8, doc="Most running trials listed one by one.")
    decisions: int = option(ge(0), default=4, doc="How many of the last decisions are told.")
    print_interval: float = option(
        gt(0), default=30.0, doc="Seconds between two plain lines where there is no terminal."
    )
