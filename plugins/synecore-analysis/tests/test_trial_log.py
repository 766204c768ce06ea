from __future__ import annotations

import math
from typing import Any

from synecore.actions import Decided, Retried, Status
from synecore_analysis.trial_log import TrialLog


def log_of(events: Any) -> TrialLog:
    log = TrialLog()
    assert list(log.watch(events)) == list(events)
    return log


def test_notes_how_each_trial_stands(asha: Any) -> None:
    log = log_of(asha.events)
    assert [row["status"] for row in log.rows] == ["Stopped", "Completed", "Paused"]
    assert [row["reports"] for row in log.rows] == [1, 4, 1]
    assert [row["ended"] for row in log.rows] == [1.0, 6.0, 3.0]
    assert log.rows[1]["config_lr"] == 0.01
    assert log.last == 6.0


def test_a_resumed_trial_is_in_progress_again(asha: Any) -> None:
    asha.resume(2)
    row = log_of(asha.events).rows[2]
    assert row["status"] == "InProgress"
    assert math.isnan(row["ended"])


def test_a_paused_trial_that_is_stopped_is_stopped_at_once(asha: Any) -> None:
    asha.events.append(Decided(at=7.0, trial=2, action="stop", by="user"))
    assert log_of(asha.events).rows[2]["status"] == "Stopped"


def test_a_stop_of_a_running_trial_counts_when_its_end_is_seen(journal: Any) -> None:
    run = journal()
    run.start()
    run.events.append(Decided(at=1.0, trial=0, action="stop"))
    assert log_of(run.events).rows[0]["status"] == "InProgress"


def test_retries_and_errors_are_kept(journal: Any) -> None:
    run = journal()
    run.start()
    run.events.append(Retried(at=1.0, trial=0, attempt=1, error="lost"))
    run.end(0, Status.FAILED, error="Traceback\nValueError: no")
    row = log_of(run.events).rows[0]
    assert (row["attempts"], row["status"]) == (2, "Failed")
    assert row["error"].endswith("ValueError: no")
