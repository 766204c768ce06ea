from __future__ import annotations

import pytest

from synecore import make_searcher
from synecore.testing import SearcherSuite
from synecore.testing.plugin import check_distribution


class TestExample(SearcherSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_searcher("example", problem, seed=seed)


def test_the_distribution_keeps_to_the_rules():
    assert check_distribution("synecore-example") == []
