"""Every framework in a trial: what it reports is what it kept, and a paused one goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.heavy
FRAMEWORKS = ["lightning", "huggingface", "keras", "xgboost", "lightgbm"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_paused_trial_goes_on_and_reports_what_the_framework_kept(
    framework: str,
    run_alone: Callable[..., Any],
    run_paused: Callable[..., Any],
    assert_went_on: Callable[..., None],
) -> None:
    script = f"train_{framework}.py"
    reported, history = run_alone(script, epochs=5)
    assert len(history) == 5
    assert reported == [pytest.approx(row, rel=1e-6) for row in history]
    assert_went_on(run_paused(script, epochs=5, pause_at=3), history)
