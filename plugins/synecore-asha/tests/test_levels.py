"""Rung levels, quantiles and bracket weights against the documented examples and formulas."""

from __future__ import annotations

import numpy as np
import pytest

from synecore.errors import OptionError
from synecore_asha.levels import default_bracket_weights, promotion_quantiles, rung_levels


@pytest.mark.parametrize(
    ("max_t", "expected"),
    [
        (81, [1, 3, 9, 27]),
        (56, [1, 3, 9, 27]),
        (200, [1, 3, 9, 27, 81]),
        (28, [1, 3, 9, 27]),
        (27, [1, 3, 9]),
        (2, [1]),
    ],
)
def test_levels_grow_by_three_and_stay_below_the_maximum(max_t, expected):
    assert rung_levels(max_t) == expected


def test_levels_are_rounded_and_a_level_rounded_to_the_maximum_is_dropped():
    assert rung_levels(100, grace_period=1, reduction_factor=2.5) == [1, 2, 6, 16, 39, 98]
    assert rung_levels(6, grace_period=1, reduction_factor=2.4) == [1, 2]  # 5.76 rounds to 6
    assert rung_levels(81, grace_period=2, reduction_factor=4) == [2, 8, 32]


def test_an_increment_spaces_levels_evenly_unless_a_factor_is_given():
    assert rung_levels(9, grace_period=2, rung_increment=3) == [2, 5, 8]
    assert rung_levels(8, grace_period=2, rung_increment=3) == [2, 5]
    assert rung_levels(9, rung_increment=3, reduction_factor=3) == [1, 3]


def test_given_levels_decide_alone_and_lose_a_last_one_at_the_maximum():
    assert rung_levels(81, levels=[2, 20, 81], grace_period=5) == [2, 20]
    assert rung_levels(81, levels=[2, 20]) == [2, 20]
    assert rung_levels(9, levels=[9]) == []


@pytest.mark.parametrize("levels", [[3, 3], [9, 3], [0, 3], []])
def test_levels_that_do_not_rise_are_refused(levels):
    with pytest.raises(OptionError, match="must be positive and strictly increasing"):
        rung_levels(81, levels=levels)


def test_levels_beyond_the_maximum_are_refused():
    with pytest.raises(OptionError) as error:
        rung_levels(20, levels=[1, 30])

    assert str(error.value) == (
        "'rung_levels' must not exceed max_t = 20: [1, 30]. "
        "Drop the larger ones, or raise the largest resource (max_resource_attr or max_t)."
    )


def test_a_grace_period_at_the_maximum_is_refused():
    with pytest.raises(OptionError) as error:
        rung_levels(9, grace_period=9)

    assert str(error.value) == (
        "'grace_period' must be less than max_t = 9: 9. "
        "Lower it, or raise the largest resource (max_resource_attr or max_t)."
    )


def test_quantiles_are_ratios_of_successive_levels():
    assert promotion_quantiles([1, 3, 9, 27], 81) == [1 / 3, 3 / 9, 9 / 27, 27 / 81]
    assert promotion_quantiles([1, 3, 9, 27], 56)[-1] == 27 / 56
    assert promotion_quantiles([1, 2, 3], 4) == [1 / 2, 2 / 3, 3 / 4]


def test_brackets_are_opened_as_often_as_synchronous_hyperband_fills_slots():
    """Bracket s of Hyperband spends the same budget on every rung: count its first slots."""
    levels, r_max, K = [1, 3, 9, 27], 81, 5
    slots = []
    for s in range(K):
        rungs = K - s
        budget_a_rung = K * r_max / rungs  # all brackets cost K r_max
        slots.append(budget_a_rung / [*levels, r_max][s])

    weights = default_bracket_weights(levels, r_max, K)

    assert np.allclose(weights, np.array(slots) / sum(slots))
    assert np.allclose(
        default_bracket_weights(levels, r_max, 2), np.array(slots[:2]) / sum(slots[:2])
    )


def test_one_bracket_gets_everything():
    assert default_bracket_weights([1, 3], 9, 1).tolist() == [1.0]
