"""The deterministic backend: times, troubles, and the same run after every interruption."""

from __future__ import annotations

import math
import shutil

import attrs
import numpy as np
import pytest

from synecore.actions import (
    Asked,
    Ended,
    Reply,
    Reported,
    ReportedBlock,
    Resume,
    Start,
    Status,
    Stop,
)
from synecore.errors import DeadlockError
from synecore.protocols import Job, RunContext, Unfinished
from synecore.testing import InlineBackend, ScriptedScheduler, Silence, difference
from synecore.testing.problems import branin, curves
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine
from synecore.tuning.jobs import carry_out
from synecore.tuning.record import Record

KNOWN = curves()


def context(folder, known=KNOWN, *, now=0.0, running=(), decides="reports"):
    return RunContext(
        folder=folder, problem=known.problem, seed=np.random.SeedSequence(0), n_workers=2,
        decides=decides, now=now, running=running,
    )  # fmt: skip


def job(trial, known=KNOWN, until=9.0, **changes):
    given = {"milestone": until, "checkpoint_of": None, "resumes": False, **changes}
    return Job(trial=trial, config=dict(known.best_config), until=until, **given)


def opened(tmp_path, known=KNOWN, **options):
    backend = InlineBackend(known.evaluate, **options)
    backend.open(context(tmp_path, known))
    return backend


def all_events(backend):
    events = []
    while not events or not isinstance(events[-1], Ended):
        events += backend.poll(math.inf)
    return events


def test_reports_each_unit_of_the_resource_one_second_apart(tmp_path):
    backend = opened(tmp_path)
    backend.start(job(0, until=3.0))
    *reports, end = all_events(backend)
    assert [(r.at, r.metrics["epoch"]) for r in reports] == [(1.0, 1), (2.0, 2), (3.0, 3)]
    assert end == Ended(at=3.0, trial=0, exit="ok")
    assert backend.clock.now() == 3.0


def test_steps_may_take_as_long_as_the_configuration_says(tmp_path):
    backend = opened(tmp_path, seconds=lambda config, resource: 0.5 * config["width"] + resource)
    backend.start(job(0, until=2.0))
    assert [event.at for event in all_events(backend)] == [7.0, 15.0, 15.0]


def test_makes_one_report_where_there_is_no_fidelity(tmp_path):
    backend = opened(tmp_path, branin())
    backend.start(job(0, branin(), until=math.inf))
    assert len(all_events(backend)) == 2


def test_of_two_things_at_one_time_the_lower_trial_comes_first(tmp_path):
    backend = opened(tmp_path)
    for trial in (1, 0):
        backend.start(job(trial, until=2.0))
    order = [backend.poll(math.inf)[0].trial for _ in range(6)]
    assert order == [0, 1, 0, 0, 1, 1]


def test_polls_no_further_than_the_timeout(tmp_path):
    backend = opened(tmp_path)
    backend.start(job(0))
    assert backend.poll(0.4) == []
    assert backend.clock.now() == 0.4
    assert len(backend.poll(0.6)) == 1


def test_polling_forever_for_nothing_is_an_error(tmp_path):
    backend = InlineBackend(lambda config, resource: Silence.HANG)
    backend.open(context(tmp_path))
    backend.start(job(4))
    with pytest.raises(DeadlockError, match=r"nothing will ever happen.*hanging: \[4\]"):
        backend.poll(math.inf)


def test_the_configuration_key_limits_a_trial(tmp_path):
    known = curves(attr=True)
    backend = opened(tmp_path, known)
    limited = {**known.best_config, "epochs": 3}
    backend.start(attrs.evolve(job(0, known), config=limited))
    assert len(all_events(backend)) == 4


@pytest.mark.parametrize(("honours_until", "n"), [(True, 3), (False, 9)])
def test_a_script_may_not_know_of_until(tmp_path, honours_until, n):
    backend = opened(tmp_path, honours_until=honours_until)
    backend.start(job(0, until=3.0))
    assert len(all_events(backend)) == n + 1


def test_late_reports_come_after_a_stop_and_before_the_end(tmp_path):
    backend = opened(tmp_path, late_reports=2)
    backend.start(job(0))
    backend.poll(math.inf)
    backend.stop(0, keep_checkpoint=True)
    first, second, end = all_events(backend)
    assert [first.metrics["epoch"], second.metrics["epoch"]] == [2, 3]
    assert end == Ended(at=3.0, trial=0, exit="killed")


def test_without_checkpoints_a_resumed_trial_begins_again(tmp_path):
    backend = opened(tmp_path, checkpoints=False)
    backend.start(job(0, until=2.0))
    all_events(backend)
    backend.start(job(0, until=3.0, resumes=True))
    assert [e.metrics["epoch"] for e in all_events(backend)[:-1]] == [1, 2, 3]


def test_a_child_of_a_running_trial_starts_where_that_is(tmp_path):
    backend = opened(tmp_path)
    backend.start(job(0))
    for _ in range(3):
        backend.poll(math.inf)
    backend.start(job(1, checkpoint_of=0))
    children = [e for e in all_events(backend) if e.trial == 1]
    assert children[0].metrics["epoch"] == 4


def test_blocks_hold_the_reports_up_to_the_milestone(tmp_path):
    backend = InlineBackend(KNOWN.evaluate, blocks=True)
    backend.open(context(tmp_path, decides="milestones"))
    backend.start(job(0, milestone=3.0))
    (block,) = backend.poll(math.inf)
    assert isinstance(block, ReportedBlock)
    assert block.at.tolist() == [1.0, 2.0, 3.0]
    assert block.metrics["epoch"] == [1, 2, 3]
    backend.advance(0, 9.0)
    (block,) = backend.poll(2.5)
    assert block.metrics["epoch"] == [4, 5]


def test_a_block_is_cut_at_any_other_event(tmp_path):
    backend = InlineBackend(
        KNOWN.evaluate, blocks=True, seconds=lambda config, resource: config["width"]
    )
    backend.open(context(tmp_path, decides="milestones"))
    slow = {**KNOWN.best_config, "width": 20}
    backend.start(job(0))
    backend.start(attrs.evolve(job(1), config=slow))
    blocks = [backend.poll(math.inf)[0] for _ in range(3)]
    assert [(b.trial, b.at.tolist()) for b in blocks] == [
        (0, [12.0]), (1, [20.0]), (0, [24.0, 36.0])
    ]  # fmt: skip


# ---- interruption ------------------------------------------------------------------------


def scheduler():
    """Starts seven trials, some to a rung; stops some, resumes some, copies a checkpoint."""
    X = KNOWN.problem.space.sample(7, np.random.default_rng(1))

    def suggest(trials):
        number = trials.n_trials
        paused = np.flatnonzero(trials.trial("status") == Status.PAUSED)
        if len(paused) and number >= 4:
            return [Resume(int(paused[0]), until=9.0)]
        if number >= 7:
            return Reply.WAIT if trials.n_busy else Reply.EXHAUSTED
        parent = 1 if number == 5 else -1
        return [Start(X[number], until=(9.0, 4.0, 6.0)[number % 3], parent=parent)]

    def on_report(report, trials):
        return [Stop(report.trial)] if report.trial % 4 == 3 and report.resource >= 5 else ()

    return ScriptedScheduler(KNOWN.problem, [suggest] * 200, on_report=on_report)


class Loop:
    """A tuning loop that can be interrupted after every commit, between storing and acting."""

    def __init__(self, events=()):
        self.table = TrialTable(KNOWN.problem)
        self.record = Record()
        self.events = list(events)
        self.scheduler = scheduler()
        self.scheduler.load_state_dict({"asked": sum(isinstance(e, Asked) for e in events)})
        for event in events:
            self.table.apply(event)
        self.record.add(events)
        self.engine = Engine(self.scheduler, self.table)

    def running(self):
        for trial in map(int, self.table.busy()):
            began = self.record.began[trial]
            yield Unfinished(
                job=self.engine.job(trial, resumes=began[1]), since=began[0],
                n_reports=int(self.table.value("reports", trial)),
                stopping=self.table.status(trial) is Status.STOPPING,
            )  # fmt: skip

    def run(self, backend, folder, stored=lambda n: None):
        now = max((event.at for event in self.events), default=0.0)
        backend.open(context(folder, now=now, running=tuple(self.running())))
        while True:
            while self.table.n_busy < 2:
                reply = self.engine.ask(1, backend.clock.now())
                self.commit(backend, stored)
                if not isinstance(reply, list):
                    break
            if self.table.n_busy == 0:
                return self.events
            for event in backend.poll(math.inf):
                ended = isinstance(event, Ended)
                self.engine.ended(event) if ended else self.engine.report(event)
                self.commit(backend, stored)

    def commit(self, backend, stored):
        noted, commands = self.engine.take()
        self.events += noted
        self.record.add(noted)
        stored(len(self.events))
        for command in commands:
            carry_out(command, backend)


@pytest.mark.parametrize("late_reports", [0, 2])
def test_a_run_interrupted_anywhere_is_the_uninterrupted_run(tmp_path, late_reports):
    def backend():
        return InlineBackend(
            KNOWN.evaluate,
            late_reports=late_reports,
            seconds=lambda config, resource: 1.0 + config["dropout"] / resource,
        )

    copies = {}

    def keep(n):
        copies[n] = tmp_path / f"copy-{n}"
        shutil.copytree(tmp_path / "run", copies[n])

    (tmp_path / "run").mkdir()
    whole = Loop().run(backend(), tmp_path / "run", keep)
    assert {type(event).__name__ for event in whole} >= {"Resumed", "Decided", "Ended"}
    assert any(isinstance(event, Reported) for event in whole)
    for n, folder in copies.items():
        resumed = Loop(whole[:n]).run(backend(), folder)
        assert difference(without_replies(whole), without_replies(resumed), f"run {n}") == ""


def without_replies(events):
    """An interrupted loop asks once more where the answer on record started nothing."""
    return [e for e in events if not (isinstance(e, Asked) and e.reply)]
