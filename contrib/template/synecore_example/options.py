"""Options of local search."""

from __future__ import annotations

import attrs
from attrs.validators import ge, gt, le

from synecore.options import ComponentRef, component, option


@attrs.frozen(kw_only=True)
class ExampleOptions:
    """How much at random, and how far from the best."""

    num_init_random: int = option(ge(1), default=5, doc="Trials before the first step.")
    explore: float = option(ge(0), le(1), default=0.2, doc="Fraction of later trials at random.")
    step: float = option(
        gt(0),
        le(1),
        default=0.1,
        doc="Spread of a step in the unit cube, and chance that a category changes.",
    )
    initial: ComponentRef = component(
        "searcher", default="random", doc="Where random configurations come from."
    )
