"""Options of the backends: what every process has, and what is particular to scripts, functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import attrs
from attrs.validators import ge, gt

from synecore.options import option


def _own_first(cls: type, fields: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
    """Put options of the class itself at the head of the table, before those it inherits."""
    return sorted(fields, key=lambda field: field.name not in cls.__annotations__)


def _distinct_devices(_: Any, field: attrs.Attribute[Any], devices: tuple[int, ...]) -> None:
    if not devices or min(devices) < 0 or len(set(devices)) < len(devices):
        raise ValueError(
            f"{field.name!r} must be different numbers of GPUs, at least one, counted from 0: "
            f"{list(devices)}"
        )


@attrs.frozen(kw_only=True)
class ProcessOptions:
    """Options of all trials that are processes on this machine."""

    delete_checkpoints: bool = option(
        default=False,
        doc="Remove checkpoints that are not needed any more: of trials that are stopped or "
        "completed, those that the scheduler gives up, and all at the end.",
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
        doc="Threads of numerical libraries in a trial; None: as many as num_cpus_per_trial, or "
        "without it what the environment says, else 1.",
    )
    num_cpus_per_trial: int | None = option(
        ge(1),
        default=None,
        doc="CPU cores that a trial is bound to, the least used first; None: any.",
        also=("num_cpus", "cpus_per_trial", "cores_per_trial"),
    )
    rotate_gpus: bool = option(
        default=True,
        doc="Give each trial GPUs of its own, and let it wait until they are free; false: all "
        "trials see all GPUs.",
    )
    num_gpus_per_trial: int = option(
        ge(1),
        default=1,
        doc="GPUs of each trial, where there are any and they rotate.",
        also=("gpus_per_trial",),
    )
    gpus_to_use: tuple[int, ...] | None = option(
        _distinct_devices,
        default=None,
        doc="Numbers of the GPUs that trials may use; None: all that the tuner may use.",
        also=("gpus", "devices"),
    )
    num_gpus: int | None = option(
        ge(0),
        default=None,
        doc="Number of this machine's GPUs; None: as nvidia-smi lists them.",
    )
    time_limit: float | None = option(
        gt(0.0),
        default=None,
        doc="Seconds that a trial may run, all its starts together; then it fails, without retry.",
        also=("timeout", "max_time_per_trial"),
    )
    memory_limit: float | None = option(
        gt(0.0),
        default=None,
        doc="MiB of memory that a trial's processes may hold; then it fails, without retry.",
        also=("memory", "max_memory"),
    )
    warm: bool = option(
        default=False,
        doc="Fork trials from a process that has made the imports, where they run under Python.",
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
    in_process: bool = option(
        default=False,
        doc="Call the function in the tuner's process: for functions that take microseconds.",
        also=("same_process", "inline"),
    )
