"""Hooks of synecore-asha."""

from __future__ import annotations

from collections.abc import Iterable

from synecore.plugins.hookspecs import Capability, Component, hookimpl
from synecore_asha.options import ASHAOptions


@hookimpl
def synecore_schedulers() -> Iterable[Component]:
    return [
        Component(
            "asha",
            "synecore_asha.scheduler:ASHA",
            ASHAOptions,
            supports={
                Capability.FIDELITY,
                Capability.COST,
                Capability.CONDITIONAL,
                Capability.TRANSFER,
            },
            requires={Capability.FIDELITY},
            summary="Asynchronous successive halving: stops or pauses all but the best at rungs.",
        ),
    ]
