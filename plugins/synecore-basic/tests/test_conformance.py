"""Options that change what a component does, against the suite of its kind.

Every component with its default options goes through it in tests/conformance.
"""

from __future__ import annotations

import pytest

from synecore.plugins.make import make_scheduler, make_searcher
from synecore.testing import SchedulerSuite, SearcherSuite


class TestRandomWithRepeats(SearcherSuite):
    repeats = True

    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_searcher(
            "random", problem, seed=seed, allow_duplicates=True
        )


class TestGridInOrder(SearcherSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_searcher("grid", problem, seed=seed, shuffle_config=False)


class TestMedianStoppingOfFew(SchedulerSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_scheduler(
            "median-stopping", problem, random_seed=seed, grace_population=2
        )
