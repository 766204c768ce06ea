from __future__ import annotations

import logging
import math
from typing import Any

import numpy as np
import pytest

from synecore.space import (
    Categorical,
    Domain,
    FiniteRange,
    Float,
    SearchSpace,
    WeightPrior,
    choice,
    convert_choice_domain,
    convert_domain,
    convert_linear_to_log_domain,
    finrange,
    fit_to_regular_grid,
    logfinrange,
    logordinal,
    lograndint,
    loguniform,
    ordinal,
    quniform,
    randint,
    streamline_config_space,
    uniform,
)


def test_the_worked_conversions_come_out() -> None:
    space = {
        "n_units": randint(4, 1024),
        "dropout": uniform(0, 0.9),
        "learning_rate": uniform(1e-6, 1),
        "weigth_decay": choice([0.001, 0.01, 0.1, 1.0]),
        "magic_constant": choice([1, 2, 5, 10, 15, 30]),
        "epochs": 100,
    }
    assert streamline_config_space(space) == {
        "n_units": lograndint(4, 1024),
        "dropout": uniform(0, 0.9),
        "learning_rate": loguniform(1e-6, 1),
        "weigth_decay": logfinrange(0.001, 1.0, 4),
        "magic_constant": logordinal([1, 2, 5, 10, 15, 30]),
        "epochs": 100,
    }


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        ([0.0005, 0.001, 0.005, 0.01, 0.05, 0.1],
         logordinal([0.0005, 0.001, 0.005, 0.01, 0.05, 0.1])),
        ([4, 8, 16, 32, 64, 128, 256, 512, 1024], logfinrange(4, 1024, 9, cast_int=True)),
        ([64, 8, 32, 16], logfinrange(8, 64, 4, cast_int=True)),
        ([1, 2, 3, 4], finrange(1, 4, 4, cast_int=True)),
        ([-1, 0, 1], finrange(-1, 1, 3, cast_int=True)),
        ([0.1, 0.2, 0.3], finrange(0.1, 0.3, 3)),
        ([0, 1, 2, 3, 4, 5, 7], ordinal([0, 1, 2, 3, 4, 5, 7])),
        ([1, 3, 4, 5, 6, 8], ordinal([1, 3, 4, 5, 6, 8], kind="nn")),
        ([1, 2], choice([1, 2])),
        (["1", "2", "3"], choice(["1", "2", "3"])),
        ([True, False], choice([True, False])),
    ],
)  # fmt: skip
def test_converts_numeric_choices(categories: list[Any], expected: Domain) -> None:
    assert convert_choice_domain(choice(categories)) == expected
    assert convert_domain(choice(categories)) == expected


def test_the_approximate_conversion_of_the_documentation() -> None:
    domain = convert_domain(choice([1, 2, 5, 10, 20, 50]))
    assert isinstance(domain, FiniteRange)
    assert domain.log_scale
    assert domain.values == [1, 2, 5, 10, 22, 48]
    assert {type(v) for v in domain.values} == {int}


def test_converted_values_stay_between_the_smallest_and_the_largest() -> None:
    domain = convert_domain(choice([0.1, 0.32, 0.54, 0.77, 1.0]))
    assert isinstance(domain, FiniteRange)
    assert domain.values[0] == 0.1
    assert domain.values[-1] <= 1.0
    assert domain.values == pytest.approx([0.1, 0.32, 0.54, 0.77, 1.0], abs=0.02)


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        (uniform(0.01, 1), loguniform(0.01, 1)),  # exactly a hundred times
        (uniform(0.0101, 1), uniform(0.0101, 1)),
        (randint(1, 100), lograndint(1, 100)),
        (randint(1, 99), randint(1, 99)),
        (randint(0, 10**6), randint(0, 10**6)),
        (uniform(-1, 1000), uniform(-1, 1000)),
        (loguniform(1e-6, 1), loguniform(1e-6, 1)),
        (quniform(1, 1000, 1), quniform(1, 1000, 1)),
        (Float(1, 1000).normal(5, 2), Float(1, 1000).normal(5, 2)),
        (uniform(1, 1000).prior(mean=5, sd=2), uniform(1, 1000).prior(mean=5, sd=2)),
        (uniform(1, 1000).when(a="b"), loguniform(1, 1000).when(a="b")),
        (ordinal([1, 2, 3], kind="equal"), ordinal([1, 2, 3], kind="equal")),
    ],
)
def test_ranges_of_two_orders_of_magnitude_go_to_a_log_scale(
    domain: Domain, expected: Domain
) -> None:
    assert convert_linear_to_log_domain(domain) == expected
    assert convert_domain(domain) == expected


def test_excluded_names_and_the_given_space_stay() -> None:
    space = {"a": uniform(1e-6, 1), "b": choice([1, 2, 3])}
    new = streamline_config_space(space, exclude_names=["a"])
    assert new == {"a": uniform(1e-6, 1), "b": finrange(1, 3, 3, cast_int=True)}
    assert space == {"a": uniform(1e-6, 1), "b": choice([1, 2, 3])}


def test_logs_what_is_replaced_on_demand(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    space = {"a": uniform(1e-6, 1), "b": uniform(0, 1)}
    streamline_config_space(space)
    assert caplog.messages == []
    streamline_config_space(space, verbose=True)
    assert caplog.messages == ["a: uniform(1e-06, 1.0) is replaced by loguniform(1e-06, 1.0)"]


def test_weights_follow_their_values() -> None:
    domain = convert_domain(choice([32, 8, 16]).prior(weights=[3, 1, 2]).when(a="b"))
    assert domain.prior_belief == WeightPrior([1, 2, 3])
    assert domain.condition == {"a": ("b",)}


def test_a_parent_keeps_its_values() -> None:
    space = {"n": choice([1, 2, 5, 10, 20, 50]), "x": uniform(0, 1).when(n=[20, 50])}
    new = streamline_config_space(space)
    assert new["n"] == logordinal([1, 2, 5, 10, 20, 50])
    SearchSpace(new)
    exact = streamline_config_space({"n": choice([1, 2, 3]), "x": uniform(0, 1).when(n=3)})
    assert exact["n"] == finrange(1, 3, 3, cast_int=True)


def test_a_grid_of_categories_stays() -> None:
    assert convert_domain(Categorical([1, 2, 3]).grid()) == Categorical([1, 2, 3]).grid()


@pytest.mark.parametrize(
    ("x", "r2"),
    [
        ([1.0, 2.0, 3.0], 1.0),
        ([math.log(v) for v in (1, 2, 5, 10, 15, 30)], 0.9893),
        ([math.log(v) for v in (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1)], 0.9869),
        ([math.log(v) for v in (1, 2, 5, 10, 20, 50)], 0.998),
    ],
)
def test_the_fit_explains_so_much(x: list[float], r2: float) -> None:
    assert fit_to_regular_grid(x)["r2"] == pytest.approx(r2, abs=5e-4)


def test_the_fit_is_that_of_least_squares() -> None:
    x = np.sort(np.random.default_rng(0).normal(size=9))
    fit = fit_to_regular_grid(x)
    slope, intercept = np.polyfit(np.arange(9), x, 1)
    correlation = np.corrcoef(np.arange(9), x)[0, 1]
    assert (fit["a"], fit["b"], fit["r2"]) == pytest.approx((slope, intercept, correlation**2))
