from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from synecore.space.rounding import (
    ceil_log10,
    exponent,
    integer_to_digits,
    to_decimals,
    to_digits,
)

REPEATABLE = settings(deadline=None, derandomize=True, max_examples=150)

positive = st.floats(1e-300, 1e300)


def decimal_neighbours(value: float, places: int) -> set[float]:
    """The floats of the decimals around a value: exact arithmetic, not what is tested."""
    step = Decimal(1).scaleb(-places)
    nearest = Decimal(value).quantize(step, rounding=ROUND_HALF_EVEN)
    return {float(nearest - step), float(nearest), float(nearest + step)}


@REPEATABLE
@given(positive)
def test_the_exponent_is_that_of_the_decimal_form(value: float) -> None:
    assert exponent(value) == Decimal(repr(value)).adjusted()


@pytest.mark.parametrize(("value", "k"), [(1.0, 0), (0.9, 0), (1.1, 1), (1e-5, -5), (1e300, 300)])
def test_the_power_of_ten_above(value: float, k: int) -> None:
    assert ceil_log10(value) == k


@REPEATABLE
@given(positive, st.integers(1, 14))
def test_rounds_to_the_nearest_decimal_of_so_many_digits(value: float, digits: int) -> None:
    one, many = to_digits(digits)
    rounded = one(value)
    assert rounded in decimal_neighbours(value, digits - 1 - Decimal(repr(value)).adjusted())
    assert abs(rounded - value) <= 0.5000001 * 10.0 ** (
        Decimal(repr(value)).adjusted() - digits + 1
    )
    assert one(rounded) == rounded
    assert many(np.array([value, rounded])).tolist() == [rounded, rounded]


@REPEATABLE
@given(st.floats(-1e6, 1e6), st.integers(-3, 8))
def test_rounds_to_the_nearest_number_of_decimals(value: float, places: int) -> None:
    one, many = to_decimals(places)
    rounded = one(value)
    assert rounded in decimal_neighbours(value, places)
    assert abs(rounded - value) <= 0.5000001 * 10.0**-places
    assert many(np.array([value, rounded])).tolist() == [rounded, rounded]


@REPEATABLE
@given(st.floats(-1e-20, 1e-20), st.integers(23, 32))
def test_more_decimals_than_powers_of_ten_are_exact(value: float, places: int) -> None:
    one, many = to_decimals(places)
    assert one(value) in decimal_neighbours(value, places)
    assert many(np.array([value])).tolist() == [one(value)]


@REPEATABLE
@given(st.integers(1, 10**12 - 1), st.integers(-280, 280))
def test_a_decimal_of_twelve_digits_stays_the_float_that_python_reads(n: int, power: int) -> None:
    value = float(f"{n}e{power}")
    one, many = to_digits(12)
    assert one(value) == value
    assert many(np.array([value] * 3)).tolist() == [value] * 3


def test_what_is_below_the_cut_is_zero() -> None:
    one, many = to_digits(12, cut=1e-3)
    assert (one(9e-4), one(0.0), one(1e-3)) == (0.0, 0.0, 1e-3)
    assert many(np.array([9e-4, 0.0, 1e-3])).tolist() == [0.0, 0.0, 1e-3]


@REPEATABLE
@given(st.integers(0, 2**63), st.integers(1, 14))
def test_integers_round_to_so_many_digits(value: int, digits: int) -> None:
    assume(value > 0)
    rounded = integer_to_digits(value, digits)
    extra = max(0, len(str(value)) - digits)
    assert rounded % 10**extra == 0
    assert 2 * abs(rounded - value) <= 10**extra
