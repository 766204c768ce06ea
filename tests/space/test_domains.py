from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest

from synecore.errors import SpaceError
from synecore.space import (
    Categorical,
    Domain,
    FiniteRange,
    Float,
    Integer,
    LogUniform,
    Normal,
    NormalPrior,
    Ordinal,
    OrdinalNearestNeighbor,
    Quantized,
    Uniform,
    WeightPrior,
    choice,
    finrange,
    logfinrange,
    logordinal,
    lograndint,
    loguniform,
    ordinal,
    qloguniform,
    qrandint,
    quniform,
    randint,
    reverseloguniform,
    uniform,
)


@pytest.mark.parametrize(
    ("domain", "kind"),
    [
        (uniform(0, 1), float),
        (quniform(0, 1, 0.1), float),
        (randint(0, 1), int),
        (choice(["a", "b"]), str),
        (choice([1, 2]), int),
        (choice([0.5, 2.0]), float),
        (choice([1, 2.5]), float),
        (choice([True, False]), bool),
        (ordinal([1, 2]), int),
        (finrange(0, 1, 3), float),
        (finrange(0, 4, 3, cast_int=True), int),
    ],
)
def test_the_value_type_is_that_of_the_values(domain: Domain, kind: type) -> None:
    assert domain.value_type is kind
    assert type(domain.sample(random_state=0)) is kind


def test_integers_among_real_categories_become_real() -> None:
    assert choice([1, 2.5]).categories == [1.0, 2.5]


@pytest.mark.parametrize(
    ("domain", "value", "expected"),
    [
        (uniform(0, 1), "0.5", 0.5),
        (uniform(0, 1), 1, 1.0),
        (uniform(0, 1), 7.0, 7.0),
        (randint(0, 9), "3", 3),
        (randint(0, 9), 3.7, 4),
        (randint(0, 9), "3.0", 3),
        (choice(["a", "b"]), "b", "b"),
        (choice([1, 5, 10]), 6, 5),
        (choice([0.1, 0.5]), "0.5", 0.5),
        (choice([True, False]), "false", False),
        (choice([True, False]), "True", True),
        (choice([True, False]), 1, True),
        (finrange(0, 1, 3), 0.4, 0.5),
        (logfinrange(1, 100, 3), 4.0, 10.0),
        (logfinrange(1, 100, 3), -1, 1.0),
        (ordinal([1, 5, 10]), 7.6, 10),
        (ordinal([1, 5, 10]), "7.4", 5),
        (logordinal([1, 10, 100]), 30, 10),
        (logordinal([1, 10, 100]), 33, 100),
        (logordinal([1, 10, 100]), 0, 1),
    ],
)
def test_casts_and_rounds_to_the_nearest_value(domain: Domain, value: Any, expected: Any) -> None:
    result = domain.cast(value)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("domain", "value", "message"),
    [
        (uniform(0, 1), "high", "'high' is not a number"),
        (randint(0, 1), None, "None is not a number"),
        (choice(["adam", "sgd"]), "adm", r"'adm' is not one of .*; did you mean 'adam'\?"),
        (choice([True, False]), "maybe", "'maybe' is neither true nor false"),
    ],
)
def test_a_cast_that_cannot_be_is_an_error(domain: Domain, value: Any, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        domain.cast(value)


@pytest.mark.parametrize(
    ("domain", "inside", "outside"),
    [
        (uniform(0, 1), [0, 0.0, 0.5, 1, np.float64(0.2)], [-1e-9, 1.1, "0.5", True, math.nan]),
        (randint(1, 3), [1, 2.0, 3, np.int64(2)], [0, 4, 2.5, "2", True]),
        (quniform(0, 1, 0.25), [0.25, 1.0], [0.3]),
        (qrandint(0, 10, 5), [0, 5, 10], [4]),
        (choice(["a", "b"]), ["a"], ["c", 1]),
        (choice([1, 2]), [1, 2], [3, "1"]),
        (ordinal([1, 2, 5]), [5], [4]),
        (finrange(0.1, 1.0, 10), [0.3, 0.1 + 0.2], [0.35, "0.3", 1.1]),
        (logfinrange(1e-3, 1, 4), [0.01], [0.02]),
    ],
)
def test_knows_what_is_valid(domain: Domain, inside: list[Any], outside: list[Any]) -> None:
    assert [domain.is_valid(value) for value in inside] == [True] * len(inside)
    assert [domain.is_valid(value) for value in outside] == [False] * len(outside)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: uniform(1, 0), "lower 1.0 is above upper 0.0; swap the two bounds"),
        (lambda: randint(4, 3), "lower 4 is above upper 3; swap the two bounds"),
        (lambda: uniform("a", 1), "'a' is not a number"),
        (lambda: uniform(None, 1), "lower: None is not a number"),
        (lambda: uniform(math.nan, 1), "lower: nan is not a number"),
        (lambda: uniform(0, math.inf), "bounds must be finite; only normal"),
        (lambda: uniform(0, True), "upper: True is not a number"),
        (lambda: randint(0, 1.5), "upper: 1.5 is not an integer"),
        (lambda: randint(0, 2**63), "integers reach from"),
        (lambda: randint(-(2**50), 2**50), "more than 2\\*\\*46 integers from below 0"),
        (lambda: loguniform(0, 1), "lower 0.0 must be above 0 on a log scale"),
        (lambda: loguniform(1e-301, 1), "reaches from 1e-300 to 1e300"),
        (lambda: lograndint(0, 5), "lower 0 must be at least 1 on a log scale"),
        (lambda: reverseloguniform(0.5, 1.0), "needs 0 <= lower <= upper < 1"),
        (lambda: choice([]), "an empty list"),
        (lambda: choice("abc"), "'abc' is not a list of values"),
        (lambda: choice([1, 1]), "1 is there twice"),
        (lambda: choice(["a", 1]), "must all be of one type"),
        (lambda: choice([None, "l1"]), "write a text, such as 'none'"),
        (lambda: choice([math.nan, 1.0]), "not a number"),
        (
            lambda: ordinal([1, 2], kind="near"),
            "unknown kind 'near'.*allowed are equal, nn, nn-log",
        ),
        (lambda: ordinal([2, 1], kind="nn"), "must increase; use kind='equal'"),
        (lambda: ordinal(["a", "b"], kind="nn"), "must be numbers; use kind='equal'"),
        (lambda: logordinal([0, 1]), "must be above 0 on a log scale"),
        (lambda: finrange(0, 1, 1), "a size of at least 2"),
        (lambda: finrange(0, 0, 2), "two different bounds"),
        (lambda: finrange(2, 1, 2), "swap the two bounds"),
        (lambda: finrange(0, math.inf, 2), "upper: inf must be finite"),
        (lambda: finrange(0, 1, 2**20 + 1), "more than 2\\*\\*20"),
        (lambda: logfinrange(0, 1, 3), "must be above 0 on a log scale"),
        (lambda: quniform(0.15, 0.19, 0.1), "no multiple of 0.1 lies in"),
        (lambda: quniform(0, 1, 1e-13), "too fine"),
        (lambda: quniform(0, 1, 0), "q: 0 must be a finite number above 0"),
        (lambda: qrandint(0, 9, 0.5), "q: 0.5 is not an integer"),
        (lambda: Float(0, 1).normal(0, -1), "sd: -1.0 must be a finite number above 0"),
        (lambda: choice([1]).set_sampler(LogUniform(), allow_override=True), "drawn uniformly"),
        (lambda: uniform(0, 1).when(), "name a parameter and its values"),
        (lambda: uniform(0, 1).when(a=[]), "an empty list"),
        (lambda: uniform(0, 1).prior(mean=2, sd=1), "the mean 2 is not in"),
        (lambda: uniform(0, 1).prior(mean=0.5), "give mean and sd, or weights"),
        (lambda: uniform(0, 1).prior(weights=[1]), "cannot be weighted one by one"),
        (lambda: choice([1, 2]).prior(weights=[1]), "1 weights for .*, which has 2 values"),
        (lambda: choice(["a"]).prior(mean=1, sd=1), "has no mean; give weights"),
        (lambda: choice([1, 2]).prior(weights=[0, 0]), "one of them above 0"),
        (lambda: choice([1, 2]).prior(weights=[-1, 2]), "must be >= 0"),
    ],
)
def test_a_domain_that_makes_no_sense_is_an_error(make: Any, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        make()


def test_the_default_kind_of_an_ordinal_follows_from_its_values() -> None:
    assert type(ordinal([1, 2, 5])) is OrdinalNearestNeighbor
    assert type(ordinal([0.1, 0.5])) is OrdinalNearestNeighbor
    assert type(ordinal([3, 1, 2])) is Ordinal
    assert type(ordinal(["a", "b"])) is Ordinal
    assert type(ordinal([False, True])) is Ordinal
    assert type(ordinal([1, 2, 5], kind="equal")) is Ordinal
    assert ordinal([1, 2], kind="nn-log") == logordinal([1, 2])


def test_the_interval_of_nearest_neighbours_reaches_half_a_step_beyond() -> None:
    domain = ordinal([1, 2, 5])
    assert isinstance(domain, OrdinalNearestNeighbor)
    assert (domain.lower_int, domain.upper_int) == (0.0, 6.0)
    assert domain.categories_int == [1.0, 2.0, 5.0]
    assert [domain.cast_int(v) for v in (0.0, 1.4, 1.6, 3.4, 3.6, 9.0)] == [1, 1, 2, 2, 5, 5]
    log = logordinal([1, 10, 100])
    assert isinstance(log, OrdinalNearestNeighbor)
    assert log.lower_int == pytest.approx(-0.5 * math.log(10))
    assert log.upper_int == pytest.approx(2.5 * math.log(10))
    assert (ordinal([4]).lower_int, ordinal([4]).upper_int) == (None, None)


@pytest.mark.parametrize(
    ("domain", "values"),
    [
        (finrange(0.5, 1.5, 3), [0.5, 1.0, 1.5]),
        (finrange(0.1, 1.0, 10), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        (logfinrange(8, 256, 6), [8.0, 16.0, 32.0, 64.0, 128.0, 256.0]),
        (logfinrange(8, 256, 6, cast_int=True), [8, 16, 32, 64, 128, 256]),
        (logfinrange(4, 1024, 9, cast_int=True), [4, 8, 16, 32, 64, 128, 256, 512, 1024]),
        (logfinrange(1e-3, 1, 4), [0.001, 0.01, 0.1, 1.0]),
        (finrange(1e6, 1e6 + 1e-3, 3), [1e6, 1e6 + 5e-4, 1e6 + 1e-3]),
        (finrange(1, 3, 5, cast_int=True), [1, 2, 2, 2, 3]),
        (finrange(0, 1e-20, 3), [0.0, 5e-21, 1e-20]),
    ],
)
def test_finite_ranges_have_their_values_exactly(domain: FiniteRange, values: list[Any]) -> None:
    assert domain.values == values
    assert {type(value) for value in domain.values} == {domain.value_type}


@pytest.mark.parametrize(
    ("domain", "n"),
    [
        (uniform(0, 1), None),
        (uniform(1, 1), 1),
        (quniform(0, 1, 0.1), 11),
        (qloguniform(0.05, 1, 0.1), 10),
        (randint(1, 10), 10),
        (qrandint(-7, 7, 3), 5),
        (choice(["a", "b"]), 2),
        (finrange(0, 1, 5), 5),
        (finrange(1, 3, 10, cast_int=True), 3),
    ],
)
def test_counts_its_values(domain: Domain, n: int | None) -> None:
    assert domain.n_values == n


def test_a_sampler_is_set_once_unless_overridden() -> None:
    domain = Float(0.1, 1)
    assert domain.get_sampler() == Uniform()
    domain.set_sampler(LogUniform())
    assert domain == loguniform(0.1, 1)
    with pytest.raises(SpaceError, match=r"has a sampler, LogUniform.*allow_override=True"):
        domain.set_sampler(Uniform())
    domain.set_sampler(Uniform(), allow_override=True)
    assert domain == uniform(0.1, 1)


def test_the_methods_of_the_classes_are_the_factories() -> None:
    assert Float(0.1, 1).loguniform() == loguniform(0.1, 1)
    assert Float(0.1, 0.9).reverseloguniform() == reverseloguniform(0.1, 0.9)
    assert Float(0, 1).uniform().quantized(0.1) == quniform(0, 1, 0.1)
    assert Integer(1, 9).loguniform() == lograndint(1, 9)
    assert Integer(1, 9).quantized(3) == qrandint(1, 9, 3)
    assert Categorical(["a"]).uniform() == choice(["a"])
    assert Float(0, 1).normal(0.5, 2.0).get_sampler() == Normal(0.5, 2.0)
    assert quniform(0, 1, 0.5).get_sampler() == Quantized(Uniform(), 0.5)
    assert Quantized(Uniform(), 0.5).get_sampler() == Uniform()


def test_a_grid_is_marked_and_not_drawn() -> None:
    domain = Categorical([1, 2]).grid()
    assert domain.is_grid()
    assert not choice([1, 2]).is_grid()
    assert not domain.is_function()
    with pytest.raises(SpaceError, match="is a grid"):
        domain.sample()


def test_domains_are_equal_by_what_they_say() -> None:
    assert uniform(0, 1) == uniform(0.0, 1.0)
    assert uniform(0, 1) != uniform(0, 2)
    assert uniform(0.1, 1) != loguniform(0.1, 1)
    assert uniform(0, 1) != uniform(0, 1).when(a="b")
    assert uniform(0, 1) != uniform(0, 1).prior(mean=0.5, sd=1)
    assert uniform(0, 1) != 3
    assert choice([1, 2]) != ordinal([1, 2], kind="equal")


def test_when_and_prior_leave_the_original_alone() -> None:
    domain = uniform(0, 1)
    conditional = domain.when(optimizer="sgd").when(layers=[1, 2])
    assert domain.condition == {}
    assert conditional.condition == {"optimizer": ("sgd",), "layers": (1, 2)}
    believed = domain.prior(mean=0.5, sd=0.1)
    assert domain.prior_belief is None
    assert believed.prior_belief == NormalPrior(0.5, 0.1)
    assert choice(["a", "b"]).prior(weights=[1, 3]).prior_belief == WeightPrior((1.0, 3.0))


def test_domain_strings_show_bounds_or_values() -> None:
    assert uniform(0, 1).domain_str == "(0.0, 1.0)"
    assert randint(1, 9).domain_str == "(1, 9)"
    assert choice(["a", "b"]).domain_str == "['a', 'b']"
    assert finrange(0, 1, 3).domain_str == "(0.0, 1.0, 3)"
    assert (len(choice(["a", "b"])), len(finrange(0, 1, 3))) == (2, 3)


def test_match_strings_agree_up_to_rounding() -> None:
    domain = uniform(0, 1)
    assert domain.match_string(0.3) == domain.match_string(0.1 + 0.2) == "0.3"
    assert domain.match_string(0.3) != domain.match_string(0.3000001)
    assert randint(1, 9).match_string(3) == "3"
    assert choice(["a", "b"]).match_string("a") == "'a'"


def test_a_domain_that_was_used_can_be_pickled() -> None:
    domain = loguniform(1e-3, 1).when(a="b")
    domain.sample(random_state=1)
    assert pickle.loads(pickle.dumps(domain)) == domain


def test_sampling_takes_generators_random_states_and_seeds() -> None:
    domain = uniform(0, 1)
    assert isinstance(domain.sample(), float)
    assert domain.sample(random_state=3) == domain.sample(random_state=np.random.default_rng(3))
    old = np.random.RandomState(3)  # what the documented interface hands over
    values = domain.sample(spec={}, size=4, random_state=old)
    assert len(values) == 4
    assert values == [round(v, 12) for v in values]
    assert LogUniform().sample(Float(0.1, 1), random_state=3) == loguniform(0.1, 1).sample(
        random_state=3
    )


def test_sampling_leaves_the_global_random_state_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - it is what must not change
    uniform(0, 1).sample(size=10)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
