from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from synecore.errors import SpaceError
from synecore.space import (
    SearchSpace,
    choice,
    config_space_size,
    finrange,
    ordinal,
    qrandint,
    quniform,
    randint,
    subject_to,
    uniform,
)


@pytest.mark.parametrize(
    ("space", "size"),
    [
        ({"a": randint(1, 10), "b": choice(["x", "y"]), "c": 3}, 20),
        ({"a": uniform(0, 1), "b": choice(["x", "y"])}, None),
        ({"a": uniform(1, 1), "b": ordinal([1, 2, 3])}, 3),
        ({"a": quniform(0, 1, 0.25), "b": qrandint(-7, 7, 3)}, 25),
        ({"a": finrange(0, 1, 5), "b": finrange(1, 3, 10, cast_int=True)}, 15),
        ({"a": 3}, 1),
        ({}, 1),
    ],
)
def test_counts_configurations(space: Mapping[str, Any], size: int | None) -> None:
    assert config_space_size(space) == size


def test_more_than_the_limit_counts_as_infinite() -> None:
    space = {"a": randint(1, 2**20)}
    assert config_space_size(space) == 2**20
    assert config_space_size(space, upper_limit=1000) is None
    assert config_space_size({**space, "b": choice([1, 2])}) is None
    assert SearchSpace({**space, "b": choice([1, 2])}).size == 2**21


TREE = {
    "model": choice(["tree", "net", "mean"]),
    "depth": randint(1, 4).when(model="tree"),
    "layers": randint(1, 3).when(model="net"),
    "act": choice(["relu", "tanh"]).when(layers=[2, 3]),
    "seed": randint(0, 1),
}


def by_hand() -> list[dict[str, Any]]:
    configs: list[dict[str, Any]] = [{"model": "mean"}]
    configs += [{"model": "tree", "depth": d} for d in range(1, 5)]
    configs += [{"model": "net", "layers": 1}]
    configs += [{"model": "net", "layers": n, "act": a} for n in (2, 3) for a in ("relu", "tanh")]
    return [{**c, "seed": s} for c, s in itertools.product(configs, (0, 1))]


def test_counts_and_lists_conditional_spaces() -> None:
    space = SearchSpace(TREE)
    expected = by_hand()
    assert space.size == len(expected) == 20
    listed = space.decode(space.points())
    assert sorted(map(str, (sorted(c.items()) for c in listed))) == sorted(
        map(str, (sorted(c.items()) for c in expected))
    )


def test_counting_does_not_list_what_is_no_parent() -> None:
    space = SearchSpace(
        {**TREE, "many": randint(1, 10**6).when(model="mean"), "more": randint(1, 9)}
    )
    assert space.size == 9 * (2 * 10**6 + 18)


def test_counts_and_lists_constrained_spaces() -> None:
    plain = {"a": randint(1, 9), "b": randint(1, 9), "k": choice(["x", "y"])}
    for constraint in ("a < b", lambda config: config["a"] < config["b"]):
        space = SearchSpace(subject_to(plain, constraint))
        assert space.size == 72
        assert all(c["a"] < c["b"] for c in space.decode(space.points()))


def test_lists_every_configuration_once_and_snapped() -> None:
    space = SearchSpace(
        {"a": finrange(1, 3, 10, cast_int=True), "b": quniform(0, 1, 0.5), "c": choice(["x", "y"])}
    )
    X = space.points()
    assert len(X) == space.size == 18
    assert np.array_equal(space.snap(X), X)
    assert len({row.tobytes() for row in X}) == 18
    assert [tuple(c.values()) for c in space.decode(X)] == list(
        itertools.product([1, 2, 3], [0.0, 0.5, 1.0], ["x", "y"])
    )


def test_infinite_and_huge_spaces_are_not_listed() -> None:
    for domain in (uniform(0, 1), randint(0, 2**20)):
        with pytest.raises(SpaceError, match="infinitely many configurations, or more than"):
            SearchSpace({"a": domain}).points()


def test_a_huge_constrained_space_is_not_counted() -> None:
    assert SearchSpace(subject_to({"a": randint(0, 2**20)}, "a > 3")).size is None
    assert SearchSpace(subject_to({"a": randint(0, 2**16)}, lambda c: True)).size is None
