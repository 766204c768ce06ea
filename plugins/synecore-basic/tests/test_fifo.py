"""First come, first served."""

from __future__ import annotations

import pytest

from synecore.actions import Ended, Reply, Reported, Started, Status
from synecore.errors import OptionError
from synecore.plugins.make import make_scheduler
from synecore.space import randint, uniform
from synecore.testing import FixedSearcher
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine


def engine_of(scheduler):
    return Engine(scheduler, TrialTable(scheduler.problem, scheduler.tags))


def test_starts_what_the_searcher_proposes_in_its_order():
    problem = make_scheduler(
        "fifo", {"n": randint(1, 9)}, metric="loss", points_to_evaluate=[], random_seed=0
    ).problem
    searcher = FixedSearcher(problem.space, [{"n": n} for n in (3, 1, 2)])
    engine = engine_of(make_scheduler("fifo", problem, random_seed=0, searcher=searcher))

    assert engine.ask(2, 0.0) == [0, 1]
    assert engine.ask(2, 0.0) == [2]
    assert engine.ask(1, 0.0) is Reply.EXHAUSTED
    assert [event.config["n"] for event in engine.events if isinstance(event, Started)] == [3, 1, 2]


def test_runs_every_trial_to_its_end_whatever_it_reports():
    scheduler = make_scheduler(
        "fifo", {"x": uniform(0.0, 1.0), "epochs": 3}, metric="loss", resource_attr="epoch",
        max_resource_attr="epochs", random_seed=0,
    )  # fmt: skip
    engine = engine_of(scheduler)
    engine.ask(1, 0.0)
    for epoch in (1, 2, 3):
        engine.report(Reported(at=0.0, trial=0, metrics={"epoch": epoch, "loss": 10.0**epoch}))
        assert engine.table.status(0) is Status.RUNNING

    assert engine.ended(Ended(at=0.0, trial=0, exit="ok")) is Status.COMPLETED
    assert engine.table.obs("at_milestone").tolist() == [False, False, True]


def test_uses_random_search_and_the_midpoint_by_default():
    engine = engine_of(
        make_scheduler("fifo", {"x": uniform(0.0, 1.0)}, metric="loss", random_seed=0)
    )
    engine.ask(1, 0.0)
    engine.ask(1, 0.0)

    assert engine.table.configs[0] == {"x": 0.5}
    assert engine.events[1].why == {"source": "points_to_evaluate"}
    assert engine.events[3].why == {"source": "random"}


def test_search_options_reach_the_searcher():
    scheduler = make_scheduler(
        "fifo", {"n": randint(1, 2)}, metric="loss", random_seed=0, points_to_evaluate=[],
        search_options={"allow_duplicates": True},
    )  # fmt: skip
    engine = engine_of(scheduler)

    assert [engine.ask(1, 0.0) for _ in range(5)] == [[0], [1], [2], [3], [4]]


def test_an_unknown_option_says_which_there_are():
    with pytest.raises(OptionError, match="unknown option 'grace_period'"):
        make_scheduler("fifo", {"x": uniform(0, 1)}, metric="loss", random_seed=0, grace_period=1)
