"""Hooks of synecore-trackers."""

from __future__ import annotations

from synecore.plugins import Component, hookimpl

from .options import MlflowOptions, WandbOptions


@hookimpl
def synecore_components(kind: str) -> list[Component]:
    if kind != "callback":
        return []
    return [
        Component(
            "mlflow",
            "synecore_trackers.mlflow_callback:make",
            MlflowOptions,
            summary="A run in MLflow with a nested run a trial.",
        ),
        Component(
            "wandb",
            "synecore_trackers.wandb_callback:make",
            WandbOptions,
            summary="A run in Weights & Biases a trial, and one of the best so far.",
        ),
    ]
