"""Checkpoints as files: written whole or not at all, and plain values as JSON."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # `typing` itself would cost every trial some milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from typing import Any, TypeAlias

    LoadFunction: TypeAlias = Callable[[str], int]  # folder -> resource, 0 if it loaded nothing
    SaveFunction: TypeAlias = Callable[[str, int], Any]  # folder, resource

FILE = "checkpoint.json"  # the documented name


def json_load_save_functions(
    state: MutableMapping[str, Any], fname: str = FILE
) -> tuple[LoadFunction, SaveFunction]:
    """Make functions that keep `state` in a JSON file and bring it back.

    Args:
        state: By a name each: numbers, texts, truth values, None, lists and dictionaries of these
            with texts as keys, and NumPy arrays of numbers. Numbers come back equal. A load changes
            it in place: it fills arrays and replaces all other values.
        fname: Name of the file in the checkpoint's folder.

    Returns:
        `load_model_fn` and `save_model_fn` of `synecore.checkpointing`. A missing file loads as 0;
        so does one that is cut off or garbled, with a line on standard error. An array of another
        shape raises OptionError.
    """
    import json  # a script that brings functions of its own does without

    def load(folder: str) -> int:
        path = os.path.join(folder, fname)
        try:
            with open(path, encoding="utf-8") as file:
                saved = json.load(file)
            resource, values = int(saved["resource"]), dict(saved["state"])
        except FileNotFoundError:
            return 0
        except (ValueError, TypeError, KeyError) as error:
            return start_anew(path, error)
        for name, value in values.items():
            if getattr(state.get(name), "shape", ()):
                _fill(state[name], value, name, path)
            else:
                state[name] = value
        return resource

    def save(folder: str, resource: int) -> None:
        content = {"resource": int(resource), "state": dict(state)}

        def write(path: str) -> None:
            with open(path, "w", encoding="utf-8") as file:
                json.dump(content, file, default=_listed)

        write_whole(folder, fname, write)

    return load, save


def write_whole(folder: str, fname: str, write: Callable[[str], Any]) -> None:
    """Write under another name and rename: at any time, the file is the old one or the new one."""
    os.makedirs(folder, exist_ok=True)
    new = os.path.join(folder, f"{fname}.new")
    write(new)
    os.replace(new, os.path.join(folder, fname))


def start_anew(path: str, why: object) -> int:
    """Say that a checkpoint is of no use, and return the resource to begin after, 0."""
    print(
        f"synecore: the checkpoint {path!r} cannot be read ({why}); training begins at the "
        "beginning",
        file=sys.stderr,
    )
    return 0


def misfit(path: str, name: str, why: object) -> Exception:
    """Return the error for a checkpoint of something else."""
    return option_error(
        f"{name!r} in the checkpoint {path!r} does not fit: {why}. It was written for another "
        "configuration, or by another version of the script; where a trial starts from another "
        "one's checkpoint, both need the same shapes"
    )


def option_error(message: str) -> Exception:
    """Return an OptionError."""
    from synecore.errors import OptionError  # only needed when something is already wrong

    return OptionError(message)


def _fill(array: Any, values: Any, name: str, path: str) -> None:
    import numpy as np  # the script has it: there is an array

    fresh = np.asarray(values, array.dtype)
    if fresh.size != array.size or (array.size and fresh.shape != array.shape):
        raise misfit(path, name, f"its shape is {fresh.shape}, not {array.shape}")
    array[...] = fresh.reshape(array.shape)


def _listed(value: Any) -> Any:
    """Turn a NumPy array or scalar into lists and numbers, for the JSON encoder."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise option_error(
        f"the state holds {value!r:.80} ({type(value).__name__}), which a JSON checkpoint cannot "
        "keep; allowed are numbers, texts, truth values, None, NumPy arrays of numbers, and lists "
        "and dictionaries of these"
    )
