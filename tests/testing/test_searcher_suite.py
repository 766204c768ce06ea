"""The searcher suite fails a searcher for what is wrong with it."""

from __future__ import annotations

import pytest

RESUMED = "test_resumed_equals_uninterrupted_from_every_event_and_when_asked_twice"
SNAPPED = "test_points_lie_in_the_space_and_are_snapped"
WRONG = {
    "TestLeavesTheSpace": SNAPPED,
    "TestForgetsToSnap": SNAPPED,
    "TestBreaksConstraints": SNAPPED,
    "TestFillsInactiveParameters": SNAPPED,
    "TestGivesTooMany": "test_gives_no_more_points_than_asked_and_all_are_distinct",
    "TestRepeatsWithinAnAnswer": "test_gives_no_more_points_than_asked_and_all_are_distinct",
    "TestNeedsData": "test_proposes_with_no_data",
    "TestNeverRunsOut": "test_finite_spaces_run_out_once",
    "TestGivesUpEarly": "test_finite_spaces_run_out_once",
    "TestRepeatsPendingPoints": "test_pending_points_are_not_proposed_again",
    "TestServesNoStartPoints": "test_serves_start_points_first",
    "TestFailsAfterAFailure": "test_survives_failed_and_nan_trials",
    "TestHoldsAView": "test_holds_no_view_across_a_growth_of_the_table",
    "TestWritesIntoTheTable": "test_inputs_unchanged",
    "TestCachesABlock": RESUMED,
    "TestRemembersItsLastAnswer": RESUMED,
    "TestTimesItself": "test_no_clock_read",
}


@pytest.fixture
def found(outcomes):
    return outcomes("wrong_searchers.py", WRONG, ("TestRight",))


@pytest.mark.parametrize(("searcher", "check"), WRONG.items(), ids=WRONG)
def test_fails_a_wrong_searcher(found, searcher, check):
    assert check in found.failed[searcher]


def test_passes_a_right_searcher(found):
    assert found.failed["TestRight"] == {}
    assert len(found.passed["TestRight"]) > 25


@pytest.mark.parametrize(
    ("searcher", "words"),
    [
        ("TestBreaksConstraints", "breaks a constraint"),
        ("TestForgetsToSnap", "a proposed point, snapped,[0, 0] is "),
        ("TestCachesABlock", "after a resumption at call"),
        ("TestWritesIntoTheTable", "propose[0][1]['trial.x'][0, 0] is "),
    ],
)
def test_says_what_is_wrong(found, searcher, words):
    assert words in found.failed[searcher][WRONG[searcher]]
