"""The acquisition suite fails a function for what is wrong with it."""

from __future__ import annotations

import pytest

WRONG = {
    "TestOneColumnTooMany": "test_shapes",
    "TestNeedsAnIncumbent": "test_works_before_anything_feasible_is_known",
    "TestWrongGradient": "test_gradient_matches",
    "TestGradientOfTheFirstFantasy": "test_gradient_matches",
    "TestTakesTheLogarithm": "test_finite_where_variance_is_tiny",
    "TestFirstFantasyOnly": "test_averages_over_fantasies",
    "TestSumsOverFantasies": "test_averages_over_fantasies",
    "TestMaximises": "test_better_points_score_higher_on_a_known_case",
    "TestChangesInputs": "test_inputs_unchanged",
    "TestDrawsOutside": "test_same_seed_same_answers",
}


@pytest.fixture
def found(outcomes):
    return outcomes("wrong_acquisitions.py", WRONG, ("TestRight", "TestRightFactory"))


@pytest.mark.parametrize(("acquisition", "check"), WRONG.items(), ids=WRONG)
def test_fails_a_wrong_acquisition(found, acquisition, check):
    assert check in found.failed[acquisition]


@pytest.mark.parametrize("acquisition", ["TestRight", "TestRightFactory"])
def test_passes_a_right_acquisition(found, acquisition):
    assert found.failed[acquisition] == {}
    assert len(found.passed[acquisition]) > 15
