from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synecore.space import (
    LinearScaling,
    LogScaling,
    ReverseLogScaling,
    get_scaling,
    logfinrange,
    lograndint,
    loguniform,
    randint,
    reverseloguniform,
    uniform,
)

REPEATABLE = settings(deadline=None, derandomize=True, max_examples=150)


@REPEATABLE
@given(st.floats(0.001, 0.999))
def test_scalings_and_their_inverses(value: float) -> None:
    for scaling, expected in (
        (LinearScaling(), value),
        (LogScaling(), math.log(value)),
        (ReverseLogScaling(), -math.log(1 - value)),
    ):
        internal = scaling.to_internal(value)
        assert internal == pytest.approx(expected, rel=1e-12)
        assert scaling.from_internal(internal) == pytest.approx(value, rel=1e-12)


def test_each_domain_has_its_scaling() -> None:
    assert isinstance(get_scaling(uniform(0, 1)), LinearScaling)
    assert isinstance(get_scaling(randint(0, 1)), LinearScaling)
    assert isinstance(get_scaling(loguniform(0.1, 1)), LogScaling)
    assert isinstance(get_scaling(lograndint(1, 9)), LogScaling)
    assert isinstance(get_scaling(logfinrange(1, 9, 3)), LogScaling)
    assert isinstance(get_scaling(reverseloguniform(0, 0.5)), ReverseLogScaling)
