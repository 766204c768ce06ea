"""Promotion, with and without brackets, against the scheduler suite.

The stopping type goes through it in tests/conformance, as every default does.
"""

from __future__ import annotations

import pytest

from synecore.plugins.make import make_scheduler
from synecore.testing import SchedulerSuite


class TestPromotion(SchedulerSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_scheduler(
            "asha", problem, random_seed=seed, type="promotion"
        )


@pytest.mark.slow
class TestPromotionWithFewCheckpoints(SchedulerSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_scheduler(
            "asha", problem, random_seed=seed, type="promotion",
            early_checkpoint_removal_kwargs={"max_num_checkpoints": 8, "max_wallclock_time": 60},
        )  # fmt: skip


class TestPromotionInBrackets(SchedulerSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_scheduler(
            "asha", problem, random_seed=seed, type="promotion", brackets=2,
            rung_system_per_bracket=True,
        )  # fmt: skip
