"""Options of the local backend."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs
from attrs.validators import ge

from synecore.options import option


@attrs.frozen(kw_only=True)
class LocalOptions:
    entry_point: Path = option(
        doc="The training script: a Python file, or any file that can be executed.",
        also=("script", "command"),
    )
    pass_args_as_json: bool = option(
        default=False,
        doc="Hand the configuration over as a JSON file, not as arguments; lists are allowed then.",
    )
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

    def __attrs_post_init__(self) -> None:
        # An experiment may be resumed from another folder than it was started in.
        absolute = self.entry_point.expanduser().absolute()
        object.__setattr__(self, "entry_point", absolute)
