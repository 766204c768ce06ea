"""A function on its way to another process."""

from __future__ import annotations

import functools
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

import cloudpickle

from synecore.errors import OptionError

_DEPTH = 5  # levels at which a part that cannot travel is looked for


def shipped(function: Callable[..., Any], name: str) -> bytes:
    """Return a function as bytes: a line with `sys.path`, then the pickled function.

    A function of `__main__`, of a notebook or of a module that a new process could not import goes
    by value, with the globals that it uses; any other by the name of its module.

    Raises:
        OptionError: It cannot be pickled; names what in it cannot.
    """
    path = [os.path.abspath(entry) for entry in sys.path]
    module = _module_to_ship(function)
    if module is not None:
        cloudpickle.register_pickle_by_value(module)
    try:
        pickled: bytes = cloudpickle.dumps(function)
    except Exception as error:  # objects of the user's own may raise anything
        parts = ", ".join(_obstacles(function, name, _DEPTH))
        raise OptionError(
            f"the function {name} cannot be sent to a process of its own, because of {parts}: "
            f"{error}. Make such objects inside the function; it may use modules, numbers, arrays "
            "and the like from outside"
        ) from error
    finally:
        if module is not None:
            cloudpickle.unregister_pickle_by_value(module)
    return json.dumps(path).encode() + b"\n" + pickled


def _module_to_ship(function: Callable[..., Any]) -> ModuleType | None:
    """Return the function's module if a process with this `sys.path` could not import it."""
    while isinstance(function, functools.partial):
        function = function.func
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    if module is None or module.__name__ == "__main__" or _can_be_found(module.__name__):
        return None
    return module


def _can_be_found(name: str) -> bool:
    path = None
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        full = ".".join(parts[:end])
        specs = (finder.find_spec(full, path) for finder in sys.meta_path)  # without importing
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is None:
            return False
        path = spec.submodule_search_locations
    return True


def _obstacles(value: Any, name: str, depth: int) -> list[str]:
    """Return the innermost parts of `value` that cannot be pickled; `name` is what it is called."""
    found = []
    for part_name, part in _parts(value, name) if depth else ():
        if not _can_travel(part):
            found += _obstacles(part, part_name, depth - 1)
    return found or [f"'{name}' ({type(value).__qualname__})"]


def _can_travel(value: Any) -> bool:
    try:
        cloudpickle.dumps(value)
    except Exception:
        return False
    return True


def _parts(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield what goes along with a value when it is pickled by value, with names for it."""
    if isinstance(value, functools.partial):
        yield name, value.func
        yield from ((f"{name}: argument {i + 1}", part) for i, part in enumerate(value.args))
        yield from value.keywords.items()
    elif isinstance(value, MethodType):
        yield "self", value.__self__
    elif isinstance(value, FunctionType):
        defaults = inspect.signature(value).parameters.values()
        yield from ((p.name, p.default) for p in defaults if p.default is not p.empty)
        try:
            used = inspect.getclosurevars(value)
        except ValueError:  # a variable of an enclosing function has no value yet
            return
        yield from used.nonlocals.items()
        yield from used.globals.items()
    elif isinstance(value, Mapping):
        yield from ((f"{name}[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from ((f"{name}[{i}]", part) for i, part in enumerate(value))
    elif not isinstance(value, (type, ModuleType)):
        yield from ((f"{name}.{key}", part) for key, part in getattr(value, "__dict__", {}).items())
