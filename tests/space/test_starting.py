from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from synecore.errors import SpaceError
from synecore.space import (
    Domain,
    Float,
    SearchSpace,
    choice,
    finrange,
    logfinrange,
    logordinal,
    lograndint,
    loguniform,
    ordinal,
    qlograndint,
    quniform,
    randint,
    reverseloguniform,
    subject_to,
    uniform,
)

SPACE = {
    "lr": loguniform(1e-4, 1),
    "width": randint(1, 9),
    "opt": choice(["sgd", "adam"]),
    "epochs": 5,
}


@pytest.mark.parametrize(
    ("domain", "middle"),
    [
        (uniform(0, 1), 0.5),
        (loguniform(1e-4, 1), 0.01),
        (reverseloguniform(0.9, 0.999), 0.99),
        (randint(1, 9), 5),
        (randint(1, 10), 6),
        (lograndint(4, 1024), 64),
        (quniform(0, 1, 0.3), 0.6),
        (qlograndint(1, 1000, 10), 30),
        (choice(["x", "y", "z"]), "x"),
        (choice([3, 1, 2]), 3),
        (ordinal(["x", "y", "z"]), "y"),
        (ordinal(["w", "x", "y", "z"]), "y"),
        (ordinal([1, 2, 5]), 2),
        (logordinal([1, 2, 5, 100]), 5),
        (finrange(0, 1, 5), 0.5),
        (logfinrange(1, 1000, 4), 100.0),
        (uniform(2, 2), 2.0),
        (randint(3, 3), 3),
        (uniform(0, 1).prior(mean=0.2, sd=0.1), 0.2),
        (lograndint(1, 100).prior(mean=7, sd=0.1), 7),
        (finrange(0, 1, 5).prior(mean=0.3, sd=0.1), 0.25),
        (choice(["x", "y"]).prior(weights=[1, 2]), "y"),
        (randint(1, 3).prior(weights=[1, 2, 5]), 3),
        (Float(0, 10).normal(3, 1), 3.0),
    ],
    ids=repr,
)
def test_the_middle_of_a_domain(domain: Domain, middle: Any) -> None:
    assert SearchSpace({"p": domain}).midpoint() == {"p": middle}


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (None, [{"lr": 0.01, "width": 5, "opt": "sgd", "epochs": 5}]),
        ([{}], [{"lr": 0.01, "width": 5, "opt": "sgd", "epochs": 5}]),
        ([], []),
        ([{"opt": "adam"}], [{"lr": 0.01, "width": 5, "opt": "adam", "epochs": 5}]),
        (
            [{"lr": 0.3, "width": 2}, {}, {"lr": 0.1 + 0.2, "width": 2.0, "epochs": 5}],
            [
                {"lr": 0.3, "width": 2, "opt": "sgd", "epochs": 5},
                {"lr": 0.01, "width": 5, "opt": "sgd", "epochs": 5},
            ],
        ),
    ],
)
def test_points_are_completed_and_repeated_ones_dropped(
    points: Sequence[Mapping[str, Any]] | None, expected: list[dict[str, Any]]
) -> None:
    assert SearchSpace(SPACE).impute(points) == expected


@pytest.mark.parametrize(
    ("point", "message"),
    [
        (
            {"learning": 1},
            "'learning' is not in the configuration space.*Known: lr, width, opt, ep",
        ),
        ({"widht": 1}, r"'widht' .*; did you mean 'width'\?"),
        ({"width": 10}, r"width: 10 is not in randint\(1, 9\)"),
        ({"opt": "adagrad"}, "opt: 'adagrad' is not in choice"),
        ({"epochs": 7}, "epochs: 7 is not the constant 5 of the configuration space; leave it out"),
        (3, "3 is not a configuration"),
    ],
)
def test_a_point_at_fault_is_named_with_its_place(point: Any, message: str) -> None:
    with pytest.raises(SpaceError, match=rf"points_to_evaluate\[1\]: .*{message}"):
        SearchSpace(SPACE).impute([{}, point])


def test_inactive_parameters_are_left_out() -> None:
    space = SearchSpace(
        {"m": choice(["tree", "net"]), "d": randint(1, 9).when(m="tree"),
         "r": uniform(0, 1).when(m="net")}
    )  # fmt: skip
    assert space.impute([{}, {"m": "net"}, {"m": "net", "r": 0.5}]) == [
        {"m": "tree", "d": 5},
        {"m": "net", "r": 0.5},
    ]
    with pytest.raises(
        SpaceError, match=r"r: 0.1 is given, but .* only for m = 'net', and here m = "
    ):
        space.impute([{"r": 0.1}])


def test_the_middle_gives_way_to_the_constraints() -> None:
    space = SearchSpace(subject_to({"a": uniform(0, 1), "b": uniform(0, 1)}, "a > b + 0.2"))
    middle = space.midpoint()
    assert middle["a"] > middle["b"] + 0.2
    assert abs(middle["a"] - 0.6) < 0.1
    assert abs(middle["b"] - 0.4) < 0.1
    assert space.midpoint() == middle
    (point,) = space.impute([{"b": 0.7}])
    assert point["b"] == 0.7
    assert 0.9 < point["a"] < 0.95


def test_a_complete_point_that_violates_a_constraint_is_an_error() -> None:
    space = SearchSpace(subject_to({"a": uniform(0, 1), "b": uniform(0, 1), "c": 3}, "a > b"))
    with pytest.raises(SpaceError, match=r"points_to_evaluate\[0\]: .* violates a .*'a > b'"):
        space.impute([{"a": 0.1, "b": 0.2}])
    with pytest.raises(SpaceError, match="no values found for the other parameters"):
        space.impute([{"b": 1.0}])


def test_constraints_on_conditional_parameters_are_kept_by_completions() -> None:
    space = SearchSpace(
        subject_to(
            {
                "m": choice(["tree", "net"]),
                "d": randint(1, 9).when(m="tree"),
                "r": uniform(0, 1).when(m="net"),
                "s": uniform(0, 1),
            },
            "s > r",
            "m == 'net'",
        )
    )
    middle = space.midpoint()
    assert middle["m"] == "net"
    assert middle["s"] > middle["r"]
    assert space.impute([{"r": 0.9}])[0]["s"] > 0.9


def test_points_are_not_changed_in_place() -> None:
    point = {"lr": 0.5}
    SearchSpace(SPACE).impute([point])
    assert point == {"lr": 0.5}
