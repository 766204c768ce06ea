"""Sobol' search: evenness, scrambling, exact state, constraints."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import qmc

from synecore.actions import Started
from synecore.errors import SpaceError
from synecore.plugins.make import make_searcher
from synecore.problem import Problem
from synecore.space import choice, loguniform, randint, subject_to, uniform
from synecore.trials import TrialTable

CUBE = {"x": uniform(0.0, 1.0), "y": loguniform(1e-4, 1.0)}


def points_of(space, n, seed=0, **options):
    problem = Problem.create(space, metric="loss", points_to_evaluate=[])
    searcher = make_searcher("sobol", problem, seed=seed, **options)
    return np.array([p.x for p in searcher.propose(n, TrialTable(problem))])


def test_is_the_sequence_of_scipy_without_scrambling():
    expected = qmc.Sobol(2, scramble=False).random(128)

    assert np.allclose(points_of(CUBE, 127, scramble=False, skip=1), expected[1:], atol=1e-9)


def test_fills_every_cell_of_an_even_grid_once():
    """A (t, m, 2)-net with t = 0: 256 points have one in each of 16 x 16 cells."""
    cells = np.floor(points_of(CUBE, 256) * 16).astype(int)

    assert len({tuple(cell) for cell in cells}) == 256


def test_the_seed_scrambles():
    first, second = points_of(CUBE, 8, seed=1), points_of(CUBE, 8, seed=2)

    assert not np.allclose(first, second)
    assert np.array_equal(first, points_of(CUBE, 8, seed=1))
    plain = [points_of(CUBE, 8, seed=seed, scramble=False) for seed in (1, 2)]
    assert np.array_equal(*plain)


def test_categories_and_integers_are_as_frequent_as_each_other():
    X = points_of({"a": choice(["x", "y"]), "n": randint(1, 4), "u": uniform(0.0, 1.0)}, 256)

    assert np.bincount(X[:, 0].astype(int)).tolist() == [128, 128]
    assert np.unique(X[:, 1], return_counts=True)[1].tolist() == [64] * 4


def test_priors_shape_the_points():
    X = points_of({"a": choice(["x", "y"]).prior(weights=[3, 1]), "u": uniform(0.0, 1.0)}, 256)

    assert np.bincount(X[:, 0].astype(int)).tolist() == [192, 64]


def test_points_that_break_a_constraint_are_passed_over():
    space = subject_to({"a": uniform(0.0, 1.0), "b": uniform(0.0, 1.0)}, "a < b")
    X = points_of(space, 200)

    assert len(X) == 200
    assert (X[:, 0] < X[:, 1]).all()


def test_constraints_that_hardly_hold_are_an_error(monkeypatch):
    monkeypatch.setattr("synecore_basic.sobol_searcher.PATIENCE", 3)
    space = subject_to({"a": uniform(0.0, 1.0), "b": uniform(0.0, 1.0)}, "a + 1e-9 > 1.0")
    with pytest.raises(SpaceError, match="none of 192 points satisfies the constraints"):
        points_of(space, 1)


def test_a_restored_searcher_goes_on_bit_for_bit():
    problem = Problem.create(CUBE, metric="loss", points_to_evaluate=[])
    table = TrialTable(problem)
    for n in (0, 1, 63, 64, 65, 130):
        searcher = make_searcher("sobol", problem, seed=3)
        if n:
            searcher.propose(n, table)
        other = make_searcher("sobol", problem, seed=3)
        other.load_state_dict(searcher.state_dict())

        expected = [p.x.tolist() for p in searcher.propose(70, table)]
        assert [p.x.tolist() for p in other.propose(70, table)] == expected


def test_a_small_space_is_used_up_exactly_once():
    problem = Problem.create(
        {"a": choice(["x", "y"]), "n": randint(1, 30)}, metric="loss", points_to_evaluate=[]
    )
    searcher, table = make_searcher("sobol", problem, seed=0), TrialTable(problem)
    while proposals := searcher.propose(1, table):
        x = proposals[0].x
        config = problem.space.decode(x[None])[0]
        table.apply(
            Started(at=0.0, trial=table.n_trials, config=config, until=math.inf, milestone=math.inf)
        )

    assert len({row.tobytes() for row in table.trial("x")}) == table.n_trials == 60
