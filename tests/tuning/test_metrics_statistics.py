from __future__ import annotations

import math

import pytest

from synecore.tuning.status import MetricsStatistics


def test_minimum_maximum_and_sum_follow_the_numbers():
    statistics = MetricsStatistics()
    for value in (2, -1.5, 4.0):
        statistics.add({"loss": value})
    assert statistics.count == 3
    assert statistics.min_metrics == {"loss": -1.5}
    assert statistics.max_metrics == {"loss": 4.0}
    assert statistics.sum_metrics == {"loss": 4.5}


@pytest.mark.parametrize("odd", [None, "n/a", [1, 2], {"a": 1}, math.nan])
def test_passes_over_what_is_no_number_in_a_numeric_metric(odd):
    statistics = MetricsStatistics()
    for value in (1.0, odd, 3.0):
        statistics.add({"loss": value})
    assert statistics.count == 3
    assert (statistics.min_metrics["loss"], statistics.max_metrics["loss"]) == (1.0, 3.0)
    assert statistics.sum_metrics["loss"] == 4.0


@pytest.mark.parametrize("first", [None, "n/a", True])
def test_the_first_value_says_whether_a_metric_is_numeric(first):
    statistics = MetricsStatistics()
    statistics.add({"note": first})
    statistics.add({"note": 2.0})
    assert statistics.min_metrics == {}
