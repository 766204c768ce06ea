"""Random search: distribution, repeats, failed trials, lists of configurations."""

from __future__ import annotations

import logging
import math

import numpy as np
import pytest
from scipy import stats

from synecore.actions import Ended, Started, Status
from synecore.errors import OptionError
from synecore.plugins.make import make_searcher
from synecore.problem import Problem
from synecore.sampling import RandomPoints
from synecore.seeds import sequence
from synecore.space import choice, loguniform, randint, subject_to, uniform
from synecore.trials import TrialTable

SMALL = {"a": choice(["x", "y", "z"]), "n": randint(1, 4), "epochs": 9}
WIDE = {"lr": loguniform(1e-4, 1.0), "n": randint(1, 4), "a": choice(["x", "y"])}


def problem_of(space, points=()):
    return Problem.create(space, metric="loss", points_to_evaluate=list(points))


def start(table, x, status=None):
    """Make x a trial, and end it so."""
    trial = table.n_trials
    config = table.problem.space.decode(x[None])[0]
    table.apply(Started(at=0.0, trial=trial, config=config, until=math.inf, milestone=math.inf), x)
    if status is not None:
        table.apply(Ended(at=1.0, trial=trial, exit="ok", status=status))


def run(searcher, table, n, status=None):
    """Propose one after the other; return the configurations without constants."""
    found = []
    for _ in range(n):
        proposals = searcher.propose(1, table)
        if not proposals:
            break
        start(table, proposals[0].x, status)
        found.append(table.configs[-1])
    return found


def test_draws_from_the_stream_that_all_methods_share():
    problem = problem_of(WIDE)
    searcher, table = make_searcher("random", problem, seed=5), TrialTable(problem)
    run(searcher, table, 20)

    shared = RandomPoints.of(problem.space, sequence(5)).take(20)
    assert table.trial("x").tolist() == shared.tolist()


def test_the_stream_does_not_depend_on_how_many_are_asked_at_once():
    problem = problem_of(WIDE)
    one, many = (make_searcher("random", problem, seed=5) for _ in range(2))
    table = TrialTable(problem)

    singly = [one.propose(1, table)[0].x.tolist() for _ in range(9)]
    assert singly == [p.x.tolist() for p in [*many.propose(4, table), *many.propose(5, table)]]


def test_numbers_are_uniform_on_their_scale_and_categories_alike():
    problem = problem_of(WIDE)
    proposals = make_searcher("random", problem, seed=1).propose(2000, TrialTable(problem))
    configs = problem.space.decode(np.array([p.x for p in proposals]))

    logs = [math.log(config["lr"]) for config in configs]
    uniform_logs = stats.uniform(math.log(1e-4), -math.log(1e-4))
    assert stats.kstest(logs, uniform_logs.cdf).pvalue > 0.01
    for name, n in [("n", 4), ("a", 2)]:
        counts = np.unique([config[name] for config in configs], return_counts=True)[1]
        assert len(counts) == n
        assert stats.chisquare(counts).pvalue > 0.01


def test_priors_conditions_and_constraints_are_kept():
    space = subject_to(
        {
            "model": choice(["tree", "net"]).prior(weights=[3, 1]),
            "depth": randint(1, 9).when(model="tree"),
            "low": uniform(0.0, 1.0),
            "high": uniform(0.0, 1.0).prior(mean=0.8, sd=0.1),
        },
        "low < high",
    )
    problem = problem_of(space)
    proposals = make_searcher("random", problem, seed=1).propose(1000, TrialTable(problem))
    configs = problem.space.decode(np.array([p.x for p in proposals]))

    assert all(("depth" in config) == (config["model"] == "tree") for config in configs)
    assert all(config["low"] < config["high"] for config in configs)
    trees = sum(config["model"] == "tree" for config in configs)
    assert stats.binomtest(trees, len(configs), 0.75).pvalue > 0.01
    assert np.mean([config["high"] for config in configs]) > 0.75


def test_a_small_space_is_used_up_exactly_once():
    problem = problem_of(SMALL)
    searcher, table = make_searcher("random", problem, seed=0), TrialTable(problem)

    found = run(searcher, table, 100)

    assert len(found) == 12
    assert len({(config["a"], config["n"]) for config in found}) == 12
    assert searcher.propose(1, table) == []


def test_an_unlikely_configuration_is_found_at_last():
    space = {"a": choice(["x", "y"]).prior(weights=[1e9, 1.0]), "n": randint(1, 3)}
    problem = problem_of(space)

    found = run(make_searcher("random", problem, seed=0), TrialTable(problem), 100)

    assert len(found) == 6


def test_a_proposal_that_was_not_started_comes_again():
    problem = problem_of(SMALL)
    searcher, table = make_searcher("random", problem, seed=0), TrialTable(problem)
    for _ in range(50):
        searcher.propose(3, table)

    assert len(run(searcher, table, 100)) == 12


def test_with_repeats_only_failed_configurations_are_left_out():
    problem = problem_of(SMALL)
    searcher = make_searcher("random", problem, seed=0, allow_duplicates=True)
    table = TrialTable(problem)
    failed = run(searcher, table, 5, Status.FAILED)
    later = run(searcher, table, 60, Status.COMPLETED)

    assert len(later) == 60
    assert len({tuple(config.values()) for config in later}) == 7
    assert not [config for config in later if config in failed]


def test_with_repeats_it_ends_where_every_configuration_failed():
    problem = problem_of({"a": choice(["x", "y"])})
    searcher = make_searcher("random", problem, seed=0, allow_duplicates=True)

    assert len(run(searcher, TrialTable(problem), 9, Status.FAILED)) == 2


# ---- restrict_configurations -----------------------------------------------------------

LISTED = [
    {"lr": 0.1, "n": 1, "a": "x"},
    {"lr": 0.2, "n": 2, "a": "y"},
    {"lr": 0.3, "n": 3, "a": "x"},
]


def restricted(problem, **options):
    return make_searcher("random", problem, seed=0, restrict_configurations=LISTED, **options)


def test_proposes_each_listed_configuration_once():
    problem = problem_of(WIDE)
    searcher, table = restricted(problem), TrialTable(problem)

    found = run(searcher, table, 10)

    assert sorted(found, key=lambda config: config["lr"]) == LISTED
    assert searcher.propose(1, table) == []


def test_the_order_of_the_list_is_shuffled_by_the_seed():
    space = {"n": randint(1, 30)}
    problem = problem_of(space)
    orders = set()
    for seed in (1, 2):
        searcher = make_searcher(
            "random", problem, seed=seed, restrict_configurations=[{"n": i} for i in range(1, 9)]
        )
        orders.add(tuple(config["n"] for config in run(searcher, TrialTable(problem), 8)))

    assert len(orders) == 2
    assert all(sorted(order) == list(range(1, 9)) for order in orders)


def test_with_repeats_the_list_never_ends_but_for_failed_ones():
    problem = problem_of(WIDE)
    searcher, table = restricted(problem, allow_duplicates=True), TrialTable(problem)
    failed = run(searcher, table, 1, Status.FAILED)
    later = run(searcher, table, 30)

    assert len(later) == 30
    assert failed[0] not in later
    assert {config["lr"] for config in later} == {0.1, 0.2, 0.3} - {failed[0]["lr"]}
    assert len(searcher.propose(3, table)) == 2


def test_start_points_outside_of_the_list_are_not_served():
    points = [{"lr": 0.5, "n": 1, "a": "x"}, LISTED[2]]
    problem = problem_of(WIDE, points)
    searcher, table = restricted(problem), TrialTable(problem)

    found = run(searcher, table, 10)

    assert found[0] == LISTED[2]
    assert sorted(found, key=lambda config: config["lr"]) == LISTED


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ([], "'restrict_configurations' is empty"),
        ([LISTED[0], {"lr": 7.0, "n": 1, "a": "x"}], "number 1 is {'lr': 7.0"),
        ([{"lr": 0.1}], "number 0 is {'lr': 0.1}"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(listed, message):
    with pytest.raises(OptionError) as error:
        make_searcher("random", problem_of(WIDE), seed=0, restrict_configurations=listed)

    assert message in str(error.value)


# ---- others ----------------------------------------------------------------------------


def test_debug_log_logs_each_proposal(caplog):
    problem = problem_of(SMALL)
    searcher = make_searcher("random", problem, seed=0, debug_log=True)
    with caplog.at_level(logging.INFO):
        searcher.propose(2, TrialTable(problem))

    logged = [r.getMessage() for r in caplog.records if "proposes" in r.getMessage()]
    assert len(logged) == 2
    assert logged[0].startswith("random search proposes {'a': ")


def test_options_of_model_based_searchers_are_dropped_with_a_warning(caplog):
    make_searcher("random", problem_of(SMALL), seed=0, num_init_random=3)

    assert "no effect here: 'num_init_random'" in caplog.text


def test_after_a_rebuild_it_goes_on_where_it_was():
    problem = problem_of(WIDE)
    searcher, table = make_searcher("random", problem, seed=5), TrialTable(problem)
    run(searcher, table, 7)
    fresh = make_searcher("random", problem, seed=5)
    fresh.rebuild(table)

    assert fresh.propose(1, table)[0].x.tolist() == searcher.propose(1, table)[0].x.tolist()
