"""Hooks of synecore-tensorboard."""

from __future__ import annotations

from synecore.plugins import Component, hookimpl

from .options import TensorboardOptions


@hookimpl
def synecore_components(kind: str) -> list[Component]:
    if kind != "callback":
        return []
    return [
        Component(
            "tensorboard",
            "synecore_tensorboard.callback:make",
            TensorboardOptions,
            summary="Event files for TensorBoard: curves, hyperparameters, best so far.",
        )
    ]
