"""Event files for TensorBoard, written while an experiment runs.

    from synecore_tensorboard import TensorboardCallback

Resolved lazily: naming the component imports no protocol buffers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .callback import TensorboardCallback

__all__ = ["TensorboardCallback"]


def __getattr__(name: str) -> Any:
    if name != "TensorboardCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .callback import TensorboardCallback

    globals()[name] = TensorboardCallback
    return TensorboardCallback


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
