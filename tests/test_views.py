"""The derived table: other objectives, everything else as it is."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest

from synecore.actions import Ended, Reported, Started, Status
from synecore.errors import SynecoreError
from synecore.problem import Objective, Problem
from synecore.space import uniform
from synecore.trials import TrialTable
from synecore.views import DerivedTrials

OUTER = Problem.create({"x": uniform(0.0, 1.0)}, metric=["a", "b"], resource_attr="epoch", max_t=9)
INNER = attrs.evolve(OUTER, objectives=(Objective(name="sum"),))


def add(y):
    return y.sum(axis=1, keepdims=True)


def start(table):
    config = {"x": (table.n_trials + 1) / 1000}
    table.apply(Started(at=0.0, trial=table.n_trials, config=config, until=9.0, milestone=1.0))


def report(table, trial, epoch, a, b):
    table.apply(Reported(at=0.0, trial=trial, metrics={"epoch": epoch, "a": a, "b": b}))


def test_holds_the_mapped_objectives_of_every_row():
    table = TrialTable(OUTER)
    view = DerivedTrials(table, INNER, add)
    assert view.obs("y").shape == (0, 1)
    for trial in range(300):  # beyond several growths
        start(table)
        report(table, trial, 1, float(trial), 1.0)
        assert view.obs("y")[-1].tolist() == [trial + 1.0]

    assert np.array_equal(view.obs("y"), add(table.obs("y")))


def test_maps_each_row_once():
    seen = []
    table = TrialTable(OUTER)

    def noted(y):
        seen.append(len(y))
        return add(y)

    view = DerivedTrials(table, INNER, noted)
    start(table)
    for epoch in (1, 2, 3, 4):
        report(table, 0, epoch, 1.0, 1.0)
        if epoch != 2:
            view.obs("y")
            view.obs("y")

    assert seen == [1, 2, 1]


def test_is_read_only():
    table = TrialTable(OUTER)
    start(table)
    report(table, 0, 1, 1.0, 2.0)
    view = DerivedTrials(table, INNER, add)

    with pytest.raises(ValueError, match="read-only"):
        view.obs("y")[0, 0] = 7.0
    report(table, 0, 2, 1.0, 2.0)
    assert view.obs("y").tolist() == [[3.0], [3.0]]


def test_rows_given_out_earlier_keep_their_values():
    table = TrialTable(OUTER)
    start(table)
    report(table, 0, 1, 1.0, 2.0)
    view = DerivedTrials(table, INNER, add)
    early = view.obs("y")
    for epoch in range(2, 10):
        report(table, 0, epoch, 5.0, 5.0)
    view.obs("y")

    assert early.tolist() == [[3.0]]


def test_everything_else_is_the_tables():
    table = TrialTable(attrs.evolve(OUTER, start_points=({"x": 0.5},)), {"bracket": "i4"})
    view = DerivedTrials(table, INNER, add)
    start(table)
    report(table, 0, 1, math.nan, 2.0)
    start(table)
    table.apply(Ended(at=1.0, trial=0, exit="ok", status=Status.PAUSED))

    assert (view.n_trials, view.n_obs) == (2, 1)
    assert view.start_points == [{"x": 0.5}]
    assert np.isnan(view.obs("y")).all()
    for column in ("x", "status", "milestone", "bracket"):
        assert np.array_equal(view.trial(column), table.trial(column))
    for column in ("trial", "resource", "cost", "at_milestone"):
        assert np.array_equal(view.obs(column), table.obs(column), equal_nan=column == "cost")
    assert [rows.tolist() for rows in view.pending()] == [[1], [1.0]]
    assert (
        view.seen(np.array([[0.001], [0.9]])).tolist()
        == table.seen(np.array([[0.001], [0.9]])).tolist()
    )


def test_a_map_of_another_shape_is_an_error():
    table = TrialTable(OUTER)
    start(table)
    report(table, 0, 1, 1.0, 2.0)
    view = DerivedTrials(table, INNER, lambda y: y)

    with pytest.raises(SynecoreError, match=r"1 objectives for each of 1 rows.*shape \(1, 2\)"):
        view.obs("y")
