"""Options of the backends: what every process has, and what is particular to scripts, functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import attrs
from attrs.validators import ge

from synecore.options import option


def _own_first(cls: type, fields: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
    """Put options of the class itself at the head of the table, before those it inherits."""
    return sorted(fields, key=lambda field: field.name not in cls.__annotations__)


@attrs.frozen(kw_only=True)
class ProcessOptions:
    """Options of all trials that are processes on this machine."""

    delete_checkpoints: bool = option(
        default=False, doc="Remove a trial's checkpoint once it is stopped or completed."
    )
    stop_grace: float = option(
        ge(0.0),
        default=5.0,
        doc="Seconds between asking a trial to end (SIGTERM) and killing it.",
        also=("grace", "kill_after"),
    )
    threads_per_trial: int | None = option(
        ge(1),
        default=None,
        doc="Threads of numerical libraries in a trial; None: what the environment says, else 1.",
    )
    wake_up: Literal["auto", "polling"] = option(
        default="auto",
        doc="How output is noticed: by events of the system where it has them, or by looking.",
    )


@attrs.frozen(kw_only=True, field_transformer=_own_first)
class LocalOptions(ProcessOptions):
    entry_point: Path = option(
        doc="The training script: a Python file, or any file that can be executed.",
        also=("script", "command"),
    )
    pass_args_as_json: bool = option(
        default=False,
        doc="Hand the configuration over as a JSON file, not as arguments; lists are allowed then.",
    )

    def __attrs_post_init__(self) -> None:
        # An experiment may be resumed from another folder than it was started in.
        absolute = self.entry_point.expanduser().absolute()
        object.__setattr__(self, "entry_point", absolute)


@attrs.frozen(kw_only=True, field_transformer=_own_first)
class FunctionOptions(ProcessOptions):
    tune_function: Callable[..., Any] = option(
        doc="The function; its arguments are names of the configuration space.",
        also=("function", "trainable", "objective", "entry_point"),
    )
