"""Hooks of synecore-analysis."""

from __future__ import annotations

from synecore.plugins import Component, hookimpl

from .options import RichOptions


@hookimpl
def synecore_components(kind: str) -> list[Component]:
    if kind != "display":
        return []
    return [
        Component(
            "rich",
            "synecore_analysis.display:RichDisplay",
            RichOptions,
            summary="Live panel in the terminal; plain lines where there is none.",
        )
    ]
