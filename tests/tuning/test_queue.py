from __future__ import annotations

import copy
import inspect
import math
import pickle
from typing import ClassVar

import numpy as np
import pytest

from synecore.actions import Amended, Started
from synecore.plugins.make import make_searcher
from synecore.problem import Problem
from synecore.protocols import Rebuildable, Scores, WeighsBrackets
from synecore.space import uniform
from synecore.testing import FixedSearcher
from synecore.trials import TrialTable
from synecore.tuning.queue import PointQueue

SPACE = {"x": uniform(0, 1), "n": 3}


def table(*points):
    return TrialTable(Problem.create(SPACE, metric="loss", points_to_evaluate=list(points)))


def fixed(trials, *xs):
    return FixedSearcher(trials.problem.space, [{"x": x} for x in xs])


def queue_of(trials, *xs):
    return PointQueue(fixed(trials, *xs), trials.problem.space)


def served(proposals, trials):
    return [config["x"] for config in trials.problem.space.decode([p.x for p in proposals])]


def add(trials, *xs):
    trials.apply(Amended(at=1.0, problem={"start_points": [{"x": x} for x in xs]}))


def start(trials, x):
    trials.apply(
        Started(at=0.0, trial=trials.n_trials, config={"x": x, "n": 3}, until=math.inf,
                milestone=math.inf)
    )  # fmt: skip


def test_start_points_come_first_and_in_order():
    trials = table({"x": 0.1}, {"x": 0.9})
    queue = queue_of(trials, 0.5)
    found = [served(queue.propose(1, trials), trials) for _ in range(3)]
    assert found == [[0.1], [0.9], [0.5]]


def test_a_proposal_says_where_it_comes_from():
    trials = table({"x": 0.1})
    queue = queue_of(trials, 0.5)
    assert queue.propose(1, trials)[0].why == {"source": "points_to_evaluate"}
    assert queue.propose(1, trials)[0].why == {}


def test_a_batch_takes_from_both():
    trials = table({"x": 0.1}, {"x": 0.9})
    assert served(queue_of(trials, 0.5, 0.6).propose(4, trials), trials) == [0.1, 0.9, 0.5, 0.6]


def test_a_batch_holds_no_point_twice():
    trials = table({"x": 0.1}, {"x": 0.9})
    assert served(queue_of(trials, 0.9, 0.6).propose(4, trials), trials) == [0.1, 0.9, 0.6]


def test_points_that_a_user_adds_are_served_next():
    trials = table({"x": 0.1})
    queue = queue_of(trials, 0.5, 0.6)
    queue.propose(2, trials)
    add(trials, 0.7)
    assert served(queue.propose(1, trials), trials) == [0.7]
    assert served(queue.propose(1, trials), trials) == [0.6]


def test_points_wait_while_the_searcher_has_none_left():
    trials = table()
    queue = queue_of(trials)
    assert list(queue.propose(1, trials)) == []
    add(trials, 0.7)
    assert served(queue.propose(1, trials), trials) == [0.7]


def test_without_points_the_searcher_is_asked_with_the_resource():
    asked = []

    class Searcher:
        tags: ClassVar = {"bracket": "i4"}

        def propose(self, n, trials, *, resource=None):
            asked.append((n, resource))
            return []

    trials = table()
    queue = PointQueue(Searcher(), trials.problem.space)
    queue.propose(2, trials, resource=3.0)
    assert asked == [(2, 3.0)]
    assert queue.tags == {"bracket": "i4"}


def test_none_means_one_point_in_the_middle_and_an_empty_list_means_none():
    problem = Problem.create(SPACE, metric="loss")
    assert problem.start_points == ({"x": 0.5, "n": 3},)
    assert Problem.create(SPACE, metric="loss", points_to_evaluate=[]).start_points == ()


def test_state_goes_on_where_it_was():
    trials = table({"x": 0.1}, {"x": 0.2})
    queue, twin = queue_of(trials, 0.5, 0.6), queue_of(trials, 0.5, 0.6)
    queue.propose(3, trials)
    twin.load_state_dict(queue.state_dict())
    assert served(twin.propose(1, trials), trials) == [0.6]


def test_a_searcher_that_is_replayed_has_a_queue_that_is_replayed():
    trials = table({"x": 0.1})
    searcher = fixed(trials)
    searcher.state_dict = lambda: None
    assert PointQueue(searcher, trials.problem.space).state_dict() is None


def test_rebuilding_goes_on_at_the_first_point_that_no_trial_has():
    trials = table({"x": 0.1}, {"x": 0.2}, {"x": 0.3})
    start(trials, 0.1)
    queue = queue_of(trials)
    queue.rebuild(trials)
    assert served(queue.propose(1, trials), trials) == [0.2]
    start(trials, 0.2)
    start(trials, 0.3)
    queue.rebuild(trials)
    assert list(queue.propose(1, trials)) == []


def test_rebuilding_without_points_rebuilds_the_searcher():
    trials = table()
    searcher = fixed(trials)
    rebuilt = []
    searcher.rebuild = rebuilt.append
    PointQueue(searcher, trials.problem.space).rebuild(trials)
    assert rebuilt == [trials]


def test_a_searcher_of_some_configurations_leaves_out_the_other_points():
    problem = Problem.create(
        {"x": uniform(0, 1)}, metric="loss", points_to_evaluate=[{"x": 0.1}, {"x": 0.2}]
    )
    trials = TrialTable(problem)
    searcher = make_searcher(
        "random", problem, seed=0, restrict_configurations=[{"x": 0.2}, {"x": 0.3}]
    )
    assert served(searcher.propose(1, trials), trials) == [0.2]


# ---- what the searcher can do besides ------------------------------------------------------


class Scorer:
    tags: ClassVar = {}
    depth = 3

    def score(self, X, resource, trials):
        return X[:, 0] * resource


class Weigher:
    tags: ClassVar = {}

    def bracket_weights(self, levels, trials):
        return np.ones(len(levels))


@pytest.mark.parametrize(
    ("searcher", "scores", "weighs"), [(Scorer(), True, False), (Weigher(), False, True)]
)
def test_optional_protocols_are_seen_through_the_queue(searcher, scores, weighs):
    queue = PointQueue(searcher, table().problem.space)
    assert isinstance(queue, Scores) is scores
    assert isinstance(queue, WeighsBrackets) is weighs
    assert isinstance(queue, Rebuildable)


def test_optional_methods_are_found_without_running_getattr():
    """From Python 3.12 on, `isinstance` with a protocol looks up attributes statically."""
    queue = PointQueue(Scorer(), table().problem.space)
    assert inspect.getattr_static(queue, "score", None) is not None
    assert inspect.getattr_static(queue, "bracket_weights", None) is None


def test_other_attributes_of_the_searcher_are_reached():
    queue = PointQueue(Scorer(), table().problem.space)
    assert queue.depth == 3
    assert not hasattr(queue, "width")


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda q: pickle.loads(pickle.dumps(q))])
def test_copies_are_whole(twin_of):
    queue = PointQueue(Scorer(), table().problem.space)
    twin = twin_of(queue)
    assert twin.searcher is not queue.searcher
    assert twin.score.__self__ is twin.searcher
