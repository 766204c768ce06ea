"""Samples follow the documented distributions. Seeds are fixed; a p-value below 1e-3 fails."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

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
    qrandint,
    quniform,
    randint,
    reverseloguniform,
    subject_to,
    uniform,
)

N = 20_000
UNLIKELY = 1e-3


def values_of(domain: Domain, seed: int = 0, n: int = N) -> list[Any]:
    space = SearchSpace({"p": domain})
    return [c["p"] for c in space.decode(space.sample(n, np.random.default_rng(seed)))]


def truncated(mean: float, sd: float, low: float, high: float) -> Callable[[Any], Any]:
    return stats.truncnorm((low - mean) / sd, (high - mean) / sd, loc=mean, scale=sd).cdf


@pytest.mark.parametrize(
    ("domain", "transform", "cdf"),
    [
        (uniform(-2, 3), float, stats.uniform(-2, 5).cdf),
        (uniform(0, 1), float, stats.uniform(0, 1).cdf),
        (loguniform(1e-6, 1), math.log, stats.uniform(math.log(1e-6), -math.log(1e-6)).cdf),
        (
            reverseloguniform(0.9, 0.999),
            lambda v: -math.log(1 - v),
            stats.uniform(math.log(10), math.log(100)).cdf,
        ),
        (Float(-1, 4).normal(0.5, 1.5), float, truncated(0.5, 1.5, -1, 4)),
        (Float(-math.inf, math.inf).normal(3, 2), float, stats.norm(3, 2).cdf),
        (Float(0, 1).normal(5, 2), float, truncated(5, 2, 0, 1)),
        (uniform(0, 10).prior(mean=2, sd=0.01), float, truncated(2, 0.01, 0, 10)),
        (uniform(0, 10).prior(mean=9, sd=100), float, truncated(9, 100, 0, 10)),
        (
            loguniform(1e-6, 1).prior(mean=1e-3, sd=math.log(10)),
            math.log,
            truncated(math.log(1e-3), math.log(10), math.log(1e-6), 0.0),
        ),
    ],
    ids=lambda p: repr(p) if isinstance(p, Domain) else "",
)
def test_real_numbers_follow_their_distribution(
    domain: Domain, transform: Callable[[float], float], cdf: Callable[[Any], Any]
) -> None:
    drawn = [transform(value) for value in values_of(domain)]
    assert stats.kstest(drawn, cdf).pvalue > UNLIKELY


def uniform_over(values: list[Any]) -> dict[Any, float]:
    return {value: 1.0 / len(values) for value in values}


def lograndint_probabilities(low: int, high: int) -> dict[int, float]:
    """round(exp(x)) = k for x between log(k - 0.5) and log(k + 0.5)."""
    whole = math.log(high + 0.5) - math.log(low - 0.5)
    return {k: (math.log(k + 0.5) - math.log(k - 0.5)) / whole for k in range(low, high + 1)}


def rounded(probabilities: Mapping[int, float], q: int) -> dict[int, float]:
    result: dict[int, float] = Counter()
    multiples = [k for k in probabilities if k % q == 0]
    for k, p in probabilities.items():
        nearest = round(k / q) * q
        result[min(max(nearest, multiples[0]), multiples[-1])] += p
    return dict(result)


@pytest.mark.parametrize(
    ("domain", "probabilities"),
    [
        (randint(-2, 4), uniform_over(list(range(-2, 5)))),
        (lograndint(1, 12), lograndint_probabilities(1, 12)),
        (choice(["a", "b", "c"]), uniform_over(["a", "b", "c"])),
        (ordinal(["a", "b", "c"]), uniform_over(["a", "b", "c"])),
        (ordinal([1, 2, 5], kind="equal"), uniform_over([1, 2, 5])),
        # Interval (0, 6), cut in the middle between neighbours.
        (ordinal([1, 2, 5]), {1: 1.5 / 6, 2: 2 / 6, 5: 2.5 / 6}),
        # Logarithms to base 10: 0, 1, 3 in (-0.75, 3.75).
        (logordinal([1, 10, 1000]), {1: 1.25 / 4.5, 10: 1.5 / 4.5, 1000: 1.75 / 4.5}),
        (finrange(0.5, 1.5, 3), uniform_over([0.5, 1.0, 1.5])),
        (logfinrange(1, 1000, 4), uniform_over([1.0, 10.0, 100.0, 1000.0])),
        (finrange(1, 3, 5, cast_int=True), {1: 0.2, 2: 0.6, 3: 0.2}),
        (quniform(0, 1, 0.25), {0.0: 0.125, 0.25: 0.25, 0.5: 0.25, 0.75: 0.25, 1.0: 0.125}),
        (qrandint(0, 10, 5), rounded(uniform_over(list(range(11))), 5)),
        (qlograndint(1, 30, 10), rounded(lograndint_probabilities(1, 30), 10)),
        (choice(["a", "b", "c"]).prior(weights=[1, 0, 3]), {"a": 0.25, "c": 0.75}),
        (ordinal([1, 2, 5]).prior(weights=[2, 1, 1]), {1: 0.5, 2: 0.25, 5: 0.25}),
        (finrange(0, 1, 3).prior(weights=[1, 1, 2]), {0.0: 0.25, 0.5: 0.25, 1.0: 0.5}),
        (randint(1, 3).prior(weights=[3, 1, 0]), {1: 0.75, 2: 0.25}),
        (lograndint(1, 3).prior(weights=[3, 0, 1]), {1: 0.75, 3: 0.25}),
    ],
    ids=lambda p: repr(p) if isinstance(p, Domain) else "",
)
def test_finite_domains_follow_their_probabilities(
    domain: Domain, probabilities: Mapping[Any, float]
) -> None:
    counts = Counter(values_of(domain))
    assert set(counts) == {value for value, p in probabilities.items() if p > 0.0}
    observed = [counts[value] for value in counts]
    expected = [N * probabilities[value] for value in counts]
    assert stats.chisquare(observed, expected).pvalue > UNLIKELY


def test_integers_with_a_normal_prior_have_its_probabilities() -> None:
    cdf = truncated(4.0, 2.0, 0.5, 10.5)
    counts = Counter(values_of(randint(1, 10).prior(mean=4, sd=2)))
    expected = [N * (cdf(k + 0.5) - cdf(k - 0.5)) for k in range(1, 11)]
    assert stats.chisquare([counts[k] for k in range(1, 11)], expected).pvalue > UNLIKELY


def test_both_ends_of_an_integer_range_are_drawn() -> None:
    assert {1, 3} <= set(values_of(randint(1, 3), n=100))
    assert {1, 3} <= set(values_of(lograndint(1, 3), n=100))


def test_a_row_does_not_depend_on_how_many_are_drawn_at_once() -> None:
    space = SearchSpace(
        subject_to(
            {
                "model": choice(["tree", "net"]),
                "depth": randint(1, 10).when(model="tree"),
                "rate": loguniform(1e-4, 1).when(model="net"),
                "low": uniform(0, 1).prior(mean=0.2, sd=0.5),
                "high": uniform(0, 1),
            },
            "low <= high",
        )
    )
    at_once = space.sample(200, np.random.default_rng(5))
    rng = np.random.default_rng(5)
    one_by_one = np.concatenate([space.sample(1, rng) for _ in range(200)])
    rng = np.random.default_rng(5)
    in_parts = np.concatenate([space.sample(n, rng) for n in (3, 97, 0, 60, 40)])
    assert np.array_equal(at_once, one_by_one, equal_nan=True)
    assert np.array_equal(at_once, in_parts, equal_nan=True)


def test_the_generator_alone_decides() -> None:
    space = SearchSpace({"a": uniform(0, 1), "b": choice([1, 2])})
    first = space.sample(50, np.random.default_rng(1))
    assert np.array_equal(first, space.sample(50, np.random.default_rng(1)))
    assert not np.array_equal(first, space.sample(50, np.random.default_rng(2)))


def test_inactive_parameters_are_nan_and_do_not_shift_the_others() -> None:
    plain = {"a": choice(["x", "y"]), "b": uniform(0, 1), "c": uniform(0, 1)}
    free = SearchSpace(plain).sample(500, np.random.default_rng(3))
    bound = SearchSpace({**plain, "b": uniform(0, 1).when(a="x")})
    X = bound.sample(500, np.random.default_rng(3))
    inactive = X[:, 0] == 1.0
    assert 200 < inactive.sum() < 300
    assert np.isnan(X[inactive, 1]).all()
    assert np.array_equal(X[~inactive], free[~inactive])
    assert np.array_equal(X[:, [0, 2]], free[:, [0, 2]])


def test_rejected_rows_leave_the_distribution_of_the_others_alone() -> None:
    space = SearchSpace(subject_to({"a": uniform(0, 1), "b": uniform(0, 1)}, "a < b"))
    X = space.sample(N, np.random.default_rng(0))
    assert (X[:, 0] < X[:, 1]).all()
    assert stats.kstest(X[:, 1], lambda b: b**2).pvalue > UNLIKELY  # P(max <= b)


def test_rare_but_possible_constraints_are_satisfied() -> None:
    space = SearchSpace(subject_to({"a": uniform(0, 1), "b": uniform(0, 1)}, "a + b < 0.05"))
    configs = space.decode(space.sample(20, np.random.default_rng(0)))
    assert all(c["a"] + c["b"] < 0.05 for c in configs)


def test_hopeless_constraints_are_an_error_that_says_so() -> None:
    space = SearchSpace(subject_to({"a": uniform(0, 1), "b": uniform(0, 1)}, "a + b > 3"))
    with pytest.raises(SpaceError, match=r"constraints 'a \+ b > 3': 0 of \d+ random.*Narrow the"):
        space.sample(1, np.random.default_rng(0))


def test_active_ranges_are_drawn_from_but_encoded_as_before() -> None:
    full = {"a": randint(0, 10), "b": choice(["x", "y", "z"]), "c": loguniform(1e-4, 1)}
    active = {"a": randint(2, 5), "b": choice(["z", "x"]), "c": loguniform(1e-3, 1e-2)}
    space = SearchSpace(full, active=active)
    X = space.sample(2000, np.random.default_rng(0))
    configs = space.decode(X)
    assert {c["a"] for c in configs} == {2, 3, 4, 5}
    assert {c["b"] for c in configs} == {"x", "z"}
    assert all(1e-3 <= c["c"] <= 1e-2 for c in configs)
    assert np.array_equal(SearchSpace(full).encode(configs), X)
    assert space.bounds == pytest.approx(np.array([[2 / 11, 6 / 11], [0, 2], [0.25, 0.5]]))
    low, high = space.bounds.T
    assert (low - 1e-12 <= X).all()
    assert (high + 1e-12 >= X).all()
    wide = {"a": 9, "b": "y", "c": 0.5}
    assert space.contains(wide)  # data may lie outside of the active ranges


def test_a_parameter_can_be_fixed_for_new_points() -> None:
    space = SearchSpace({"a": uniform(0, 1), "epoch": randint(1, 9)}, active={"epoch": 3})
    X = space.sample(20, np.random.default_rng(0))
    assert {c["epoch"] for c in space.decode(X)} == {3}
    assert space.bounds[1].tolist() == [X[0, 1]] * 2


@pytest.mark.parametrize(
    ("active", "message"),
    [
        ({"aa": uniform(0, 1)}, r"'aa' is not a parameter; did you mean 'a'\?"),
        ({"a": uniform(0, 2)}, "a: 2.0 is not in uniform"),
        ({"b": choice(["z"])}, "b: 'z' is not in choice"),
        ({"a": 7}, "a: 7 is not in uniform"),
    ],
)
def test_active_ranges_must_be_part_of_the_domains(active: Mapping[str, Any], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        SearchSpace({"a": uniform(0, 1), "b": choice(["x", "y"])}, active=active)
