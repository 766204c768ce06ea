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
            "synecore_local.backend:make_for_function",
            FunctionOptions,
            summary="Each trial is a call of a Python function, in a process of its own.",
            ignores={"config_space"},
        ),
    ]
