from __future__ import annotations

import enum
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Optional

import numpy as np
import pytest

from synecore.conversion import NotConvertible, convert, plain, words


class Kind(enum.Enum):
    STOPPING = "stopping"
    PROMOTION = "promotion"


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        ("81", int, 81),
        ("1e3", int, 1000),
        (3.0, int, 3),
        (np.int32(4), int, 4),
        ("0.5", float, 0.5),
        (2, float, 2.0),
        ("inf", float, math.inf),
        (np.float32(0.5), float, 0.5),
        (True, bool, True),
        ("no", bool, False),
        (np.bool_(True), bool, True),
        ("abc", str, "abc"),
        ("a/b", Path, Path("a/b")),
        (None, Optional[int], None),  # noqa: UP045 - both spellings must work
        ("none", int | None, None),
        ("5", int | None, 5),
        ("5", int | str, 5),
        ("five", int | str, "five"),
        ("none", str | None, None),
        (5, float | int, 5),
        ("auto", float | Literal["auto"], "auto"),
        ("0.5", float | Literal["auto"], 0.5),
        ("stopping", Literal["stopping", "promotion"], "stopping"),
        ("2", Literal[1, 2], 2),
        ("promotion", Kind, Kind.PROMOTION),
        ("STOPPING", Kind, Kind.STOPPING),
        (Kind.STOPPING, Kind, Kind.STOPPING),
        ("1,3,9", tuple[int, ...], (1, 3, 9)),
        ("[1, 3, 9]", list[int], [1, 3, 9]),
        ((1, 2.0), list[int], [1, 2]),
        (np.array([1, 2]), Sequence[int], (1, 2)),
        (range(3), tuple[int, ...], (0, 1, 2)),
        ("", list[str], []),
        (["a", 2], tuple[str, int], ("a", 2)),
        (["a"], list, ["a"]),
        (["a", "a"], frozenset[str], frozenset({"a"})),
        ({"a": "1"}, dict[str, int], {"a": 1}),
        ('{"a": 1}', Mapping[str, float], {"a": 1.0}),
        ({"a": object}, dict, {"a": object}),
        (print, Callable[..., None], print),
        (object, Any, object),
    ],
)
def test_takes_what_means_the_same(value: object, hint: object, expected: object) -> None:
    converted = convert(value, hint)
    assert converted == expected
    assert type(converted) is type(expected)


@pytest.mark.parametrize(
    ("value", "hint", "must_be"),
    [
        (True, int, "an integer"),
        (1.5, int, "an integer"),
        ("1.5", int, "an integer"),
        ("inf", int, "an integer"),
        ([1], int, "an integer"),
        (True, float, "a number"),
        (np.bool_(False), float, "a number"),
        ("abc", float, "a number"),
        (math.nan, float, "a number"),
        ("nan", float, "a number"),
        (None, float, "a number"),
        (1, bool, "true or false"),
        (1, str, "text"),
        (None, str, "text"),
        ("abc", int | None, "an integer or None"),
        ("stoping", Literal["stopping", "promotion"], "'stopping' or 'promotion'"),
        (True, Literal[1, 2], "1 or 2"),
        ("other", Kind, "'stopping' or 'promotion'"),
        ("1,b", tuple[int, ...], "a list of integers"),
        ("[1,", list[int], "a list of integers"),
        (5, list[int], "a list of integers"),
        ([1], tuple[int, float], "a list of an integer, a number"),
        (5, dict[str, int], "a mapping"),
        ("{", dict[str, int], "a mapping"),
        ({"a": "b"}, dict[str, int], "a mapping to integers"),
        (5, Path, "a path"),
        (5, Callable[..., None], "a function"),
    ],
)
def test_refuses_what_does_not(value: object, hint: object, must_be: str) -> None:
    with pytest.raises(NotConvertible) as caught:
        convert(value, hint)
    assert caught.value.must_be == must_be


def test_hints_at_the_choice_that_was_meant() -> None:
    with pytest.raises(NotConvertible) as caught:
        convert("stoping", Literal["stopping", "promotion"] | None)
    assert caught.value.hint == "; did you mean 'stopping'?"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": (1, 2.5)}, {"a": [1, 2.5]}),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (Path("a/b"), "a/b"),
        (Kind.STOPPING, "stopping"),
        (np.float64(0.5), 0.5),
        (np.arange(3), [0, 1, 2]),
        (frozenset({"b", "a"}), ["a", "b"]),
        (None, None),
        (True, True),
    ],
)
def test_plain_values_are_json(value: object, expected: object) -> None:
    assert plain(value) == expected
    assert json.loads(json.dumps(plain(value), allow_nan=False)) == expected


def test_a_function_has_no_plain_form() -> None:
    with pytest.raises(TypeError, match="function has no JSON form"):
        plain({"a": [lambda: 0]})


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (Any, "any value"),
        (Literal["a", "b", None], "'a', 'b' or None"),
        (list, "a list"),
        (tuple[str, ...], "a list of texts"),
        (Kind, "'stopping' or 'promotion'"),
        (Path | None, "a path or None"),
        (list[Literal[1, 2]], "a list of 1 or 2"),
        (np.ndarray, "a ndarray"),
    ],
)
def test_annotations_read_as_words(hint: object, expected: str) -> None:
    assert words(hint) == expected
