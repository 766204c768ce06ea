"""JSON values on disk: strict JSON from which every number and every string comes back.

JSON has no NaN and no infinities, so they are written as the strings "NaN", "Infinity" and
"-Infinity". A string that is one of these words, with any number of tildes before it, gets one
tilde more: "NaN" is written "~NaN", "~NaN" is written "~~NaN". No other string changes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from synecore.errors import StoreError

AnyArray: TypeAlias = npt.NDArray[Any]

WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_ENDINGS = ("NaN", "Infinity")  # what every word, and every word behind tildes, ends with
_ARRAY = "$array"  # {"$array": "a3"} stands for the array named a3 in the file beside
ALLOWED = (
    "allowed are JSON values (numbers, strings, true, false, null, lists and mappings with "
    "string keys), numpy numbers and numpy arrays of numbers or strings"
)


def number_to_json(number: float) -> float | str:
    """Return a number as it is written where only a number can stand."""
    if type(number) is float or type(number) is int:
        return number if number - number == 0 else _word(number)
    return number_to_json(int(number) if isinstance(number, np.integer) else float(number))


def number_from_json(written: float | str) -> float:
    return WORDS[written] if type(written) is str else written  # type: ignore[return-value]


def mapping_to_json(
    mapping: Mapping[str, Any], where: str, arrays: dict[str, AnyArray] | None = None
) -> Mapping[str, Any]:
    """Return `mapping` ready for `json.dumps`; itself, not a copy, where nothing needs a change."""
    if type(mapping) is dict and arrays is None:
        for key, value in mapping.items():
            kind = type(value)
            if type(key) is not str:
                break
            if kind is float:
                if value - value != 0.0:
                    break
            elif kind is str:
                if value.endswith(_ENDINGS):
                    break
            elif kind is not int and kind is not bool and value is not None:
                break
        else:
            return mapping
    written = {}
    for key, value in mapping.items():
        if not isinstance(key, str):
            raise StoreError(
                f"{where} has the key {key!r} of type {type(key).__name__}, which cannot be "
                "stored; keys must be strings; write it as a string, or use a list of pairs"
            )
        name = str.__str__(key)  # plain, also where the key is a numpy string or an enumeration's
        if arrays is not None and name.startswith("$"):
            name = "$" + name
        kind = type(value)
        if kind is int or (kind is float and value - value == 0.0):
            written[name] = value  # no name is put together for it
        else:
            written[name] = to_json(value, f"{where}[{key!r}]", arrays)
    return written


def to_json(value: Any, where: str, arrays: dict[str, AnyArray] | None = None) -> Any:
    """Return `value` ready for `json.dumps`; numpy numbers as numbers, tuples as lists.

    Args:
        value: What is to be written.
        where: Its name for error messages, such as "metrics['loss']".
        arrays: Takes the arrays that are met, which are then written beside the JSON; None:
            arrays become lists.

    Raises:
        StoreError: A key is not a string, or a value is none of `ALLOWED`.
    """
    kind = type(value)
    if kind is float:
        return value if value - value == 0.0 else _word(value)
    if kind is int or kind is bool or value is None:
        return value
    if kind is str:
        return _escape(value) if value.endswith(_ENDINGS) else value
    if isinstance(value, Mapping):
        return mapping_to_json(value, where, arrays)
    if kind is list or kind is tuple:
        return _items_to_json(value, where, arrays)
    if isinstance(value, np.ndarray):
        return _array_to_json(value, where, arrays)
    return _unusual_to_json(value, where, arrays)


def mapping_from_json(
    written: dict[str, Any], arrays: Mapping[str, AnyArray] | None = None
) -> dict[str, Any]:
    """Undo `mapping_to_json`; returns `written` itself where nothing needs a change."""
    if arrays is None:
        for value in written.values():
            kind = type(value)
            if kind is str:
                if value.endswith(_ENDINGS):
                    break
            elif kind is list or kind is dict:
                break
        else:
            return written
        return {key: from_json(value) for key, value in written.items()}
    return {
        key[1:] if key.startswith("$") else key: from_json(value, arrays)
        for key, value in written.items()
    }


def from_json(written: Any, arrays: Mapping[str, AnyArray] | None = None) -> Any:
    """Undo `to_json`, given the arrays that were written beside the JSON."""
    kind = type(written)
    if kind is str:
        return _unescape(written) if written.endswith(_ENDINGS) else written
    if kind is dict:
        if arrays is not None and len(written) == 1 and _ARRAY in written:
            return arrays[written[_ARRAY]]
        return mapping_from_json(written, arrays)
    if kind is list:
        return [from_json(item, arrays) for item in written]
    return written


def _items_to_json(
    items: Sequence[Any], where: str, arrays: dict[str, AnyArray] | None
) -> list[Any]:
    written: list[Any] = []
    for i, item in enumerate(items):
        kind = type(item)
        if kind is int or (kind is float and item - item == 0.0):
            written.append(item)
        else:
            written.append(to_json(item, f"{where}[{i}]", arrays))
    return written


def _array_to_json(array: AnyArray, where: str, arrays: dict[str, AnyArray] | None) -> Any:
    if type(array) is not np.ndarray or array.dtype.kind not in "biufcSUmM":
        raise StoreError(
            f"{where} is a {type(array).__name__} of dtype {array.dtype}, which cannot be stored; "
            f"{ALLOWED}"
        )
    if arrays is not None:
        name = f"a{len(arrays)}"
        arrays[name] = array
        return {_ARRAY: name}
    if array.dtype.kind in "biu" or (array.dtype.kind == "f" and np.isfinite(array).all()):
        return array.tolist()
    return to_json(array.tolist(), where)


def _unusual_to_json(value: Any, where: str, arrays: dict[str, AnyArray] | None) -> Any:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):  # also members of an IntEnum
        return int(value)
    if isinstance(value, float | np.floating):
        return to_json(float(value), where)
    if isinstance(value, str):
        return to_json(str.__str__(value), where)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return _items_to_json(value, where, arrays)
    raise StoreError(
        f"{where} is {value!r:.80} of type {type(value).__name__}, which cannot be stored; "
        f"{ALLOWED}"
    )


def _word(number: float) -> str:
    return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"


def _escape(text: str) -> str:
    return "~" + text if text.lstrip("~") in WORDS else text


def _unescape(text: str) -> Any:
    if text in WORDS:
        return WORDS[text]
    return text[1:] if text.lstrip("~") in WORDS else text
