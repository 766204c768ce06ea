"""Runs in MLflow and in Weights & Biases, logged while an experiment goes on.

    from synecore_trackers import MlflowCallback, WandbCallback

Resolved lazily, and each imports its library when it is built.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .mlflow_callback import MlflowCallback
    from .wandb_callback import WandbCallback

_HOME = {"MlflowCallback": "mlflow_callback", "WandbCallback": "wandb_callback"}

__all__ = ["MlflowCallback", "WandbCallback"]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
