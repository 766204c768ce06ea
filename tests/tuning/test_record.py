from __future__ import annotations

import numpy as np
import pytest

from synecore.actions import (
    Amended,
    Asked,
    Decided,
    Ended,
    Reported,
    ReportedBlock,
    Resumed,
    Retried,
    Started,
    Status,
)
from synecore.tuning.record import Record, last_drops

START = Started(at=1.0, trial=0, config={}, until=9.0, milestone=9.0)
RESUME = Resumed(at=2.0, trial=0, until=9.0, milestone=9.0)
RETRY = Retried(at=3.0, trial=0, attempt=1, error="crash")
REPORT = Reported(at=4.0, trial=0, metrics={"loss": 1.0})
BLOCK = ReportedBlock(trial=0, at=np.array([4.0]), metrics={"loss": [1.0]})
END = Ended(at=5.0, trial=0, exit="ok", status=Status.COMPLETED)
AMENDED = Amended(at=6.0, problem={"start_points": []})


def record_of(*events):
    record = Record()
    record.add(events)
    return record


def asked(reply):
    return Asked(at=0.0, n=1, reply=reply)


def test_every_event_is_counted():
    events = [asked(""), START, RESUME, RETRY, REPORT, BLOCK, END, AMENDED]
    assert record_of(*events).n_events == len(events)


@pytest.mark.parametrize(
    ("last", "began"), [(START, (1.0, False)), (RESUME, (2.0, True)), (RETRY, (3.0, True))]
)
def test_it_knows_since_when_a_trial_runs_and_whether_it_went_on(last, began):
    assert record_of(START, last, REPORT).began == {0: began}


@pytest.mark.parametrize("news", [REPORT, BLOCK, END, RETRY, AMENDED])
def test_a_scheduler_that_waited_is_asked_again_after_news(news):
    assert record_of(START, asked("wait")).waits
    assert not record_of(START, asked("wait"), news).waits


def test_its_own_decisions_are_no_news_and_those_of_the_user_are():
    own = Decided(at=5.0, trial=0, action="stop")
    assert record_of(asked("wait"), own).waits
    assert not record_of(asked("wait"), Decided(at=5.0, trial=0, action="stop", by="user")).waits


def test_a_space_that_is_used_up_stays_so_until_it_is_amended():
    assert record_of(START, asked("exhausted"), REPORT, END).exhausted
    assert not record_of(START, asked("exhausted"), AMENDED).exhausted
    assert not record_of(asked("wait")).exhausted


# ---- commands that may not have reached the backend -------------------------------------------


def drop(trial):
    return Decided(at=5.0, trial=trial, action="drop_checkpoint")


@pytest.mark.parametrize("news", [REPORT, BLOCK, END])
def test_checkpoints_dropped_in_the_last_append_may_still_be_there(news):
    assert last_drops([drop(1), news, drop(2), asked(""), START]) == [2, 1]
    assert last_drops([drop(1), asked(""), news, drop(2)]) == [2]
    assert last_drops([drop(1), asked("wait"), news, asked("wait")]) == []
    assert last_drops([]) == []
