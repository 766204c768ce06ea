from __future__ import annotations

import math

import numpy as np
import pytest

from synecore.metrics import MetricReader
from synecore.problem import Problem
from synecore.space import uniform

SPACE = {"x": uniform(0, 1)}


def reader(**words):
    return MetricReader(Problem.create(SPACE, **{"metric": "loss", **words}))


def test_a_minimised_metric_stays_and_a_maximised_one_changes_its_sign():
    read = reader(metric=["loss", "accuracy"], mode=["min", "max"]).read
    assert read({"loss": 0.5, "accuracy": 0.75}, 1).y.tolist() == [0.5, -0.75]


def test_the_resource_is_the_named_metric():
    assert reader(resource_attr="epoch", max_t=9).read({"loss": 1.0, "epoch": 4}, 1).resource == 4.0


def test_the_resource_is_the_number_of_reports_where_none_is_named():
    assert reader().read({"loss": 1.0, "epoch": 4}, 7).resource == 7.0


def test_constraints_are_feasible_at_zero_or_below():
    read = reader(constraints=["latency <= 5", "accuracy >= 0.9"]).read
    measured = read({"loss": 1.0, "latency": 7.0, "accuracy": 0.95}, 1)
    assert measured.c.tolist() == pytest.approx([2.0, -0.05])


def test_a_constraint_that_is_not_a_number_is_violated():
    measured = reader(constraints=["latency <= 5"]).read({"loss": 1.0, "latency": math.nan}, 1)
    assert measured.c.tolist() == [math.inf]


def test_cost_is_read_where_the_problem_names_it():
    assert reader(cost_attr="seconds").read({"loss": 1.0, "seconds": 3}, 1).cost == 3.0
    assert math.isnan(reader().read({"loss": 1.0, "seconds": 3}, 1).cost)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_read_and_said_so(value):
    measured = reader().read({"loss": value}, 1)
    assert not measured.finite
    assert measured.y[0] == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize("value", [1, 1.0, np.float32(1), np.int64(1)])
def test_every_kind_of_number_is_a_number(value):
    measured = reader().read({"loss": value}, 1)
    assert measured.y.tolist() == [1.0]
    assert measured.finite


# ---- reports that fail their trial: exact words ---------------------------------------


def test_a_missing_metric_is_named_with_the_report():
    assert reader().read({"epoch": 1, "los": 0.5}, 1) == (
        "metric 'loss' is not in the report; did you mean 'los'?; "
        "the report was {'epoch': 1, 'los': 0.5}"
    )


@pytest.mark.parametrize(
    ("value", "shown"), [("nan", "'nan'"), (None, "None"), (True, "True"), ([1.0], "[1.0]")]
)
def test_a_metric_that_is_no_number_is_shown(value, shown):
    assert reader().read({"loss": value}, 1) == (
        f"metric 'loss' must be a number, got {shown}; the report was {{'loss': {shown}}}"
    )


def test_a_missing_cost_and_a_missing_constraint_are_named():
    assert (
        reader(cost_attr="seconds")
        .read({"loss": 1.0}, 1)
        .startswith("metric 'seconds' is not in the report")
    )
    assert (
        reader(constraints={"latency": 5})
        .read({"loss": 1.0}, 1)
        .startswith("metric 'latency' is not in the report")
    )


@pytest.mark.parametrize("value", [0, -1, 1.5, math.nan, math.inf])
def test_a_resource_counts_up_from_one(value):
    said = reader(resource_attr="epoch", max_t=9).read({"loss": 1.0, "epoch": value}, 1)
    assert said.startswith(
        f"resource 'epoch' must be a positive integer that counts up from 1, got {value!r}; "
    )


def test_a_missing_resource_is_named():
    said = reader(resource_attr="epoch", max_t=9).read({"loss": 1.0, "step": 1}, 1)
    assert said == ("metric 'epoch' is not in the report; the report was {'loss': 1.0, 'step': 1}")


def test_long_reports_are_shown_in_part():
    said = reader().read({"text": "x" * 1000}, 1)
    assert len(said) < 400


def test_an_integer_that_no_float_can_hold_is_refused():
    refusal = reader().read({"loss": 10**400}, 1)
    assert refusal.startswith("metric 'loss' must be a number, got 1000")
