"""Worker side: find and write checkpoints in a training script.

    add_checkpointing_to_argparse(parser)
    config = vars(parser.parse_known_args()[0])
    load, save = pytorch_load_save_functions({"model": model, "optimizer": optimizer})
    for epoch in range(resume_from_checkpointed_model(config, load) + 1, config["epochs"] + 1):
        ...
        checkpoint_model_at_rung_level(config, save, epoch)  # before the report
        report(epoch=epoch, loss=loss)

Imports the standard library alone.
"""

from __future__ import annotations

import os

from synecore.checkpoint_files import json_load_save_functions, option_error
from synecore.constants import ST_CHECKPOINT_DIR
from synecore.pytorch_checkpoints import pytorch_load_save_functions

TYPE_CHECKING = False  # `typing` itself would cost every trial some milliseconds
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import Any

    from synecore.checkpoint_files import LoadFunction, SaveFunction

__all__ = [
    "add_checkpointing_to_argparse",
    "checkpoint_model_at_rung_level",
    "json_load_save_functions",
    "pytorch_load_save_functions",
    "resume_from_checkpointed_model",
]


def add_checkpointing_to_argparse(parser: argparse.ArgumentParser) -> None:
    """Add `--st_checkpoint_dir` to the arguments of a training script; None where it is not given.

    Args:
        parser: The script's parser.
    """
    parser.add_argument(
        f"--{ST_CHECKPOINT_DIR}",
        default=None,
        metavar="FOLDER",
        help="where this trial keeps its checkpoint; without it there are no checkpoints",
    )


def resume_from_checkpointed_model(
    config: Mapping[str, Any] | argparse.Namespace, load_model_fn: LoadFunction
) -> int:
    """Load the checkpoint, if there is one, and return the resource that it was written at.

    Args:
        config: The arguments of the script.
        load_model_fn: Called with the checkpoint's folder, where that exists and is not empty;
            returns the resource, or 0 if it loaded nothing.

    Returns:
        The resource to go on after, such as epochs done; 0 to begin at the beginning.

    Raises:
        OptionError: `load_model_fn` returned no whole number of at least 0.
    """
    folder = _folder(config)
    if folder is None or not os.path.isdir(folder) or not os.listdir(folder):
        return 0
    resource = load_model_fn(folder)
    if not isinstance(resource, int) or isinstance(resource, bool) or resource < 0:
        raise option_error(
            "resume_from_checkpointed_model: load_model_fn has to return the resource that the "
            "checkpoint was written at (the number of epochs done), or 0 if it loaded none; it "
            f"returned {resource!r:.80}"
        )
    return resource


def checkpoint_model_at_rung_level(
    config: Mapping[str, Any] | argparse.Namespace, save_model_fn: SaveFunction, resource: int
) -> None:
    """Write a checkpoint, if the script was given a folder for it. Call it before the report.

    It is written at every call, not at rungs alone: any unit may be the last before a kill.

    Args:
        config: The arguments of the script.
        save_model_fn: Called with the checkpoint's folder, which exists then, and the resource.
        resource: Units done, such as epochs.
    """
    folder = _folder(config)
    if folder is not None:
        os.makedirs(folder, exist_ok=True)
        save_model_fn(folder, resource)


def _folder(config: Mapping[str, Any] | argparse.Namespace) -> str | None:
    values = config if hasattr(config, "keys") else vars(config)
    folder = values.get(ST_CHECKPOINT_DIR)
    return None if folder is None else os.fspath(folder)
