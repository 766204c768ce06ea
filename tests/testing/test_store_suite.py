"""The store suite fails a store for what is wrong with it."""

from __future__ import annotations

import pytest

WRONG = {
    "TestLosesTheLastEvent": "test_what_was_appended_is_read",
    "TestRoundsNumbers": "test_what_was_appended_is_read",
    "TestForgetsWhenReopened": "test_a_reopened_store_goes_on",
    "TestIgnoresStart": "test_reads_from_a_number_on",
    "TestStoresHalfABatch": "test_a_batch_is_stored_whole_or_not_at_all",
    "TestLoadsTheFirstSnapshot": "test_the_newest_snapshot_is_loaded",
    "TestKeepsTheWritersSnapshot": "test_a_snapshot_is_not_the_writers_any_more",
    "TestTakesAnySnapshot": "test_what_cannot_be_stored_is_refused_by_its_place",
    "TestReadsOnlyWhatWasThereWhenOpened": "test_two_readers_see_all_that_was_written",
    "TestWritesABatchEventByEvent": "test_a_batch_is_stored_whole_or_not_at_all",
    "TestFailsOnATornLine": "test_a_torn_last_line_is_dropped_and_not_fatal",
    "TestWritesLate": "test_a_killed_writer_leaves_whole_batches",
}


RIGHT = ("TestRight", "TestFileRight")


@pytest.fixture
def found(outcomes):
    return outcomes("wrong_stores.py", WRONG, RIGHT)


@pytest.mark.parametrize(("store", "check"), WRONG.items(), ids=WRONG)
def test_fails_a_wrong_store(found, store, check):
    assert check in found.failed[store]


def test_passes_a_right_store(found):
    assert found.failed["TestRight"] == {}
    assert len(found.passed["TestRight"]) > 15
    assert all("snapshot" in check or "closed" in check for check in found.failed["TestFileRight"])


def test_says_what_differs(found):
    text = found.failed["TestRoundsNumbers"]["test_what_was_appended_is_read"]
    assert "events[1].at is 0.3, not 0.30000000000000004" in text
