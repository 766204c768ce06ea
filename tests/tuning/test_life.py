"""Random schedulers on random trials: every trial lives as the table of the rules says.

The rules are written down here once more, as a machine that reads the journal alone.
"""

from __future__ import annotations

import json
import math
from typing import ClassVar

import numpy as np
import pytest

from synecore import Experiment, StoppingCriterion, Tuner
from synecore.actions import (
    Decided,
    DropCheckpoint,
    Ended,
    Pause,
    Reply,
    Reported,
    Resume,
    Resumed,
    Retried,
    Start,
    Started,
    Status,
    Stop,
    Update,
)
from synecore.problem import Problem
from synecore.space import uniform
from synecore.testing import InlineBackend, Silence, difference
from synecore.testing.problems import noise
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine
from synecore.tuning.journal import event_from_json, event_to_json
from synecore.tuning.replay import replay
from synecore.tuning.session import Session

MAX_T = 6
PROBLEM = Problem.create(
    {"x": uniform(0, 1)}, metric="loss", resource_attr="epoch", max_t=MAX_T, cost_attr="seconds"
)


class Chaos:
    """Does anything that is legal, at random."""

    problem = PROBLEM
    tags: ClassVar = {"mood": "f8"}

    def __init__(self, seed, decides):
        self.decides = decides
        self._rng = np.random.default_rng(seed)

    def state_dict(self):
        return None

    def load_state_dict(self, state):
        raise AssertionError("it is replayed")

    def _limits(self, above):
        until = float(self._rng.integers(above + 1, MAX_T + 1))
        milestone = float(self._rng.integers(above + 1, until + 1))
        return {"until": until, "milestone": None if self._rng.random() < 0.3 else milestone}

    def suggest(self, n, trials, now):
        status = trials.trial("status")
        paused = [t for t in np.flatnonzero(status == Status.PAUSED) if self._can_go_on(trials, t)]
        answer = []
        for _ in range(self._rng.integers(0, n + 1)):
            if paused and self._rng.random() < 0.5:
                trial = int(paused.pop(self._rng.integers(len(paused))))
                limits = self._limits(int(trials.trial("reached")[trial]))
                answer.append(Resume(trial, tags={"mood": self._rng.random()}, **limits))
            else:
                x = self.problem.space.sample(1, self._rng)[0]
                parent = -1
                if len(status) and self._rng.random() < 0.3:
                    parent = int(self._rng.integers(len(status)))
                answer.append(Start(x, parent=parent, **self._limits(0)))
        if answer:
            return answer
        busy = (status <= Status.STOPPING).any()
        return Reply.WAIT if busy else [Start(np.array([0.5]), **self._limits(0))]

    def _can_go_on(self, trials, trial):
        return trials.trial("reached")[trial] < MAX_T and trials.trial("checkpoint")[trial]

    def on_report(self, report, trials):
        actions = []
        status = trials.trial("status").copy()
        for trial in (report.trial, int(self._rng.integers(trials.n_trials))):
            draw = self._rng.random()
            if status[trial] <= Status.RUNNING:
                if draw < 0.15:
                    actions.append(Stop(trial))
                    status[trial] = Status.STOPPING
                elif draw < 0.3:
                    actions.append(Pause(trial))
                    status[trial] = Status.STOPPING
                elif draw < 0.5:
                    milestone = float(self._rng.integers(1, MAX_T + 3))
                    actions.append(Update(trial, milestone=milestone, tags={"mood": draw}))
            elif status[trial] == Status.PAUSED and draw < 0.1:
                actions.append(Stop(trial))
                status[trial] = Status.STOPPED
        return actions

    def on_end(self, trial, status, trials):
        if self._rng.random() < 0.1:
            return [DropCheckpoint(trial)]
        return []


def troubled(config, resource):
    """Crashes, hangs, NaN, text, jumps and early ends, by configuration."""
    kind = int(20 * noise(config, 0))
    metrics = {"epoch": resource, "loss": noise(config, resource), "seconds": float(resource)}
    if kind == 0 and resource == 3:
        raise RuntimeError("crash")
    if kind == 1 and resource == 2:
        return {**metrics, "loss": "diverged"}
    if kind == 2:
        return {**metrics, "loss": math.nan}
    if kind == 3 and resource == 4:
        return Silence.DONE
    if kind == 4:
        return {**metrics, "epoch": min(3 * resource, MAX_T)}
    if kind == 5 and resource > 1:
        return {**metrics, "epoch": 1}
    return metrics


class Killed(BaseException):
    """The process is gone: nothing is caught, nothing is cleaned up."""


def settings(seed):
    """What a run is made of; all of it is drawn too."""
    rng = np.random.default_rng([seed, 1])
    decides = ["reports", "milestones"][seed % 2]
    backend = {
        "late_reports": int(rng.integers(0, 3)),
        "checkpoints": bool(rng.random() < 0.7),
        "blocks": bool(rng.random() < 0.5) and decides == "milestones",
    }
    tuner = {
        "n_workers": int(rng.integers(1, 6)),
        "max_failures": 1000,
        "max_retries": int(rng.integers(0, 2)),
        "asynchronous_scheduling": bool(rng.random() < 0.7),
        "wait_trial_completion_when_stopping": bool(rng.random() < 0.3),
        "display": "none",
    }
    return decides, backend, tuner


def backend_of(seed, *, on_disk=False):
    return InlineBackend(
        troubled, seconds=lambda config, r: 0.25 * (1 + int(4 * noise(config, r, "time"))),
        on_disk=on_disk, **settings(seed)[1],
    )  # fmt: skip


def chaotic_tuner(seed, n_trials=40, **options):
    decides, _, words = settings(seed)
    return Tuner(
        backend_of(seed, **options), Chaos(seed, decides),
        StoppingCriterion(max_num_trials_started=n_trials),
        store={"name": "jsonl", "sync": "none"}, **words,
    )  # fmt: skip


def chaotic_run(seed):
    tuner = chaotic_tuner(seed)
    tuner.run()
    return tuner


# ---- the rules, read from the journal ------------------------------------------------------


class Machine:
    """One trial's status after each of its events, and its observations; it knows no table."""

    def __init__(self, trial, max_retries, rows):
        self.trial, self.rows = trial, rows
        self.status, self.fate, self.failures = None, None, 0
        self.max_retries = max_retries
        self.reached, self.until, self.milestone = 0.0, math.inf, math.inf
        self.last, self.paid, self.since = 0.0, 0.0, 0.0
        self.result = None  # the last finite row

    def feed(self, event):
        match event:
            case Started(until=until, milestone=milestone):
                assert self.status is None
                self.status, self.until, self.milestone = "QUEUED", until, milestone
            case Resumed(until=until, milestone=milestone):
                assert self.status == "PAUSED"
                self.until, self.milestone = until, milestone
                self._queue()
            case Retried():
                assert self.status in ("QUEUED", "RUNNING")
                self.failures += 1
                assert self.failures <= self.max_retries
                self._queue()
            case Reported(metrics=metrics):
                self._report(metrics)
            case Decided(action="stop" | "pause" | "fail" as action, by=by):
                self._decide(action, by)
            case Decided(action="update", milestone=milestone):
                assert self.status in ("QUEUED", "RUNNING")
                self.milestone = self.milestone if milestone is None else milestone
            case Decided(action="drop_checkpoint"):
                assert self.status in ("PAUSED", "STOPPED", "COMPLETED", "FAILED")
            case Ended():
                self._end(event)

    def _queue(self):
        self.status, self.last = "QUEUED", 0.0
        self.paid, self.since = self.paid + self.since, 0.0

    def _report(self, metrics):
        if isinstance(metrics["loss"], str):
            return  # its trial fails with the next event, unless this comes late
        late = self.status not in ("QUEUED", "RUNNING")
        resource, cost = float(metrics["epoch"]), math.nan
        self.status = self.status if late else "RUNNING"
        if not late:
            if resource < self.last:
                return  # as above
            if self.last == 0.0 and resource <= self.reached:
                self.paid = 0.0
            self.since, cost = metrics["seconds"], self.paid + metrics["seconds"]
        repeat = not late and resource <= self.reached
        at_milestone = not late and self.reached < self.milestone <= resource
        row = [self.trial, resource, late, repeat, at_milestone, cost]
        self.rows.append(row)
        if not late:
            self.last = resource
        if not late and not repeat:
            self.reached = resource
            if math.isfinite(metrics["loss"]):
                self.result = row

    def _decide(self, action, by):
        if self.status == "PAUSED":
            assert action == "stop"
            self.status = "STOPPED"
            return
        assert self.status in ("QUEUED", "RUNNING")
        assert (action == "fail") <= (by == "tuner")
        full = action == "stop" and self.reached >= MAX_T
        fates = {"stop": "STOPPED", "pause": "PAUSED", "fail": "FAILED"}
        self.status, self.fate = "STOPPING", "COMPLETED" if full else fates[action]

    def _end(self, event):
        if self.status == "STOPPING":
            expected = self.fate
        else:
            assert self.status in ("QUEUED", "RUNNING")
            done = self.reached >= self.until
            if event.exit == "ok" or (event.exit == "killed" and done):
                expected = "PAUSED" if done and self.until < MAX_T else "COMPLETED"
            else:
                expected = "FAILED"
                assert self.failures == self.max_retries
        assert event.status.name == expected
        self.status = expected
        if expected == "COMPLETED" and self.result is not None:
            self.result[4] = True


def single(events):
    """Blocks taken apart."""
    for event in events:
        if hasattr(event, "metrics") and not isinstance(event, Reported):
            names = list(event.metrics)
            for at, *values in zip(event.at, *event.metrics.values(), strict=True):
                metrics = dict(zip(names, values, strict=True))
                yield Reported(at=float(at), trial=event.trial, metrics=metrics)
                if isinstance(metrics["loss"], str):
                    break
        else:
            yield event


@pytest.mark.parametrize("seed", range(24))
def test_every_trial_lives_by_the_rules(seed):
    tuner = chaotic_run(seed)
    events = list(Experiment.open(tuner.tuner_path).events())
    table = tuner.tuning_status.table
    rows = []
    machines = [Machine(trial, tuner.max_retries, rows) for trial in range(table.n_trials)]
    for event in single(events):
        if hasattr(event, "trial"):
            machines[event.trial].feed(event)
    statuses = [table.status(trial).name for trial in range(table.n_trials)]
    assert [machine.status for machine in machines] == statuses
    assert table.trial("reached").tolist() == [machine.reached for machine in machines]
    names = ("trial", "resource", "late", "repeat", "at_milestone", "cost")
    found = [list(row) for row in zip(*(table.obs(name).tolist() for name in names), strict=True)]
    assert difference(rows, found, "observations") == ""
    assert table.n_busy == 0
    assert [table.count(status) for status in Status] == [
        statuses.count(status.name) for status in Status
    ]
    times = [event.at for event in single(events)]
    assert times == sorted(times)


@pytest.mark.parametrize("seed", range(0, 24, 3))
def test_the_journal_of_a_random_run_is_its_table_and_comes_out_again(seed):
    tuner = chaotic_run(seed)
    events = list(Experiment.open(tuner.tuner_path).events())
    folded = TrialTable(PROBLEM, Chaos.tags)
    for event in events:
        folded.apply(event_from_json(json.loads(json.dumps(event_to_json(event)))))
    assert difference(tuner.tuning_status.table, folded) == ""
    engine = Engine(
        Chaos(seed, tuner.scheduler.decides), TrialTable(PROBLEM, Chaos.tags),
        max_retries=tuner.max_retries,
    )  # fmt: skip
    assert replay(engine, events) == []
    assert difference(tuner.tuning_status.table, engine.table) == ""


def test_random_runs_have_all_of_it():
    """A guard that the machine above is not idle."""
    seen = set()
    for seed in range(12):
        for event in Experiment.open(chaotic_run(seed).tuner_path).events():
            seen.add(type(event).__name__)
            if isinstance(event, Decided):
                seen.add(event.action)
            elif isinstance(event, Ended):
                seen.add(event.status.name)
    assert seen >= {
        "Asked", "Started", "Resumed", "Reported", "ReportedBlock", "Decided", "Retried", "Ended",
        "stop", "pause", "fail", "update", "drop_checkpoint",
        "PAUSED", "STOPPED", "COMPLETED", "FAILED",
    }  # fmt: skip


# ---- killed and resumed ----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(16))
def test_a_run_that_is_killed_again_and_again_is_the_whole_run(seed, monkeypatch):
    whole = chaotic_tuner(seed, 15)
    whole.run()
    rng, append, left = np.random.default_rng(seed), Session._append, [0]

    def dies(self, events):
        append(self, events)
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    monkeypatch.setattr(Session, "_append", dies)
    monkeypatch.setattr(Session, "save_on_failure", lambda self: None)
    tuner, n_kills = chaotic_tuner(seed, 15, on_disk=True), 0
    while True:
        left[0] = int(rng.integers(1, 25))
        try:
            tuner.run()
            break
        except Killed:
            n_kills += 1
        tuner = Tuner.resume(
            tuner.name, scheduler=Chaos(seed, whole.scheduler.decides), display="none",
            trial_backend=backend_of(seed, on_disk=True), strict=True,
        )  # fmt: skip
    assert n_kills > 0
    assert difference(whole.tuning_status.table, tuner.tuning_status.table) == ""
    assert whole.tuning_status.summary() == tuner.tuning_status.summary()
