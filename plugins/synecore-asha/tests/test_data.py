"""Which rows a model learns from and what it expects, against a walk through the events."""

from __future__ import annotations

import numpy as np
import pytest

from synecore.actions import Decided, Ended, Reported, Started, Status
from synecore.problem import Problem
from synecore.space import uniform
from synecore.trials import TrialTable
from synecore_asha.data import pending_for, rows_for

PROBLEM = Problem.create({"x": uniform(0.0, 1.0)}, metric="loss", resource_attr="epoch", max_t=9)


@pytest.fixture
def table():
    """Trial 0 stands at 5 on its way to 9, trial 1 at 2, trial 2 was stopped at 1, 3 is queued."""
    table = TrialTable(PROBLEM)
    for trial in range(4):
        config = {"x": trial / 10}
        table.apply(Started(at=0.0, trial=trial, config=config, until=9.0, milestone=1.0))
    for trial, resource, loss in [
        (0, 1, 0.5), (1, 1, 0.6), (2, 1, 0.9), (0, 2, 0.4), (0, 3, float("nan")), (1, 2, 0.5),
        (0, 4, 0.3), (0, 5, 0.2),
    ]:  # fmt: skip
        table.apply(Reported(at=0.0, trial=trial, metrics={"epoch": resource, "loss": loss}))
        if resource in (1, 3):
            milestone = {1: 3.0, 3: 9.0}[resource]
            table.apply(Decided(at=0.0, trial=trial, action="update", milestone=milestone))
    table.apply(Decided(at=0.0, trial=2, action="stop"))
    table.apply(Reported(at=0.0, trial=2, metrics={"epoch": 2, "loss": 0.1}))  # late
    table.apply(Ended(at=0.0, trial=2, exit="killed", status=Status.STOPPED))
    return table


def pairs(table, rows):
    trials, resources = table.obs("trial")[rows], table.obs("resource")[rows]
    return list(zip(trials.tolist(), resources.astype(int).tolist(), strict=True))


def test_rungs_are_the_rows_at_milestones(table):
    assert pairs(table, rows_for("rungs", table)) == [(0, 1), (1, 1), (2, 1)]


def test_all_are_all_rows_but_late_and_diverged_ones(table):
    expected = [(0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (0, 4), (0, 5)]
    assert pairs(table, rows_for("all", table)) == expected


def test_rungs_and_last_adds_the_latest_of_each_trial(table):
    expected = [(0, 1), (1, 1), (2, 1), (1, 2), (0, 5)]
    assert pairs(table, rows_for("rungs_and_last", table)) == expected


def test_an_empty_table_has_no_rows():
    for which in ("rungs", "all", "rungs_and_last"):
        assert len(rows_for(which, TrialTable(PROBLEM))) == 0


def test_of_rungs_the_milestones_are_pending(table):
    trials, resources = pending_for("rungs", table)

    assert (trials.tolist(), resources.tolist()) == ([0, 1, 3], [9.0, 3.0, 1.0])


def test_of_all_data_every_level_up_to_the_milestone_is_pending(table):
    trials, resources = pending_for("all", table)

    assert trials.tolist() == [0, 0, 0, 0, 1, 3]
    assert resources.tolist() == [6.0, 7.0, 8.0, 9.0, 3.0, 1.0]


def test_myopically_only_the_next_report_is_pending(table):
    trials, resources = pending_for("rungs_and_last", table, myopic=True)

    assert trials.tolist() == [0, 1, 3]
    assert resources.tolist() == [6.0, 3.0, 1.0]
    assert pending_for("rungs", table, myopic=True)[1].tolist() == [9.0, 3.0, 1.0]


def test_nothing_is_pending_in_an_empty_table():
    for which in ("rungs", "all"):
        trials, resources = pending_for(which, TrialTable(PROBLEM))
        assert (len(trials), len(resources)) == (0, 0)
        assert resources.dtype == np.float64
