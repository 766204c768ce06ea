from __future__ import annotations

from typing import Any

import pytest

from synecore_analysis.progress import Progress, progress_of


@pytest.mark.parametrize(
    ("limits", "share", "text"),
    [
        ({"max_wallclock_time": 60}, 0.1, "0:06 of 1:00"),
        ({"max_wallclock_time": 3}, 1.0, "0:03 of 0:03"),
        ({"max_num_evaluations": 12}, 0.5, "6 of 12 reports"),
        ({"max_num_trials_started": 4}, 0.75, "3 of 4 trials started"),
        ({"max_num_trials_completed": 2}, 0.5, "1 of 2 trials completed"),
        ({"max_num_trials_finished": 8}, 0.25, "2 of 8 trials finished"),
        ({"max_wallclock_time": 60, "max_num_evaluations": 8}, 0.75, "6 of 8 reports"),
    ],
)
def test_the_limit_that_is_nearest_counts(asha: Any, limits: Any, share: float, text: str) -> None:
    assert progress_of(asha.status(), limits) == Progress(pytest.approx(share), text)


@pytest.mark.parametrize("limits", [None, {}, {"min_metric_value": {"loss": 0.1}}])
def test_what_cannot_be_measured_shows_no_progress(asha: Any, limits: Any) -> None:
    assert progress_of(asha.status(), limits) is None


def test_cost_is_progress_too(journal: Any) -> None:
    run = journal(cost_attr="cost")
    run.report(run.start(), 1, 0.5, cost=2.5)
    assert progress_of(run.status(), {"max_cost": 10}) == Progress(0.25, "2.5 of 10 cost")
