"""Hooks of synecore-example; what they name is imported when it is asked for."""

from __future__ import annotations

from synecore.plugins import Component, hookimpl

from .options import ExampleOptions


@hookimpl
def synecore_searchers() -> list[Component]:
    return [
        Component(
            "example",
            "synecore_example.searcher:LocalSearch",
            ExampleOptions,
            summary="Small random steps from the best configuration so far.",
        )
    ]
