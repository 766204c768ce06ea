"""From what a user wrote to what an annotation asks for, and the annotation in words.

"81" from a command line becomes 81 where a number is asked for; True never does. `ValueError`s
raised here say what the value must be; the caller adds whose value it is.
"""

from __future__ import annotations

import enum
import functools
import json
import math
import operator
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union

import attrs

from synecore.errors import did_you_mean

_TRUE, _FALSE = {"true", "yes", "on"}, {"false", "no", "off"}
_LISTS = (list, tuple, Sequence, set, frozenset)


class NotConvertible(ValueError):
    """`must_be` completes "'x' must be ..."; `hint` is a did-you-mean."""

    def __init__(self, must_be: str, hint: str = "") -> None:
        super().__init__(must_be)
        self.must_be = must_be
        self.hint = hint


@functools.cache
def hints_of(cls: type) -> dict[str, Any]:
    """Return the resolved annotations of a class."""
    return typing.get_type_hints(cls)


def convert(value: Any, hint: Any) -> Any:
    """Return `value` as `hint` asks for it, or raise NotConvertible."""
    if hint is Any:
        return value
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return _union(value, args, hint)
    if origin is Literal:
        return _choice(value, args, {str(arg): arg for arg in args}, hint)
    if origin in _LISTS or hint in _LISTS:
        return _sequence(value, origin or hint, args, hint)
    if origin in (dict, Mapping) or hint in (dict, Mapping):
        return _mapping(value, args, hint)
    if origin is Callable:
        if callable(value):
            return value
        raise NotConvertible("a function")
    if not isinstance(hint, type):
        return value  # protocols and type variables are taken as they are
    if issubclass(hint, enum.Enum):
        known = {str(member.value): member for member in hint} | {m.name: m for m in hint}
        return _choice(value, tuple(hint), known, hint)
    simple = _SIMPLE.get(hint)
    if simple is not None:
        return simple(value)
    if isinstance(value, Mapping) and attrs.has(hint):
        from synecore.options import build  # a group of options within options

        return build(hint, value, hint.__name__)
    if isinstance(value, hint) or getattr(hint, "_is_protocol", False):
        return value
    raise NotConvertible(words(hint))


def words(hint: Any) -> str:
    """Say what an annotation allows: "a number", "'stopping' or 'promotion'"."""
    if hint is Any:
        return "any value"
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(words(arg) for arg in args)
    if origin is Literal:
        return _one_of([str(arg) if arg is None else repr(arg) for arg in args])
    if origin in _LISTS or hint in _LISTS:
        if origin is tuple and args and args[-1] is not Ellipsis:
            return f"a list of {', '.join(words(arg) for arg in args)}"
        return f"a list of {_plural(args[0])}" if args else "a list"
    if origin in (dict, Mapping) or hint in (dict, Mapping):
        return "a mapping"
    if origin is Callable:
        return "a function"
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _one_of([repr(member.value) for member in hint])
    if isinstance(hint, type):
        return _WORDS.get(hint, f"a {hint.__name__}")
    return "any value"


def plain(value: Any) -> Any:
    """Return `value` in JSON's terms; infinities as text, which `convert` reads back.

    Raises TypeError for what has no JSON form, such as a function.
    """
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=repr)
    if hasattr(value, "tolist"):  # numpy scalars and arrays, without importing numpy
        return plain(value.tolist())
    raise TypeError(f"{type(value).__name__} has no JSON form: {value!r:.80}")


def _integer(value: Any) -> int:
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            value = _parsed_number(value, "an integer")
    if not isinstance(value, bool) and type(value).__name__ not in ("bool_", "bool"):
        try:
            return operator.index(value)
        except TypeError:
            if isinstance(value, float) and value.is_integer():
                return int(value)
    raise NotConvertible("an integer")


def _number(value: Any) -> float:
    if isinstance(value, str):
        value = _parsed_number(value, "a number")
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        raise NotConvertible("a number")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise NotConvertible("a number") from None
    if math.isnan(number):
        raise NotConvertible("a number")
    return number


def _parsed_number(text: str, must_be: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise NotConvertible(must_be) from None


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    if type(value).__name__ in ("bool_", "bool"):  # numpy's
        return bool(value)
    raise NotConvertible("true or false")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    raise NotConvertible("text")


def _path(value: Any) -> Path:
    if isinstance(value, (str, Path)):
        return Path(value)
    raise NotConvertible("a path")


def _nothing(value: Any) -> None:
    if value is None or (isinstance(value, str) and value.lower() in ("none", "null")):
        return
    raise NotConvertible("None")


_SIMPLE: dict[Any, Any] = {
    int: _integer,
    float: _number,
    bool: _flag,
    str: _text,
    Path: _path,
    type(None): _nothing,
}
_WORDS: dict[Any, str] = {
    int: "an integer",
    float: "a number",
    bool: "true or false",
    str: "text",
    Path: "a path",
    type(None): "None",
    object: "any value",
}
_PLURALS = {
    "an integer": "integers",
    "a number": "numbers",
    "text": "texts",
    "a path": "paths",
    "any value": "any values",
    "a mapping": "mappings",
}


def _union(value: Any, args: tuple[Any, ...], hint: Any) -> Any:
    if value is None and type(None) in args:
        return None
    # Text may stand for anything, so it is tried last; other values keep their own type.
    exact = [arg for arg in args if arg is not str and type(value) is arg]
    last = NotConvertible(words(hint))
    for arg in (*exact, *sorted(args, key=lambda arg: arg is str)):
        try:
            return convert(value, arg)
        except NotConvertible as error:
            last = NotConvertible(words(hint), error.hint or last.hint)
    raise last


def _choice(value: Any, allowed: tuple[Any, ...], known: Mapping[str, Any], hint: Any) -> Any:
    for item in allowed:
        if type(item) is type(value) and item == value:
            return item
    if isinstance(value, str):
        if value in known:
            return known[value]
        raise NotConvertible(words(hint), did_you_mean(value, known))
    raise NotConvertible(words(hint))


def _sequence(value: Any, kind: Any, args: tuple[Any, ...], hint: Any) -> Any:
    if isinstance(value, str):
        value = _split(value, hint)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, (list, tuple, set, frozenset, range)):
        raise NotConvertible(words(hint))
    items = list(value)
    if kind is tuple and args and args[-1] is not Ellipsis:
        if len(items) != len(args):
            raise NotConvertible(words(hint))
        item_hints: list[Any] = list(args)
    else:
        item_hints = [args[0] if args else Any] * len(items)
    try:
        converted = [convert(i, h) for i, h in zip(items, item_hints, strict=True)]
    except NotConvertible as error:
        raise NotConvertible(words(hint), error.hint) from None
    return {list: list, set: set, frozenset: frozenset}.get(kind, tuple)(converted)


def _split(text: str, hint: Any) -> list[Any]:
    """Read "[1, 3, 9]" and "1,3,9" alike, as they come from a command line."""
    if text.lstrip().startswith("["):
        try:
            return list(json.loads(text))
        except ValueError:
            raise NotConvertible(words(hint)) from None
    return [part.strip() for part in text.split(",") if part.strip()]


def _mapping(value: Any, args: tuple[Any, ...], hint: Any) -> dict[str, Any]:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            raise NotConvertible(words(hint)) from None
    if not isinstance(value, Mapping):
        raise NotConvertible(words(hint))
    item_hint = args[1] if len(args) == 2 else Any
    try:
        return {str(key): convert(item, item_hint) for key, item in value.items()}
    except NotConvertible as error:
        raise NotConvertible(f"a mapping to {_plural(item_hint)}", error.hint) from None


def _one_of(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"


def _plural(hint: Any) -> str:
    singular = words(hint)
    return _PLURALS.get(singular, singular)
