from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from synecore.errors import OptionError
from synecore_analysis.metric import Metric, counted_values, metrics_of, numeric, pick_metric

TWO = {"metric_names": ["loss", "accuracy"], "metric_mode": ["min", "max"]}


def test_picks_by_index_and_by_name() -> None:
    assert pick_metric(TWO, 0) == Metric("loss", "min")
    assert pick_metric(TWO, "accuracy") == Metric("accuracy", "max")


def test_one_mode_stands_for_all_metrics() -> None:
    assert [m.mode for m in metrics_of({"metric_names": ["a", "b"], "metric_mode": "max"})] == [
        "max",
        "max",
    ]
    assert metrics_of({}) == []


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            "acuracy",
            "metric: 'acuracy' is no objective of the experiment; did you mean 'accuracy'?; "
            "its objectives are loss, accuracy",
        ),
        (
            2,
            "metric: 2 is out of range; the experiment's objectives, counted from 0, are loss, "
            "accuracy",
        ),
        (
            -1,
            "metric: -1 is out of range; the experiment's objectives, counted from 0, are loss, "
            "accuracy",
        ),
    ],
)
def test_says_which_metrics_there_are(asked: Any, message: str) -> None:
    with pytest.raises(OptionError) as raised:
        pick_metric(TWO, asked)
    assert str(raised.value) == message


def test_a_metric_says_which_way_is_better() -> None:
    assert Metric("loss", "min").direction == "lower is better"
    assert Metric("accuracy", "max").direction == "higher is better"


def test_late_infinite_missing_and_textual_values_do_not_count() -> None:
    frame = pd.DataFrame(
        {
            "loss": [1.0, 2.0, math.inf, math.nan, "broken"],
            "status": ["InProgress", "Stopping", "InProgress", "InProgress", "InProgress"],
        }
    )
    assert counted_values(frame, TWO, Metric("loss")).to_dict() == {0: 1.0}


def test_infeasible_values_do_not_count() -> None:
    frame = pd.DataFrame({"loss": [1.0, 2.0, 3.0], "ms": [9, 5, 1], "f1": [0.9, 0.9, math.nan]})
    constraints = [
        {"name": "ms", "bound": 5.0, "at_least": False},
        {"name": "f1", "bound": 0.5, "at_least": True},
    ]
    metadata = {**TWO, "problem": {"constraints": constraints}}
    assert counted_values(frame, metadata, Metric("loss")).to_dict() == {1: 2.0}


def test_a_column_that_is_not_there_is_empty() -> None:
    assert numeric(pd.DataFrame({"a": [1, 2]}), "b").isna().all()
