"""Every component of synecore-basic against the suite of its kind."""

from __future__ import annotations

import pytest

from synecore.plugins.make import make_scheduler, make_searcher
from synecore.testing import SchedulerSuite, SearcherSuite


class TestRandom(SearcherSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_searcher("random", problem, seed=seed)


class TestRandomWithRepeats(SearcherSuite):
    repeats = True

    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_searcher(
            "random", problem, seed=seed, allow_duplicates=True
        )


class TestGrid(SearcherSuite):
    random = True

    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_searcher("grid", problem, seed=seed)


class TestSobol(SearcherSuite):
    random = True

    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_searcher("sobol", problem, seed=seed)


class TestFIFO(SchedulerSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_scheduler("fifo", problem, random_seed=seed)


class TestMedianStopping(SchedulerSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_scheduler(
            "median-stopping", problem, random_seed=seed, grace_population=2
        )


class TestScalarize(SchedulerSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_scheduler("scalarize", problem, random_seed=seed)
