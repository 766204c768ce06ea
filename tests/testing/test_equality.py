"""`difference` finds the first difference and says where it is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from synecore.actions import Reported, Start, Started
from synecore.testing import difference
from synecore.testing.problems import branin
from synecore.trials import TrialTable


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (math.nan, math.nan),
        ([1, 2.0], (1.0, 2)),
        ({"a": [np.array([1.0, math.nan])]}, {"a": [np.array([1.0, math.nan])]}),
        (Start(np.array([0.5])), Start(np.array([0.5]))),
        (np.random.default_rng(0), np.random.default_rng(1)),
        (np.zeros((0, 2)), np.zeros((0, 2))),
    ],
)
def test_equal(a, b):
    assert difference(a, b) == ""


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        (1.0, 1.0 + 2**-52, "it is 1.0000000000000002, not 1.0"),
        ("a", "b", "it is 'b', not 'a'"),
        ({"a": 1}, {"b": 1}, "it has the keys ['b'], not ['a']"),
        ([1, 2], [1], "it has 1 items, not 2"),
        ([{"x": [1]}], [{"x": [2]}], "it[0]['x'][0] is 2, not 1"),
        (np.zeros(2), np.zeros(3), "it has the shape (3,), not (2,)"),
        (np.zeros(2), np.array([0.0, 1.0]), "it[1] is np.float64(1.0), not np.float64(0.0)"),
        (Start(np.zeros(1)), Start(np.zeros(1), parent=3), "it.parent is 3, not -1"),
        (True, "True", "it is 'True', not True"),
        (None, 0, "it is 0, not None"),
    ],
)
def test_different(a, b, text):
    assert difference(a, b) == text


def test_tables_are_compared_column_by_column():
    one, other = TrialTable(branin().problem), TrialTable(branin().problem)
    config = {"x": 1.0, "y": 2.0}
    for table in (one, other):
        table.apply(Started(at=0.0, trial=0, config=config, until=math.inf, milestone=math.inf))
    assert difference(one, other) == ""
    other.apply(Reported(at=1.0, trial=0, metrics={"loss": 3.0}))
    assert "trial.status" in difference(one, other, "table")
