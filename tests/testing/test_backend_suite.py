"""The backend suite fails a backend for what is wrong with it."""

from __future__ import annotations

import pytest

IN_ORDER = "test_reports_in_order_none_lost_none_twice"
RESTART = "test_after_a_restart_reports_go_on_where_the_record_ends"
WRONG = {
    "TestEndsTwice": "test_every_start_ends_once",
    "TestNeverEndsSilently": "test_a_trial_without_a_report_ends_too",
    "TestBeginsAgain": "test_starting_again_begins_nothing",
    "TestOneAfterTheOther": "test_trials_run_side_by_side",
    "TestLosesReports": IN_ORDER,
    "TestDoublesReports": IN_ORDER,
    "TestRoundsMetrics": IN_ORDER,
    "TestEndsFirst": "test_a_trial_ends_after_its_reports",
    "TestStampsLate": "test_times_do_not_run_backwards",
    "TestForgetsTheTimeout": "test_poll_returns_in_time_when_nothing_happens",
    "TestSleepsOnReports": "test_poll_returns_as_soon_as_something_happens",
    "TestMindsASecondStop": "test_stop_is_idempotent",
    "TestNeverStops": "test_a_trial_may_be_stopped_before_it_reports",
    "TestStopsAll": "test_stopping_one_leaves_the_others_alone",
    "TestMayBeClosedOnce": "test_may_be_closed_twice_and_while_trials_run",
    "TestCallsCrashesFine": "test_a_crash_is_failed_with_its_log",
    "TestHidesTheLog": "test_a_crash_is_failed_with_its_log",
    "TestBeginsATrialOnce": "test_a_failed_trial_can_be_tried_again",
    "TestLosesCheckpoints": "test_a_resumed_trial_goes_on_from_its_checkpoint",
    "TestLosesCheckpointsOfStopped": "test_a_paused_trial_keeps_its_checkpoint",
    "TestSharesCheckpoints": "test_a_checkpoint_is_copied_for_a_child",
    "TestKeepsEveryCheckpoint": "test_a_deleted_checkpoint_is_gone",
    "TestReportsAgainAfterARestart": RESTART,
    "TestForgetsWhatRan": RESTART,
}


@pytest.fixture
def found(outcomes):
    return outcomes("wrong_backends.py", WRONG, ("TestRight",))


@pytest.mark.parametrize(("backend", "check"), WRONG.items(), ids=WRONG)
def test_fails_a_wrong_backend(found, backend, check):
    assert check in found.failed[backend]


def test_passes_a_right_backend(found):
    assert found.failed["TestRight"] == {}
    assert len(found.passed["TestRight"]) > 20


def test_says_what_was_seen_so_far(found):
    text = found.failed["TestNeverStops"][WRONG["TestNeverStops"]]
    assert "not within 0.3 s; so far: []" in text
