"""The stand-ins, used by themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from synecore.actions import Asked, Pause, Reply, Resume, Start, Status
from synecore.errors import StoreError
from synecore.testing import (
    FixedSearcher,
    InlineBackend,
    MemoryStore,
    ScriptedScheduler,
    backend_for,
    drive,
)
from synecore.testing.problems import branin, curves
from synecore.testing.workers import WORKER_SCRIPT, worker_config, worker_problem, write_worker
from synecore.trials import TrialTable


def test_a_fixed_searcher_gives_its_configurations_in_order():
    known = branin()
    searcher = FixedSearcher(known.problem.space, [{"x": 1.0, "y": y} for y in (1.0, 2.0, 3.0)])
    table = TrialTable(known.problem)
    served = [len(searcher.propose(2, table)) for _ in range(3)]
    assert served == [2, 1, 0]
    searcher.load_state_dict({"served": 1})
    (proposal,) = searcher.propose(1, table)
    assert known.problem.space.decode(proposal.x[None]) == [{"x": 1.0, "y": 2.0}]


def test_a_scripted_scheduler_does_as_it_is_told():
    known = curves()
    x = known.problem.space.sample(1, np.random.default_rng(0))[0]
    scheduler = ScriptedScheduler(
        known.problem,
        [[Start(x, until=9.0)], lambda trials: [Resume(0)], Reply.EXHAUSTED],
        on_report=lambda report, trials: [Pause(0)] if report.resource == 2 else (),
    )
    driven = drive(scheduler, backend_for(known), n_workers=1)
    assert [report.resource for report in scheduler.reports] == list(range(1, 10))
    assert scheduler.ends == [(0, Status.PAUSED), (0, Status.COMPLETED)]
    assert driven.exhausted


def test_a_memory_store_is_closed_for_good():
    store = MemoryStore()
    store.append([Asked(at=0.0, n=1)])
    store.close()
    with pytest.raises(StoreError, match="used after close"):
        store.append([])


def test_half_of_the_trials_have_the_trouble_asked_for():
    known = curves()
    X = known.problem.space.sample(40, np.random.default_rng(0))
    for trouble, status in (("failed", Status.FAILED), ("silent", Status.COMPLETED)):
        scheduler = ScriptedScheduler(known.problem, [[Start(x)] for x in X])
        driven = drive(scheduler, backend_for(known, trouble=trouble), max_trials=40)
        if trouble == "failed":
            in_trouble = driven.table.trial("status") == status
        else:
            in_trouble = driven.table.trial("reports") == 0
        assert 10 < in_trouble.sum() < 30


def test_a_run_is_cut_off_at_its_limits():
    known = curves()
    x = known.problem.space.sample(1, np.random.default_rng(0))[0]
    answers = [[Start(x)] for _ in range(100)]
    few = drive(ScriptedScheduler(known.problem, answers), backend_for(known), max_trials=3)
    assert few.table.n_trials == 3
    short = drive(ScriptedScheduler(known.problem, answers), backend_for(known), max_events=20)
    assert 20 <= len(short.events) < 30


def test_the_three_workers_report_alike(tmp_path, capfd, monkeypatch):
    import subprocess
    import sys

    from synecore.report import retrieve
    from synecore.testing.workers import evaluate, work

    script = write_worker(tmp_path)
    assert script.read_text() == WORKER_SCRIPT
    config = worker_config(n=3)
    arguments = [f"--{name}={value}" for name, value in config.items()]
    checkpoints = tmp_path / "checkpoints"
    done = subprocess.run(
        [sys.executable, str(script), *arguments, "--st_checkpoint_dir", str(checkpoints)],
        capture_output=True,
        text=True,
        check=True,
    )
    from_script = retrieve(done.stdout.splitlines())
    assert (checkpoints / "step.txt").read_text() == "3"

    work(**config, st_checkpoint_dir=str(tmp_path / "other"))
    from_function = retrieve(capfd.readouterr().out.splitlines())

    evaluated = [evaluate(config, step) for step in (1, 2, 3)]
    shown = [{"step": r["step"], "loss": r["loss"]} for r in from_script]
    assert shown == [{"step": r["step"], "loss": r["loss"]} for r in from_function] == evaluated


def test_the_worker_problem_limits_the_steps():
    problem = worker_problem()
    assert problem.fidelity.attr == "n"
    assert problem.fidelity.high == 8.0


def test_an_inline_backend_may_keep_nothing_on_disk(tmp_path):
    known = branin()
    x = known.problem.space.sample(1, np.random.default_rng(0))[0]
    scheduler = ScriptedScheduler(known.problem, [[Start(x)]])
    drive(scheduler, InlineBackend(known.evaluate, on_disk=False), folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert math.isfinite(scheduler.reports[0].y[0])
