"""Blocks of reports and single reports make the same table and the same decisions."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest

from synecore.actions import Decided as Decision
from synecore.actions import Ended, Reported, ReportedBlock, Resumed, Started
from synecore.plugins.make import make_scheduler
from synecore.testing import InlineBackend, difference, drive
from synecore.testing.problems import curves, noise
from synecore.trials import TrialTable

MAX_T = 27


def seconds(config, resource):
    """Times that differ from trial to trial; some are equal, so that events fall together."""
    return 0.5 * (1 + config["width"] % 4)


def odd(known, trouble):
    """The problem's function, with a trouble for some configurations."""

    def evaluate(config, resource):
        metrics = known.evaluate(config, resource)
        if not trouble or noise({"lr": config["lr"]}, 0) > 0.4:
            return metrics
        if trouble == "nan":
            return {**metrics, "loss": math.nan if resource % 2 else math.inf}
        if trouble == "crash" and resource == 5:
            raise RuntimeError("crash")
        if trouble == "jump":
            return {**metrics, "epoch": min(4 * resource, MAX_T)}
        if trouble == "names" and resource > 1:
            return {**metrics, "more": resource}
        return metrics

    return evaluate


def run(blocks, *, n_workers, seed, trouble="", checkpoints=True, late=0, attr=False, **options):
    known = curves(max_t=MAX_T, attr=attr, cost=True)
    scheduler = make_scheduler("asha", known.problem, random_seed=seed, **options)
    backend = InlineBackend(
        odd(known, trouble), seconds=seconds, late_reports=late, checkpoints=checkpoints,
        blocks=blocks, on_disk=False,
    )  # fmt: skip
    return drive(scheduler, backend, n_workers=n_workers, max_trials=25, max_events=10**6)


def decisions(driven):
    kinds = (Started, Resumed, Decision, Ended)
    return [event for event in driven.events if isinstance(event, kinds)]


def folded(driven):
    table = TrialTable(driven.table.problem, {"bracket": "i4"})
    for event in driven.events:
        table.apply(event)
    return table


VARIANTS = [
    {"type": "stopping"},
    {"type": "stopping", "brackets": 3, "reduction_factor": 2},
    {"type": "promotion"},
    {"type": "promotion", "attr": True},
    {"type": "promotion", "attr": True, "checkpoints": False},
    {"type": "stopping", "late": 3},
    *({"type": "stopping", "trouble": trouble} for trouble in ("nan", "crash", "jump", "names")),
    {"type": "promotion", "attr": True, "trouble": "nan"},
    {"type": "promotion", "trouble": "crash"},
]


@pytest.mark.parametrize("n_workers", [1, 4])
@pytest.mark.parametrize("how", VARIANTS, ids=lambda how: " ".join(map(str, how.values())))
def test_blocks_and_single_reports_agree(how, n_workers):
    for seed in (0, 1):
        one = run(False, n_workers=n_workers, seed=seed, **how)
        many = run(True, n_workers=n_workers, seed=seed, **how)
        assert not any(isinstance(event, ReportedBlock) for event in one.events)
        blocks = [event for event in many.events if isinstance(event, ReportedBlock)]
        assert blocks
        if n_workers == 1:
            assert max(len(block.at) for block in blocks) > 1
        assert difference(one.table, many.table, "the table of blocks") == ""
        assert difference(decisions(one), decisions(many), "decisions of blocks") == ""
        assert difference(many.table, folded(many), "the folded table") == ""
        assert n_reports(one) == n_reports(many)


def n_reports(driven):
    return sum(
        len(event.at) if isinstance(event, ReportedBlock) else isinstance(event, Reported)
        for event in driven.events
    )


def test_observations_are_in_order_of_time_and_none_is_ahead_of_a_decision():
    driven = run(True, n_workers=5, seed=2, type="stopping")
    table, now = TrialTable(driven.table.problem, {"bracket": "i4"}), 0.0
    for event in driven.events:
        table.apply(event)
        times = table.obs("time")
        assert (np.diff(times) >= 0).all()
        if isinstance(event, Decision | Started):
            now = event.at
            assert (times <= now).all()
    assert now > 0


def test_a_bad_report_in_a_block_fails_the_trial_with_the_same_observations():
    """Only the times after it differ, since the block was under way."""

    def with_text(config, resource):
        return {"epoch": resource, "loss": "text" if resource == 2 else 1.0}

    tables = []
    for blocks in (False, True):
        known = curves(max_t=MAX_T)
        scheduler = make_scheduler("asha", known.problem, random_seed=0, grace_period=3)
        backend = InlineBackend(with_text, blocks=blocks, on_disk=False)
        tables.append(drive(scheduler, backend, n_workers=1, max_trials=3).table)
    one, many = tables
    for column in ("status", "reached", "milestone", "x"):
        assert np.array_equal(one.trial(column), many.trial(column))
    for column in ("trial", "resource", "y"):
        assert np.array_equal(one.obs(column), many.obs(column))


def test_decisions_say_the_same_of_both():
    """`difference` above compares `why` too: a guard that it does."""
    driven = run(True, n_workers=1, seed=0, type="stopping")
    decided = next(event for event in driven.events if isinstance(event, Decision))
    assert difference(decided, attrs.evolve(decided, why={"rung": -1})) != ""
