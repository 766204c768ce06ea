"""Hooks of synecore-local."""

from __future__ import annotations

from collections.abc import Iterable

from synecore.plugins.hookspecs import Component, hookimpl

from .options import FunctionOptions, LocalOptions


@hookimpl
def synecore_backends() -> Iterable[Component]:
    return [
        Component(
            "local",
            "synecore_local.backend:make",
            LocalOptions,
            summary="Each trial is a subprocess on this machine.",
        ),
        Component(
            "python",
            "synecore_local.function_backend:make",
            FunctionOptions,
            summary="Each trial is a call of a Python function, by default in its own process.",
            ignores={"config_space"},
        ),
    ]
