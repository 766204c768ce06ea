from __future__ import annotations

import math
from datetime import datetime, timedelta

import attrs
import pytest

from synecore import Trial
from synecore.actions import Status

CREATED = datetime(2024, 1, 1)
TRIAL = Trial(3, {"x": 0.5}, CREATED)


def test_a_trial_runs_to_its_end_and_from_scratch_unless_it_says_otherwise():
    assert (TRIAL.until, TRIAL.resumes, TRIAL.checkpoint_of) == (math.inf, False, None)


def test_a_trial_cannot_be_changed():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        TRIAL.trial_id = 4


@pytest.mark.parametrize(
    ("metrics", "end", "seconds"),
    [
        ({"st_worker_time": 4.0}, 9, 4.0),  # as the worker says
        ({"loss": 1.0}, 9, 9.0),  # from creation to end
        ({"loss": 1.0}, None, math.nan),  # it runs still
    ],
)
def test_seconds_of_a_result(metrics, end, seconds):
    end = None if end is None else CREATED + timedelta(seconds=end)
    result = TRIAL.add_results(metrics, Status.COMPLETED, end)
    assert result.seconds == pytest.approx(seconds, nan_ok=True)


def test_cost_of_a_result():
    assert TRIAL.add_results({"st_worker_cost": 0.25}, Status.COMPLETED).cost == 0.25
    assert TRIAL.add_results({}, Status.COMPLETED).cost is None
