"""Checkpoints of PyTorch objects. Imports torch at the first save or load, not before."""

from __future__ import annotations

import os
from importlib import import_module

from synecore.checkpoint_files import FILE, misfit, option_error, start_anew, write_whole

TYPE_CHECKING = False  # `typing` itself would cost every trial some milliseconds
if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from typing import Any

    from synecore.checkpoint_files import LoadFunction, SaveFunction


def pytorch_load_save_functions(
    state_dict_objects: Mapping[str, Any],
    mutable_state: MutableMapping[str, Any] | None = None,
    fname: str = FILE,
) -> tuple[LoadFunction, SaveFunction]:
    """Make functions that keep the state of PyTorch objects in a file and bring it back.

    Args:
        state_dict_objects: By a name each: whatever has `state_dict` and `load_state_dict` (models,
            optimizers, schedulers of the learning rate, gradient scalers), and random generators
            (`torch.Generator`, so also `torch.default_generator`).
        mutable_state: Further values, changed in place by a load: numbers, texts, truth values,
            None, tensors, and lists, tuples and dictionaries of these.
        fname: Name of the file in the checkpoint's folder.

    Returns:
        `load_model_fn` and `save_model_fn` of `synecore.checkpointing`. A missing file loads as 0;
        so does one that is cut off or garbled, with a line on standard error and before anything
        was changed. A checkpoint of other objects raises OptionError: a model that is half another
        one would go on training without a sign. Nothing but tensors and plain values is unpickled.
    """

    def load(folder: str) -> int:
        import zipfile  # what torch.save writes, with the list of its contents at the very end
        from pickle import UnpicklingError

        path = os.path.join(folder, fname)
        if not os.path.exists(path):
            return 0
        if not zipfile.is_zipfile(path):
            return start_anew(path, "it is cut off, or not what torch.save has written")
        try:
            # To the CPU first: what is loaded goes to the device that it is loaded into.
            saved = import_module("torch").load(path, map_location="cpu", weights_only=True)
            resource, states, others = saved["resource"], saved["objects"], saved["others"]
        except UnpicklingError as error:
            raise option_error(
                f"the checkpoint {path!r} holds more than tensors and plain values, and is not "
                f"loaded for that: {_reason(error)}"
            ) from None
        except (RuntimeError, EOFError, OSError, ValueError, KeyError, TypeError) as error:
            return start_anew(path, error)
        if set(states) != set(state_dict_objects):
            raise option_error(
                f"the checkpoint {path!r} holds {_listing(states)}, and the script loads "
                f"{_listing(state_dict_objects)}; give the same state_dict_objects, or remove the "
                "checkpoint"
            )
        for name, thing in state_dict_objects.items():
            try:
                _set_state(thing, states[name])
            except (RuntimeError, ValueError, KeyError, TypeError) as error:
                raise misfit(path, name, " ".join(str(error).split()).rstrip(".")) from error
        if mutable_state is not None:
            mutable_state.update(others)
        return int(resource)

    def save(folder: str, resource: int) -> None:
        torch: Any = import_module("torch")
        states = {name: _state_of(name, thing) for name, thing in state_dict_objects.items()}
        others = {name: _plain(name, value) for name, value in (mutable_state or {}).items()}
        content = {"resource": int(resource), "objects": states, "others": others}
        write_whole(folder, fname, lambda path: torch.save(content, path))

    return load, save


def _state_of(name: str, thing: Any) -> Any:
    if hasattr(thing, "state_dict"):
        return thing.state_dict()
    if hasattr(thing, "get_state"):
        return _plain(name, thing.get_state())
    raise option_error(
        f"state_dict_objects[{name!r}] is a {type(thing).__name__}, which has no state_dict() and "
        "no get_state(); give objects of PyTorch here, and plain values in mutable_state"
    )


def _set_state(thing: Any, state: Any) -> None:
    if hasattr(thing, "load_state_dict"):
        thing.load_state_dict(state)
    else:
        thing.set_state(state)


def _plain(name: str, value: Any) -> Any:
    """Return `value` as something that can be unpickled without a risk.

    Raises:
        OptionError: It is something else. Better said now than when it is to be loaded.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if import_module("torch").is_tensor(value):
        return value.detach()
    if isinstance(value, dict):
        return {key: _plain(name, inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        items = [_plain(name, item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if hasattr(value, "item") and getattr(value, "shape", None) == ():  # a NumPy scalar
        return value.item()
    raise option_error(
        f"{name!r} holds {value!r:.80} ({type(value).__name__}), which a checkpoint "
        "cannot keep; allowed are numbers, texts, truth values, None, tensors (of an array, "
        "torch.from_numpy(x)), and lists, tuples and dictionaries of these"
    )


def _reason(error: Exception) -> str:
    """Return the one line of PyTorch's page of advice that says what is in the way."""
    lines = str(error).splitlines()
    return next((line.strip() for line in lines if "WeightsUnpickler" in line), lines[0])


def _listing(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names)) or "nothing"
