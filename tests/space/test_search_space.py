from __future__ import annotations

import copy
import json
import math
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from synecore.errors import SpaceError
from synecore.problem import SearchSpace as SpaceProtocol
from synecore.space import (
    SearchSpace,
    choice,
    finrange,
    lograndint,
    loguniform,
    ordinal,
    randint,
    reverseloguniform,
    subject_to,
    uniform,
)

MIXED = {
    "lr": loguniform(1e-6, 1),
    "epochs": 81,
    "width": randint(4, 1024),
    "kind": choice(["a", "b", "c"]),
    "batch": lograndint(8, 512),
    "flat": choice([True, False]),
    "depth": ordinal([1, 2, 5, 9]),
    "note": "text",
    "drop": finrange(0, 0.9, 10),
}


def test_implements_the_protocol() -> None:
    space: SpaceProtocol = SearchSpace(MIXED)
    assert list(space.names) == ["lr", "width", "kind", "batch", "flat", "depth", "drop"]
    assert space.constants == {"epochs": 81, "note": "text"}
    assert space.is_categorical.tolist() == [False, False, True, False, True, False, False]
    assert space.n_choices.tolist() == [0, 0, 3, 0, 2, 0, 0]
    assert space.n_choices.dtype == np.int64
    assert space.size is None


def test_leaves_the_given_space_alone() -> None:
    given = copy.deepcopy(MIXED)
    space = SearchSpace(given)
    space.sample(3, np.random.default_rng(0))
    assert given == MIXED
    given["lr"] = 3
    assert space.config_space == MIXED


@pytest.mark.parametrize("n", [1, 100])
def test_decoded_configurations_have_all_keys_in_order(n: int) -> None:
    space = SearchSpace(MIXED)
    configs = space.decode(space.sample(n, np.random.default_rng(0)))
    assert [list(config) for config in configs] == [list(MIXED)] * n
    assert [type(v) for v in configs[0].values()] == [
        float, int, int, str, int, bool, int, str, float,
    ]  # fmt: skip
    configs[0]["epochs"] = 1
    assert space.decode(space.encode(configs[:1]))[0]["epochs"] == 81


def test_documented_encodings() -> None:
    space = SearchSpace(
        {
            "u": uniform(0, 2),
            "l": loguniform(1e-4, 1),
            "r": reverseloguniform(0.9, 0.999),
            "i": randint(1, 10),
            "g": lograndint(4, 1024),
            "c": choice(["x", "y", "z"]),
            "o": ordinal(["x", "y", "z"]),
            "n": ordinal([1, 2, 5]),
            "f": finrange(0, 1, 4),
        }
    )
    first = {"u": 0.5, "l": 1e-3, "r": 0.99, "i": 1, "g": 4, "c": "z", "o": "y", "n": 1, "f": 0.0}
    last = {
        "u": 2.0,
        "l": 1.0,
        "r": 0.999,
        "i": 10,
        "g": 1024,
        "c": "x",
        "o": "z",
        "n": 5,
        "f": 1.0,
    }
    whole = math.log(1024.5) - math.log(3.5)
    at_four = (math.log(4) - math.log(3.5)) / whole
    at_1024 = (math.log(1024) - math.log(3.5)) / whole
    expected = [
        [0.25, 0.25, 0.5, 0.05, at_four, 2.0, 0.5, 1 / 6, 0.125],
        [1.0, 1.0, 1.0, 0.95, at_1024, 0.0, 5 / 6, 5 / 6, 0.875],
    ]
    assert space.encode([first, last]) == pytest.approx(np.array(expected), abs=1e-14)


def test_values_of_other_number_types_are_taken() -> None:
    space = SearchSpace({"a": uniform(0, 5), "b": randint(0, 5), "c": choice([1, 2])})
    given = {"a": np.float32(0.5), "b": np.int64(3), "c": np.int32(2)}
    assert space.decode(space.encode([given])) == [{"a": 0.5, "b": 3, "c": 2}]
    assert space.decode(space.encode([{"a": 2, "b": 3.0, "c": 1.0}])) == [
        {"a": 2.0, "b": 3, "c": 1}
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lr": 2.0}, r"lr: 2.0 is not in loguniform\(1e-06, 1.0\)"),
        ({"lr": -1.0}, "lr: -1.0 is not in"),
        ({"lr": math.nan}, "lr: nan is not in"),
        ({"lr": "0.1"}, "lr: '0.1' is not in"),
        ({"lr": True}, "lr: True is not in"),
        ({"lr": None}, "lr: None is not in"),
        ({"width": 3}, r"width: 3 is not in randint\(4, 1024\)"),
        ({"width": 4.5}, "width: 4.5 is not in"),
        ({"kind": "d"}, r"kind: 'd' is not in choice\(\['a', 'b', 'c'\]\)"),
        ({"kind": ["a"]}, r"kind: \['a'\] is not in"),
        ({"depth": 3}, "depth: 3 is not in"),
        ({"drop": 0.55}, "drop: 0.55 is not in"),
    ],
)
def test_values_outside_of_their_domain_are_errors(change: Mapping[str, Any], message: str) -> None:
    space = SearchSpace(MIXED)
    config = {**space.midpoint(), **change}
    with pytest.raises(SpaceError, match=message):
        space.encode([config])
    assert not space.contains(config)


def test_a_value_that_misses_a_bound_by_rounding_counts_as_the_bound() -> None:
    space = SearchSpace({"a": uniform(0, 0.3), "b": loguniform(1e-8, 1)})
    config = {"a": 0.1 + 0.2, "b": math.nextafter(1e-8, 0)}
    assert space.decode(space.encode([config])) == [{"a": 0.3, "b": 1e-8}]


def test_constants_are_ignored_when_encoding() -> None:
    space = SearchSpace(MIXED)
    config = space.midpoint()
    row = space.encode([config])
    assert np.array_equal(space.encode([{**config, "epochs": 3, "unknown": None}]), row)
    assert space.contains({**config, "epochs": 3})
    del config["epochs"]
    assert np.array_equal(space.encode([config]), row)


def test_a_missing_parameter_is_an_error_that_names_it() -> None:
    space = SearchSpace(MIXED)
    config = space.midpoint()
    del config["lr"], config["kind"]
    with pytest.raises(SpaceError, match=r"has no value for lr, kind; impute"):
        space.encode([config])


@pytest.mark.parametrize("X", [np.zeros(7), np.zeros((2, 6)), np.zeros((1, 2, 7))])
def test_rows_of_another_shape_are_errors(X: np.ndarray) -> None:
    space = SearchSpace(MIXED)
    for method in (space.decode, space.snap, space.active, space.feasible, space.features):
        with pytest.raises(SpaceError, match="rows of 7 numbers expected, not shape"):
            method(X)


def test_no_rows_are_fine() -> None:
    space = SearchSpace(MIXED)
    empty = space.encode([])
    assert empty.shape == space.snap(empty).shape == (0, 7)
    assert space.decode(empty) == []
    assert space.sample(0, np.random.default_rng(0)).shape == (0, 7)


def test_positions_beyond_the_ends_are_taken_as_the_ends() -> None:
    space = SearchSpace(MIXED)
    low, high = space.decode(np.array([[-0.5] * 7, [7.0] * 7]))
    assert low == space.decode(np.zeros((1, 7)))[0]
    assert high["lr"] == 1.0
    assert (high["width"], high["kind"], high["drop"]) == (1024, "c", 0.9)
    assert space.decode(np.array([[-0.5] * 7, [7.0] * 7] * 20))[:2] == [low, high]


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "no parameter to tune"),
        ({"epochs": 3}, "no parameter to tune"),
        ({1: uniform(0, 1)}, "1 cannot be the name"),
        ({"": uniform(0, 1)}, "'' cannot be the name"),
        ({"$a": uniform(0, 1)}, r"'\$a' cannot be the name"),
        ({"a": uniform}, "a: <function uniform.* is a function, neither a domain nor a constant"),
    ],
)
def test_a_space_that_makes_no_sense_is_an_error(space: Any, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        SearchSpace(space)


def test_columns_can_be_ordered() -> None:
    space = SearchSpace(MIXED, first=["drop", "kind"], last="width")
    assert space.names == ("drop", "kind", "lr", "batch", "flat", "depth", "width")
    config = space.midpoint()
    assert list(config) == list(MIXED)
    assert space.encode([config])[0, -1] == SearchSpace(MIXED).encode([config])[0, 1]
    with pytest.raises(SpaceError, match=r"'widht' is not a parameter; did you mean 'width'\?"):
        SearchSpace(MIXED, last="widht")


def test_match_strings_are_equal_for_equal_configurations() -> None:
    space = SearchSpace({"a": uniform(0, 1), "b": choice(["x", "y"]), "c": randint(1, 9)})
    one = space.match_string({"a": 0.3, "b": "x", "c": 3})
    assert one == "a:0.3,b:'x',c:3"
    assert space.match_string({"c": 3, "a": 0.1 + 0.2, "b": "x", "d": 1}) == one
    assert space.match_string({"a": 0.3, "b": "y", "c": 3}) != one
    conditional = SearchSpace({"b": choice(["x", "y"]), "a": uniform(0, 1).when(b="x")})
    assert conditional.match_string({"b": "y", "a": 0.5}) == "b:'y'"


def test_restricts_to_a_smaller_space() -> None:
    space = SearchSpace(subject_to(MIXED, "width > 5"), first=["kind"])
    narrow = space.restrict(
        {"lr": (1e-4, 1e-2), "kind": ["a", "c"], "depth": (2, 5), "flat": [True]}
    )
    assert narrow.config_space["lr"] == loguniform(1e-4, 1e-2)
    assert narrow.config_space["kind"] == choice(["a", "c"])
    assert narrow.config_space["depth"] == ordinal([2, 5])
    assert narrow.constraints == space.constraints
    assert narrow.names == space.names
    assert {c["flat"] for c in narrow.decode(narrow.sample(50, np.random.default_rng(0)))} == {True}


def test_restricts_and_keeps_the_encoding() -> None:
    space = SearchSpace(MIXED)
    narrow = space.restrict({"lr": (1e-4, 1e-2), "kind": ["c"]}, keep_encoding=True)
    again = narrow.restrict({"width": (10, 20)}, keep_encoding=True)
    X = again.sample(100, np.random.default_rng(0))
    for config in space.decode(X):
        assert 1e-4 <= config["lr"] <= 1e-2
        assert config["kind"] == "c"
        assert 10 <= config["width"] <= 20
    assert np.array_equal(space.snap(X), X)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"learn": (0, 1)}, "restrict: 'learn' is not a parameter"),
        ({"lr": (2, 3)}, "lr: .* has no value from"),
        ({"lr": [0.1]}, "lr: .* has no list of values"),
        ({"lr": 0.5}, "lr: "),
        ({"kind": ["d"]}, "kind: 'd' is not in"),
        ({"drop": (0.91, 2)}, "drop: .* has no value from"),
    ],
)
def test_a_restriction_that_leaves_nothing_is_an_error(
    bounds: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(SpaceError, match=message):
        SearchSpace(MIXED).restrict(bounds)


def test_survives_json_pickle_and_copying() -> None:
    space = SearchSpace(
        subject_to(MIXED, "width < 100 or flat"), active={"lr": loguniform(1e-4, 1e-2)},
        first=["kind"], last="lr",
    )  # fmt: skip
    X = space.sample(20, np.random.default_rng(0))
    for read in (
        SearchSpace.from_json(json.loads(json.dumps(space.to_json()))),
        pickle.loads(pickle.dumps(space)),
        copy.deepcopy(space),
    ):
        assert read == space
        assert read.names == space.names
        assert np.array_equal(read.sample(20, np.random.default_rng(0)), X)
        assert list(read.config_space) == list(space.config_space)
    assert SearchSpace(MIXED) != space
    assert SearchSpace(MIXED) != 3


def test_the_text_form_names_the_domains() -> None:
    assert repr(SearchSpace({"a": uniform(0, 1), "b": 3})) == (
        "SearchSpace({'a': uniform(0.0, 1.0), 'b': 3})"
    )
