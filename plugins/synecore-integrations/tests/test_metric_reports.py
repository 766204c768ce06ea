from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from synecore.errors import OptionError
from synecore_integrations.metric_reports import MetricNames, MetricReports

FOUND = {"val_loss": 0.5, "val_acc": 0.8}


def reporter(metrics: MetricNames = None, resource_attr: str = "epoch") -> MetricReports:
    return MetricReports(metrics, resource_attr, "what the framework logged")


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        (None, {"val_loss": 0.5, "val_acc": 0.8}),
        ("val_acc", {"val_acc": 0.8}),
        (["val_loss"], {"val_loss": 0.5}),
        ({"val_loss": "loss", "val_acc": "accuracy"}, {"loss": 0.5, "accuracy": 0.8}),
    ],
)
def test_the_wanted_metrics_are_reported_under_their_names(
    metrics: MetricNames, expected: dict[str, float], reports: Callable[[], Any]
) -> None:
    reporter(metrics)(FOUND, 3)
    assert reports() == [{**expected, "epoch": 3}]


def test_the_resource_has_the_name_it_is_given(reports: Callable[[], Any]) -> None:
    reporter(resource_attr="round")(FOUND, 7)
    assert reports() == [{**FOUND, "round": 7}]


def test_a_metric_called_like_the_resource_gives_way_to_it(reports: Callable[[], Any]) -> None:
    reporter()({"loss": 0.1, "epoch": 1.99}, 2)
    assert reports() == [{"loss": 0.1, "epoch": 2}]


def test_what_is_not_a_number_passes(reports: Callable[[], Any]) -> None:
    reporter()({"loss": float("nan"), "other": float("-inf")}, 1)
    (row,) = reports()
    assert math.isnan(row["loss"])
    assert row["other"] == -math.inf


def test_a_metric_that_was_not_found_is_named_beside_those_that_were() -> None:
    with pytest.raises(OptionError) as error:
        reporter({"val_los": "loss"})(FOUND, 2)
    assert str(error.value) == (
        "metrics: what the framework logged at epoch 2 has no 'val_los'; did you mean 'val_loss'?; "
        "it has val_acc, val_loss"
    )


def test_nothing_to_report_is_an_error() -> None:
    with pytest.raises(OptionError, match="no metric to report: what the framework logged at epo"):
        reporter()({"epoch": 1.0}, 1)


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ([], "an empty collection, which would report nothing"),
        ({"a": "x", "b": "x"}, "'x' would stand twice in a report"),
        ({"a": "epoch"}, "'epoch' would stand twice in a report"),
        (["a", "epoch"], "'epoch' would stand twice in a report"),
    ],
)
def test_impossible_names_are_refused_at_once(metrics: MetricNames, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        reporter(metrics)
