"""The rule that tables and journals rest on: values go to positions and back bit for bit."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

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
    qloguniform,
    qrandint,
    quniform,
    randint,
    reverseloguniform,
    uniform,
)

REPEATABLE = settings(deadline=None, derandomize=True, max_examples=150)

NASTY = [
    uniform(0, 1),
    uniform(0.0, 0.1 + 0.2),
    uniform(0, 1e-15),
    uniform(0, 1e300),
    uniform(-1, 1),
    uniform(-1e300, -1e299),
    uniform(-3e-20, -1e-20),
    uniform(1e6, 1e6 + 1e-3),
    uniform(1e15, 1e15 + 1),
    uniform(-1e6 - 1e-6, -1e6),
    uniform(-1e6, 1e-6),
    uniform(1e-9, 1),
    uniform(math.pi, math.nextafter(math.pi, 4)),
    uniform(0.1, math.nextafter(0.3, 1)),
    uniform(2.5, 2.5),
    uniform(0, 0),
    loguniform(1e-300, 1e300),
    loguniform(1e-300, 2e-300),
    loguniform(1e-6, 1),
    loguniform(1e-12, 1e-11),
    loguniform(0.1, 0.1 + 1e-15),
    loguniform(3, 3),
    loguniform(1e10, 1e25),
    reverseloguniform(0, 0.5),
    reverseloguniform(0.9, 0.999),
    reverseloguniform(0.0, 1 - 1e-12),
    Float(-2, 5).normal(1, 0.5),
    Float(-math.inf, math.inf).normal(0, 1),
    randint(0, 1),
    randint(-7, 7),
    randint(3, 3),
    randint(0, 2**31),
    randint(0, 2**63 - 1),
    randint(10**15, 2**62),
    randint(-(2**44), 2**44),
    randint(2**62, 2**62 + 5),
    lograndint(1, 1),
    lograndint(1, 10),
    lograndint(4, 1024),
    lograndint(1, 2**63 - 1),
    lograndint(10**15, 10**15 + 100),
    quniform(0, 1, 0.1),
    quniform(0.05, 1.01, 0.1),
    quniform(-1, 1, 0.3),
    qloguniform(1e-4, 1e-2, 5e-5),
    Float(-3, 3).normal(0, 1).quantized(0.25),
    qrandint(0, 10, 2),
    qrandint(-7, 7, 3),
    qrandint(0, 2**60, 2**50),
    qlograndint(1, 100, 10),
    qlograndint(1, 2**62, 2**40),
    choice(["a", "b", "c"]),
    choice([True, False]),
    choice([0.1, 0.5]),
    ordinal(["low", "middle", "high"]),
    ordinal([3, 1, 2]),
    ordinal([1, 2, 5, 10]),
    logordinal([1e-6, 1e-3, 0.1, 7.0]),
    ordinal([5]),
    finrange(0.1, 1.0, 10),
    finrange(-1, 1, 7),
    finrange(1, 3, 10, cast_int=True),
    finrange(1e6, 1e6 + 1e-3, 11),
    logfinrange(1e-300, 1e300, 9),
    logfinrange(8, 256, 6, cast_int=True),
]


@st.composite
def linear(draw: st.DrawFn) -> Domain:
    low = draw(st.floats(-1e12, 1e12))
    width = draw(st.floats(1e-12, 1e12))
    assume(low + width > low)
    return uniform(low, low + width)


@st.composite
def logarithmic(draw: st.DrawFn) -> Domain:
    low = draw(st.floats(-300, 299))
    width = draw(st.floats(1e-9, 300 - low))
    bounds = 10.0**low, 10.0 ** (low + width)
    assume(1e-300 <= bounds[0] < bounds[1] <= 1e300)
    return loguniform(*bounds)


@st.composite
def integers(draw: st.DrawFn) -> Domain:
    low = draw(st.integers(-(10**6), 10**18))
    width = draw(st.integers(0, 10**6) | st.integers(0, 2**45))
    if draw(st.booleans()) and low >= 1:
        return lograndint(low, low + width)
    return randint(low, low + width)


@st.composite
def quantised(draw: st.DrawFn) -> Domain:
    q = draw(st.floats(1e-6, 10.0))
    first = draw(st.integers(1, 1000))
    last = first + draw(st.integers(1, 1000))
    make = qloguniform if draw(st.booleans()) else quniform
    return make(first * q * draw(st.floats(0.99, 1.0)), last * q, q)


@st.composite
def listed(draw: st.DrawFn) -> Domain:
    numbers = sorted(draw(st.sets(st.integers(1, 10**9), min_size=1, max_size=9)))
    values = [number * 10.0 ** draw(st.integers(-9, 9)) for number in numbers[:1]]
    values += [values[0] * number / numbers[0] for number in numbers[1:]]
    return ordinal(values, kind=draw(st.sampled_from(["equal", "nn", "nn-log"])))


@st.composite
def ranges(draw: st.DrawFn) -> Domain:
    low = draw(st.floats(1e-3, 1e3))
    make = logfinrange if draw(st.booleans()) else finrange
    return make(low, low * draw(st.floats(1.01, 1e6)), draw(st.integers(2, 50)))


DOMAINS = st.one_of(
    linear(), logarithmic(), integers(), quantised(), listed(), ranges(), st.sampled_from(NASTY)
)


def positions(space: SearchSpace, seed: int, n: int = 64) -> np.ndarray:
    """Positions that need not be those of configurations, the ends among them."""
    x = np.random.default_rng(seed).random((n, 1))
    x[:6, 0] = [0.0, 1.0, 0.5, 1e-17, 1.0 - 2.0**-53, 2.0**-30]
    return x * max(1, int(space.n_choices[0]) - 1)


def check(domain: Domain, seed: int) -> None:
    space = SearchSpace({"p": domain})
    X = positions(space, seed)
    S = space.snap(X)
    configs = space.decode(X)
    assert np.array_equal(space.snap(S), S)
    assert np.array_equal(space.encode(space.decode(S)), S)
    assert np.array_equal(space.encode(configs), S)
    assert space.decode(S) == configs
    assert all(domain.is_valid(config["p"]) for config in configs)
    assert all(type(config["p"]) is domain.value_type for config in configs)
    assert S.min() >= 0.0
    assert S.max() <= max(1, int(space.n_choices[0]) - 1)


def check_one_and_many_agree(domain: Domain, seed: int) -> None:
    space = SearchSpace({"p": domain})
    X = positions(space, seed)
    rows = [X[i : i + 1] for i in range(len(X))]
    assert np.array_equal(np.concatenate([space.snap(row) for row in rows]), space.snap(X))
    alone = [space.decode(row)[0]["p"] for row in rows]
    together = [config["p"] for config in space.decode(X)]
    assert repr(alone) == repr(together)  # also the sign of zero


@pytest.mark.parametrize("domain", NASTY, ids=repr)
def test_nasty_domains_go_back_and_forth(domain: Domain) -> None:
    for seed in range(20):
        check(domain, seed)
        check_one_and_many_agree(domain, seed)


@REPEATABLE
@given(DOMAINS, st.integers(0, 2**32))
@example(uniform(1e6, 1e6 + 1e-3), 0)
def test_any_domain_goes_back_and_forth(domain: Domain, seed: int) -> None:
    check(domain, seed)


@REPEATABLE
@given(DOMAINS, st.integers(0, 2**32))
def test_one_row_and_many_give_the_same_bits(domain: Domain, seed: int) -> None:
    check_one_and_many_agree(domain, seed)


def ten_digits(text: str) -> float:
    return float(text)


@st.composite
def typed(draw: st.DrawFn) -> tuple[Domain, Any]:
    """A domain and a value of at most ten significant digits that a user could have typed."""
    digits = draw(st.integers(1, 10**10 - 1))
    places = draw(st.integers(-8, 12))
    value = float(Decimal(digits).scaleb(-10 - places))
    if draw(st.booleans()):
        low = value * draw(st.floats(0.001, 0.999))
        return loguniform(low, value * draw(st.floats(1.001, 1e6))), value
    return uniform(0, value * draw(st.floats(1.0, 1e6))), value


@REPEATABLE
@given(typed())
def test_a_typed_value_comes_back_exactly(case: tuple[Domain, float]) -> None:
    domain, value = case
    space = SearchSpace({"p": domain})
    assert space.decode(space.encode([{"p": value}])) == [{"p": value}]


@REPEATABLE
@given(
    st.integers(-(10**9), 10**9), st.integers(1, 10**9), st.floats(0.0, 1.0), st.integers(0, 300)
)
def test_typed_values_of_a_linear_range_come_back_to_a_billionth_of_it(
    low: int, width: int, where: float, exponent: int
) -> None:
    power = Decimal(10) ** (exponent - 150)
    value = low + round(where * width)
    bounds = float(low * power), float((low + width) * power)
    typed_value = float(value * power)
    assume(abs(bounds[0]) < 1e9 * (bounds[1] - bounds[0]))
    assume(len(str(abs(value)).rstrip("0")) <= 10)
    assume(width * 10**3 > abs(low))
    space = SearchSpace({"p": uniform(*bounds)})
    assert space.decode(space.encode([{"p": typed_value}])) == [{"p": typed_value}]


@pytest.mark.parametrize(
    ("domain", "values"),
    [
        (uniform(0, 1), [0.1, 0.3, 1e-5, 1.5e-12, 0.1234567891, 0, 1]),
        (uniform(0, 0.1 + 0.2), [0.3, 0.1]),
        (uniform(-1, 1), [0.1, -0.3, 0.0, 0.123456789]),
        (loguniform(1e-6, 1), [1e-6, 1e-3, 3e-4, 0.01, 0.1234567891, 1.0]),
        (reverseloguniform(0.9, 0.9999), [0.9, 0.99, 0.999, 0.9999, 0.9123456789]),
        (quniform(0, 1, 0.1), [0.0, 0.1, 0.2, 0.3, 0.7, 1.0]),
        (finrange(0.1, 1.0, 10), [0.1, 0.2, 0.3, 0.6, 0.7, 1.0]),
        (lograndint(1, 10**18), [1, 7, 1234567891, 10**18]),
        (randint(0, 2**63 - 1), [0, 1, 42, 1234567890, 2**32 - 1, 10**18]),
        (randint(0, 2**32 - 1), [0, 1, 4294967295]),
    ],
)
def test_the_usual_values_come_back_exactly(domain: Domain, values: list[Any]) -> None:
    space = SearchSpace({"p": domain})
    assert [c["p"] for c in space.decode(space.encode([{"p": v} for v in values]))] == values


@REPEATABLE
@given(DOMAINS, st.integers(0, 2**32))
def test_values_survive_json(domain: Domain, seed: int) -> None:
    space = SearchSpace({"p": domain})
    configs = space.decode(space.sample(8, np.random.default_rng(seed)))
    read = json.loads(json.dumps(configs))
    assert np.array_equal(space.encode(read), space.encode(configs))


@REPEATABLE
@given(DOMAINS, st.integers(0, 2**32))
def test_a_sample_is_snapped_and_inside(domain: Domain, seed: int) -> None:
    space = SearchSpace({"p": domain})
    X = space.sample(40, np.random.default_rng(seed))
    assert np.array_equal(space.snap(X), X)
    assert all(space.contains(config) for config in space.decode(X))


@pytest.mark.parametrize(
    "domain",
    [
        uniform(-1e308, 1e308),
        uniform(0, 1e-290),
        uniform(1e301, 2e301),
        loguniform(0.1, math.nextafter(0.1, 1)),
    ],
    ids=repr,
)
def test_ranges_that_cannot_be_encoded_are_refused(domain: Domain) -> None:
    with pytest.raises(SpaceError, match="too wide or too narrow"):
        SearchSpace({"p": domain})


def test_zero_is_never_minus_zero() -> None:
    space = SearchSpace({"p": uniform(-0.0, 1), "q": uniform(-1, 1), "r": quniform(-1, 1, 0.5)})
    rows = np.array([[0.0, 0.5 - 1e-16, 0.45]] * 30)
    for config in [*space.decode(rows), *space.decode(rows[:1])]:
        assert [math.copysign(1.0, v) for v in config.values()] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("kind", ["nn", "nn-log"])
def test_ordinal_values_that_cannot_be_told_apart_are_refused(kind: str) -> None:
    values = [1.0, math.nextafter(1.0, 2.0), 1e9]
    with pytest.raises(SpaceError, match="use kind='equal'"):
        SearchSpace({"p": ordinal(values, kind=kind)})
    assert SearchSpace({"p": ordinal(values, kind="equal")}).size == 3
