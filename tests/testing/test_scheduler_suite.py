"""The scheduler suite fails a scheduler for what is wrong with it."""

from __future__ import annotations

import pytest

ALIKE = "test_one_worker_and_many_end_alike_in_the_synchronous_case"
RESUMED = "test_resumed_equals_uninterrupted_from_every_event_and_when_asked_twice"
SURVIVES = "test_survives_failed_nan_late_and_repeated_reports"
WRONG = {
    "TestDrawsGlobally": "test_no_global_random_state",
    "TestDrawsFromLegacyNumpy": "test_no_global_random_state",
    "TestUnseeded": "test_same_seed_same_answers",
    "TestIgnoresTheSeed": "test_another_seed_gives_other_answers",
    "TestReadsTheClock": "test_no_clock_read",
    "TestForgetsItsRung": RESUMED,
    "TestForgetsItsGenerator": RESUMED,
    "TestKeepsAnObject": "test_state_survives_json_and_arrays",
    "TestKeysByNumber": "test_state_survives_json_and_arrays",
    "TestChangesTheReport": "test_inputs_unchanged",
    "TestReplaysDifferently": "test_replay_reproduces_decisions",
    "TestTakesTimeIntoAccount": "test_the_journal_folds_to_the_table_and_replays",
    "TestResumesWhatRuns": "test_never_two_starts_of_one_trial",
    "TestStartsTooMany": "test_answers_hold_at_least_one_start_and_no_more_than_asked",
    "TestWaitsForNothing": "test_waits_only_while_something_runs",
    "TestChangesItsMind": "test_exhausted_stays_exhausted",
    "TestActsOnEndedTrials": "test_never_acts_on_an_ended_trial",
    "TestFailsOnNaN": SURVIVES,
    "TestGivesUpAfterAFailure": SURVIVES,
    "TestHoldsAView": "test_holds_no_view_across_a_growth_of_the_table",
    "TestStartsOffTheGrid": "test_starts_lie_in_the_space",
    "TestInventsTags": "test_tags_are_numbers_of_declared_columns",
    "TestSkipsStartPoints": "test_serves_start_points_first",
    "TestStopsTwice": "test_one_worker_and_many",
    "TestDependsOnTheWorkers": ALIKE,
    "TestRefusesNothing": "test_declared_capabilities_work_others_are_refused",
    "TestLosesOptions": "test_options_round_trip",
    "TestLosesDocumentedOptions": "test_every_documented_option_exists",
}

RIGHT = ("TestRight", f"TestRunsAll::{ALIKE}")


@pytest.fixture
def found(outcomes):
    return outcomes("wrong_schedulers.py", WRONG, RIGHT)


@pytest.mark.parametrize(("scheduler", "check"), WRONG.items(), ids=WRONG)
def test_fails_a_wrong_scheduler(found, scheduler, check):
    assert check in found.failed[scheduler]


def test_passes_a_right_scheduler(found):
    assert found.failed["TestRight"] == {}
    assert len(found.passed["TestRight"]) > 25


def test_passes_a_synchronous_scheduler(found):
    assert found.passed["TestRunsAll"] == {ALIKE}


@pytest.mark.parametrize(
    ("scheduler", "words"),
    [
        ("TestDrawsGlobally", "a component draws from its own generator"),
        ("TestReadsTheClock", "wrong_schedulers called time.perf_counter"),
        ("TestForgetsItsRung", "after a resumption at call"),
        ("TestKeepsAnObject", "state['problem'] is Problem("),
        ("TestChangesTheReport", "on_report[0][0].y[0] is "),
        ("TestSkipsStartPoints", "AssertionError: assert {"),
    ],
)
def test_says_what_is_wrong(found, scheduler, words):
    assert words in found.failed[scheduler][WRONG[scheduler]]
