"""Grid search: which values, in which order, and what becomes of constraints and conditions."""

from __future__ import annotations

import itertools
import logging
import math

import numpy as np
import pytest

from synecore.actions import Ended, Started, Status
from synecore.errors import OptionError
from synecore.plugins.make import make_searcher
from synecore.problem import Problem
from synecore.space import choice, finrange, loguniform, ordinal, randint, subject_to, uniform
from synecore.trials import TrialTable


def grid(space, n=1000, *, status=None, points=(), seed=0, at_once=1, **options):
    """Return the configurations that a grid searcher proposes, at most n."""
    problem = Problem.create(space, metric="loss", points_to_evaluate=list(points))
    searcher, table = make_searcher("grid", problem, seed=seed, **options), TrialTable(problem)
    while table.n_trials < n:
        proposals = searcher.propose(at_once, table)
        if not proposals:
            break
        for proposal in proposals:
            trial, config = table.n_trials, problem.space.decode(proposal.x[None])[0]
            table.apply(
                Started(at=0.0, trial=trial, config=config, until=math.inf, milestone=math.inf)
            )
            if status is not None:
                table.apply(Ended(at=0.0, trial=trial, exit="ok", status=status))
    return table.configs


def test_is_the_cartesian_product_with_the_last_parameter_fastest():
    space = {"a": choice(["x", "y"]), "n": randint(1, 3), "o": ordinal([2, 8])}

    found = grid(space, shuffle_config=False)

    expected = itertools.product(["x", "y"], [1, 2, 3], [2, 8])
    assert [tuple(config.values()) for config in found] == list(expected)


def test_numbers_get_the_middle_of_equal_parts_of_their_scale():
    space = {"u": uniform(0.0, 10.0), "lr": loguniform(1e-4, 1.0)}

    found = grid(space, shuffle_config=False, num_samples={"lr": 2})

    assert sorted({config["u"] for config in found}) == pytest.approx([1, 3, 5, 7, 9])
    assert sorted({config["lr"] for config in found}) == pytest.approx([1e-3, 1e-1])
    assert len(found) == 10


def test_an_integer_range_gets_five_values_or_all_if_there_are_fewer():
    assert {config["n"] for config in grid({"n": randint(1, 45)})} == {5, 14, 23, 32, 41}
    assert {config["n"] for config in grid({"n": randint(1, 4)})} == {1, 2, 3, 4}
    assert len(grid({"n": randint(1, 100)}, num_samples={"n": 20})) == 20
    assert len(grid({"n": randint(1, 10)}, num_samples={"n": 99})) == 10


def test_listed_values_are_all_used_whatever_num_samples_says(caplog):
    with caplog.at_level(logging.WARNING):
        found = grid({"f": finrange(0.0, 1.0, 11), "a": choice(["x", "y"])}, num_samples={"f": 2})

    assert len(found) == 22
    assert "'num_samples' has no effect on f: all listed values are used." in caplog.text


def test_shuffles_by_the_seed_and_leaves_nothing_out():
    space = {"n": randint(1, 5), "o": ordinal([1, 2, 3, 4])}
    orders = [[tuple(c.values()) for c in grid(space, seed=seed)] for seed in (1, 1, 2)]
    plain = [tuple(c.values()) for c in grid(space, shuffle_config=False)]

    assert orders[0] == orders[1]
    assert len({tuple(plain), tuple(orders[0]), tuple(orders[2])}) == 3
    assert all(sorted(order) == sorted(plain) for order in orders)


def test_a_start_point_on_the_grid_is_not_proposed_again():
    found = grid({"n": randint(1, 4)}, points=[{"n": 3}], shuffle_config=False)

    assert [config["n"] for config in found] == [3, 1, 2, 4]


def test_a_conditional_parameter_varies_only_where_it_counts():
    space = {
        "model": choice(["tree", "net"]),
        "depth": randint(1, 3).when(model="tree"),
        "n": randint(1, 2),
    }
    found = grid(space, shuffle_config=False)

    trees = [{"model": "tree", "depth": d, "n": n} for d in (1, 2, 3) for n in (1, 2)]
    assert found == [*trees, {"model": "net", "n": 1}, {"model": "net", "n": 2}]


def test_points_that_break_a_constraint_are_left_out():
    space = subject_to({"a": randint(1, 4), "b": randint(1, 4)}, "a < b")

    found = grid(space, shuffle_config=False)

    assert [(c["a"], c["b"]) for c in found] == list(itertools.combinations(range(1, 5), 2))


def test_begins_again_with_repeats_past_failed_trials():
    space = {"n": randint(1, 3)}
    values = [c["n"] for c in grid(space, 8, shuffle_config=False, allow_duplicates=True)]

    assert values == [1, 2, 3, 1, 2, 3, 1, 2]
    assert len(grid(space, 8, status=Status.FAILED, allow_duplicates=True)) == 3


def test_points_of_a_batch_differ():
    found = grid({"n": randint(1, 5)}, at_once=3)

    assert sorted(config["n"] for config in found) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("num_samples", "message"),
    [
        ({"m": 3}, "'num_samples' must name parameters: 'm'"),
        ({"n": 0}, "'num_samples'"),
        ({"n": "many"}, "'num_samples' must be a mapping or None: {'n': 'many'}"),
    ],
)
def test_a_wrong_number_of_samples_is_refused(num_samples, message):
    with pytest.raises(OptionError) as error:
        grid({"n": randint(1, 5)}, num_samples=num_samples)

    assert message in str(error.value)


def test_a_grid_without_measure_is_refused():
    space = {f"x{i}": uniform(0.0, 1.0) for i in range(11)}
    with pytest.raises(OptionError) as error:
        grid(space)

    assert str(error.value) == (
        "searcher 'grid': the grid has 48,828,125 points, allowed are 10,000,000. Lower "
        "'num_samples' of some parameters, or use searcher 'sobol' or 'random'."
    )


def test_levels_of_an_integer_on_a_log_scale_are_all_there():
    from synecore.space import lograndint

    found = grid({"n": lograndint(1, 200)}, num_samples={"n": 200})

    assert np.array_equal(sorted(config["n"] for config in found), np.arange(1, 201))
