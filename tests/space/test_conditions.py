from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from synecore.errors import SpaceError
from synecore.space import (
    Domain,
    SearchSpace,
    choice,
    finrange,
    loguniform,
    ordinal,
    qrandint,
    quniform,
    randint,
    uniform,
)

TREE = {
    "momentum": uniform(0, 1).when(optimizer=["sgd", "nesterov"]),  # before its parent
    "optimizer": choice(["sgd", "nesterov", "adam"]).when(layers=[2, 3]),
    "layers": randint(1, 3),
    "beta": loguniform(0.8, 0.999).when(optimizer="adam", layers=3),
    "epochs": 5,
}
CONFIGS = [
    {"layers": 1, "epochs": 5},
    {"momentum": 0.5, "optimizer": "sgd", "layers": 2, "epochs": 5},
    {"momentum": 0.25, "optimizer": "nesterov", "layers": 3, "epochs": 5},
    {"optimizer": "adam", "layers": 2, "epochs": 5},
    {"optimizer": "adam", "layers": 3, "beta": 0.9, "epochs": 5},
]


def expected_names(config: Mapping[str, Any]) -> set[str]:
    """The same rules in plain Python."""
    names = {"layers", "epochs"}
    if config["layers"] in (2, 3):
        names.add("optimizer")
        if config["optimizer"] in ("sgd", "nesterov"):
            names.add("momentum")
        if config["optimizer"] == "adam" and config["layers"] == 3:
            names.add("beta")
    return names


@pytest.mark.parametrize("n", [7, 500])
def test_samples_have_exactly_the_active_parameters(n: int) -> None:
    space = SearchSpace(TREE)
    X = space.sample(n, np.random.default_rng(1))
    configs = space.decode(X)
    for x, active, config in zip(X, space.active(X), configs, strict=True):
        names = expected_names(config)
        assert set(config) == names
        assert {n for n, on in zip(space.names, active, strict=True) if on} == names - {"epochs"}
        assert np.array_equal(np.isnan(x), ~active)


@pytest.mark.parametrize("repeat", [1, 20])
def test_configurations_go_to_rows_and_back(repeat: int) -> None:
    space = SearchSpace(TREE)
    configs = CONFIGS * repeat
    X = space.encode(configs)
    assert space.decode(X) == configs
    assert np.array_equal(space.snap(X), X, equal_nan=True)
    assert np.array_equal(space.encode(space.decode(X)), X, equal_nan=True)
    assert [list(config) for config in space.decode(X)] == [
        [name for name in TREE if name in config] for config in configs
    ]


def test_one_row_and_many_agree_on_any_points() -> None:
    space = SearchSpace(TREE)
    X = np.random.default_rng(0).random((200, 4)) * np.where(space.is_categorical, 2.0, 1.0)
    X[::7, 0] = np.nan
    rows = np.concatenate([space.snap(X[i : i + 1]) for i in range(len(X))])
    assert np.array_equal(rows, space.snap(X), equal_nan=True)
    assert [space.decode(X[i : i + 1])[0] for i in range(len(X))] == space.decode(X)
    assert np.array_equal(space.encode(space.decode(X)), rows, equal_nan=True)


def test_values_of_inactive_parameters_do_not_matter() -> None:
    space = SearchSpace(TREE)
    row = space.encode([CONFIGS[0]])
    other = np.where(np.isnan(row), 0.7, row)
    assert np.array_equal(space.snap(other), row, equal_nan=True)
    assert space.decode(other) == [CONFIGS[0]]
    assert np.array_equal(
        space.encode([{**CONFIGS[0], "momentum": 0.9, "beta": "ignored"}]), row, equal_nan=True
    )


def test_a_parameter_that_becomes_active_without_a_value_is_in_the_middle() -> None:
    space = SearchSpace(TREE)
    row = space.encode([CONFIGS[3]])
    row[0, space.names.index("optimizer")] = 0.0  # from adam to sgd
    assert space.decode(row)[0]["momentum"] == 0.5
    assert space.decode(np.repeat(row, 30, axis=0))[29]["momentum"] == 0.5


def test_nan_where_a_parameter_always_counts_is_an_error() -> None:
    space = SearchSpace(TREE)
    row = space.encode(CONFIGS[:1])
    row[0, space.names.index("layers")] = np.nan
    for X in (row, np.repeat(row, 30, axis=0)):
        with pytest.raises(SpaceError, match="layers: NaN in a row, but this parameter always"):
            space.snap(X)
    plain = SearchSpace({"a": uniform(0, 1)})
    with pytest.raises(SpaceError, match="a: NaN"):
        plain.decode(np.array([[np.nan]]))


def test_an_active_parameter_must_have_a_value() -> None:
    space = SearchSpace(TREE)
    with pytest.raises(SpaceError, match="has no value for momentum; impute"):
        space.encode([{"optimizer": "sgd", "layers": 2}])
    assert not space.contains({"optimizer": "sgd", "layers": 2})
    assert space.contains({"optimizer": "adam", "layers": 2})


@pytest.mark.parametrize(
    ("parent", "value", "other"),
    [
        (choice(["a", "b"]), "a", "b"),
        (choice([True, False]), True, False),
        (ordinal(["low", "high"]), "low", "high"),
        (ordinal([1, 2, 5]), 2, 5),
        (randint(0, 3), 0, 2),
        (qrandint(0, 10, 5), 5, 10),
        (quniform(0, 1, 0.25), 0.25, 1.0),
        (finrange(0.1, 1.0, 10), 0.3, 0.4),
    ],
)
def test_any_finite_parameter_can_be_a_parent(parent: Domain, value: Any, other: Any) -> None:
    space = SearchSpace({"p": parent, "x": uniform(0, 1).when(p=value)})
    assert (
        space.decode(space.encode([{"p": value, "x": 0.5}, {"p": other}] * 20))
        == [
            {"p": value, "x": 0.5},
            {"p": other},
        ]
        * 20
    )


def test_a_parent_may_be_fixed_to_a_constant() -> None:
    child = uniform(0, 1).when(optimizer="sgd")
    on = SearchSpace({"optimizer": "sgd", "x": child, "y": uniform(0, 1)})
    off = SearchSpace({"optimizer": "adam", "x": child, "y": uniform(0, 1)})
    assert on.decode(np.full((1, 2), 0.5)) == [{"optimizer": "sgd", "x": 0.5, "y": 0.5}]
    assert off.decode(np.full((1, 2), 0.5)) == [{"optimizer": "adam", "y": 0.5}]
    assert off.decode(np.full((30, 2), 0.5))[3] == {"optimizer": "adam", "y": 0.5}
    assert np.isnan(off.sample(40, np.random.default_rng(0))[:, 0]).all()


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (
            {"optimizer": choice(["a"]), "x": uniform(0, 1).when(optimzer="a")},
            r"x: depends on 'optimzer', which is not in the space; did you mean 'optimizer'\?",
        ),
        (
            {"o": choice(["sgd", "adam"]), "x": uniform(0, 1).when(o="adm")},
            r"x: depends on o = 'adm', which is not in .*; did you mean 'adam'\?",
        ),
        (
            {"o": uniform(0, 1), "x": uniform(0, 1).when(o=0.5)},
            "x: depends on 'o', but .* has too many values",
        ),
        (
            {"o": randint(0, 10**9), "x": uniform(0, 1).when(o=1)},
            "too many values to list them",
        ),
        (
            {
                "a": choice(["x"]).when(c="x"),
                "b": choice(["x"]).when(a="x"),
                "c": choice(["x"]).when(b="x"),
            },
            "in a circle: a -> c -> b -> a",
        ),
        ({"a": choice(["x"]).when(a="x")}, "in a circle: a -> a"),
    ],
)
def test_conditions_that_make_no_sense_are_errors(space: Mapping[str, Any], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        SearchSpace(space)
