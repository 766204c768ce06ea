"""A stand-in for a disk, for tests of how many checkpoints lie on it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from synecore.actions import Ended, Reply, Reported, ReportedBlock
from synecore.protocols import RunContext
from synecore.testing import InlineBackend
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine
from synecore.tuning.jobs import carry_out


class Disk(InlineBackend):
    """Knows which trials have a checkpoint, by the rules of local backends.

    Trials write one before each report; those that were stopped or came to their end lose it.
    """

    def __init__(self, evaluate, **options):
        super().__init__(evaluate, on_disk=False, **options)
        self.holds = set()
        self.most = 0
        self._until = {}
        self._final = set()

    def start(self, job):
        self._until[job.trial] = job.until
        super().start(job)

    def stop(self, trial, *, keep_checkpoint):
        if not keep_checkpoint:
            self._final.add(trial)
        super().stop(trial, keep_checkpoint=keep_checkpoint)

    def delete_checkpoint(self, trial):
        self.holds.discard(trial)
        super().delete_checkpoint(trial)

    def poll(self, timeout):
        events = super().poll(timeout)
        for event in events:
            if isinstance(event, Reported | ReportedBlock):
                self.holds.add(event.trial)
                self.most = max(self.most, len(self.holds))
            elif event.trial in self._final or (
                event.exit == "ok"
                and self._until[event.trial] >= self._context.problem.fidelity.high
            ):
                self.holds.discard(event.trial)
        return events


class Run:
    """A scheduler on a disk, one event at a time."""

    def __init__(self, scheduler, evaluate, n_workers=4, max_retries=0, **options):
        self.scheduler, self.n_workers = scheduler, n_workers
        self.disk = Disk(evaluate, **options)
        self.table = TrialTable(scheduler.problem, scheduler.tags)
        self.engine = Engine(scheduler, self.table, max_retries=max_retries)
        self.events = []
        self.replies = []
        self.disk.open(
            RunContext(
                folder=Path("nowhere"), problem=scheduler.problem, seed=np.random.SeedSequence(0),
                n_workers=n_workers, decides=scheduler.decides, now=0.0,
            )
        )  # fmt: skip

    @property
    def now(self):
        return self.disk.clock.now()

    def commit(self):
        events, commands = self.engine.take()
        self.events += events
        for command in commands:
            carry_out(command, self.disk)

    def step(self):
        """Fill the workers, then let one thing happen."""
        while self.table.n_busy < self.n_workers:
            answer = self.engine.ask(1, self.now)
            self.commit()
            if isinstance(answer, Reply):
                self.replies.append(answer)
                break
        for event in self.disk.poll(math.inf):
            (self.engine.ended if isinstance(event, Ended) else self.engine.report)(event)
        self.commit()

    def until(self, seconds):
        while self.now < seconds:
            self.step()
        return self


@pytest.fixture
def on_disk():
    """Return the class that runs a scheduler on such a disk."""
    return Run
