from __future__ import annotations

from typing import Any

import pytest

from synecore.errors import SpaceError
from synecore.space import (
    Domain,
    FiniteRange,
    Float,
    NormalPrior,
    WeightPrior,
    choice,
    finrange,
    logfinrange,
    logordinal,
    lograndint,
    loguniform,
    ordinal,
    quniform,
    randint,
    restrict_domain,
    uniform,
)


@pytest.mark.parametrize(
    ("domain", "bounds", "expected"),
    [
        (uniform(0, 1), (0.2, 0.7), uniform(0.2, 0.7)),
        (loguniform(1e-4, 1), (1e-5, 0.1), loguniform(1e-4, 0.1)),
        (uniform(0, 1), (None, 0.5), uniform(0, 0.5)),
        (quniform(0, 1, 0.1), (0.25, 0.75), quniform(0.25, 0.75, 0.1)),
        (randint(1, 10), (1.5, 6.2), randint(2, 6)),
        (lograndint(1, 100), (3, 3), lograndint(3, 3)),
        (logordinal([1, 2, 5, 10]), (1.5, 6), logordinal([2, 5])),
        (Float(-5, 5).normal(4, 1), (0, 2), Float(0, 2).normal(4, 1)),
    ],
)
def test_keeps_the_scale_and_the_part_inside(
    domain: Domain, bounds: tuple[float, float], expected: Domain
) -> None:
    assert restrict_domain(domain, *bounds) == expected


@pytest.mark.parametrize(
    ("domain", "bounds", "values"),
    [
        (finrange(0, 1, 11), (0.15, 0.62), [0.2, 0.3, 0.4, 0.5, 0.6]),
        (finrange(0, 1, 11), (0.3, 0.3), [0.3]),
        (finrange(0, 1, 11), (-1, 2), [i / 10 for i in range(11)]),
        (logfinrange(1e-3, 1, 4), (0.005, 0.5), [0.01, 0.1]),
        (logfinrange(1, 1000, 7, cast_int=True), (3, 300), [3, 10, 32, 100]),
    ],
)
def test_a_finite_range_keeps_its_values(
    domain: FiniteRange, bounds: tuple[float, float], values: list[Any]
) -> None:
    narrow = restrict_domain(domain, *bounds)
    assert isinstance(narrow, FiniteRange)
    assert narrow.values == values


def test_categories_are_restricted_by_values() -> None:
    assert restrict_domain(choice(["a", "b", "c"]), values=["c", "a"]) == choice(["a", "c"])
    assert restrict_domain(ordinal([1, 2, 5]), values=[5, 1]) == ordinal([1, 5])
    assert restrict_domain(choice(["ab", "b"]), values="ab") == choice(["ab"])


def test_condition_and_prior_stay() -> None:
    domain = uniform(0, 1).when(a="x").prior(mean=0.8, sd=0.1)
    narrow = restrict_domain(domain, 0, 0.5)
    assert narrow.condition == {"a": ("x",)}
    assert narrow.prior_belief == NormalPrior(0.5, 0.1)
    weighted = choice(["a", "b", "c"]).prior(weights=[1, 2, 3])
    assert restrict_domain(weighted, values=["a", "c"]).prior_belief == WeightPrior([1, 3])
    assert restrict_domain(
        randint(1, 3).prior(weights=[1, 2, 3]), 2, 3
    ).prior_belief == WeightPrior([2, 3])
    nothing = choice(["a", "b"]).prior(weights=[0, 1])
    assert restrict_domain(nothing, values=["a"]).prior_belief is None


@pytest.mark.parametrize(
    ("domain", "bounds", "message"),
    [
        (uniform(0, 1), (2, 3), "has no value from"),
        (randint(0, 5), (1.2, 1.8), "has no value from"),
        (finrange(0, 1, 11), (0.15, 0.16), "has no value from"),
        (ordinal([1, 5]), (2, 3), "has no value from"),
        (choice(["a"]), (0, 1), "is not numeric; restrict it by values"),
        (ordinal(["a", "b"]), (0, 1), "is not numeric; restrict it by values"),
        (uniform(0, 1), ("a", 1), "'a' is not a number"),
    ],
)
def test_a_restriction_without_a_rest_is_an_error(
    domain: Domain, bounds: Any, message: str
) -> None:
    with pytest.raises(SpaceError, match=message):
        restrict_domain(domain, *bounds)
