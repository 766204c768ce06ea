"""The surrogate suite fails a model for what is wrong with it."""

from __future__ import annotations

import pytest

UNFRIENDLY = "test_survives_constant_targets_repeated_rows_and_one_row"
WRONG = {
    "TestDropsAnAxis": "test_shapes_for_one_and_two_outputs",
    "TestFantasiesLast": "test_shapes_for_one_and_two_outputs",
    "TestNegativeVariance": "test_variance_is_positive_and_shrinks_at_data",
    "TestSameVarianceEverywhere": "test_variance_is_positive_and_shrinks_at_data",
    "TestMeanOfTheData": "test_mean_follows_the_data",
    "TestWrongGradient": "test_gradients_match_differences",
    "TestForgetsTheNoise": "test_conditioning_equals_refitting",
    "TestConditionsOnTheFirstPoint": "test_conditioning_equals_refitting",
    "TestConditionsInPlace": "test_conditioning_pulls_the_mean_and_leaves_the_posterior_alone",
    "TestSamplesTooWide": "test_samples_have_the_posterior_moments",
    "TestDividesByTheSpread": UNFRIENDLY,
    "TestInvertsTheGram": UNFRIENDLY,
    "TestSortsItsInput": "test_inputs_unchanged",
    "TestWarmStartsUnsaved": (
        "test_resumed_equals_uninterrupted_from_every_event_and_when_asked_twice"
    ),
    "TestIgnoresKnownNoise": "test_a_known_noise_widens_the_posterior",
}


@pytest.fixture
def found(outcomes):
    return outcomes("wrong_surrogates.py", WRONG, ("TestRight",))


@pytest.mark.parametrize(("surrogate", "check"), WRONG.items(), ids=WRONG)
def test_fails_a_wrong_surrogate(found, surrogate, check):
    assert check in found.failed[surrogate]


def test_passes_a_right_surrogate(found):
    assert found.failed["TestRight"] == {}
    assert len(found.passed["TestRight"]) > 20
