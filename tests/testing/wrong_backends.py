"""Backends that are wrong in one way each, and one that is right; see test_backend_suite.py."""

from __future__ import annotations

import attrs
import pytest

from synecore.actions import Ended, Reported
from synecore.testing import BackendSuite, InlineBackend
from synecore.testing.workers import evaluate


class Base(BackendSuite):
    backend = InlineBackend
    patience = 0.3

    @pytest.fixture
    def make(self):
        return lambda: self.backend(evaluate, seconds=0.01)


class TestRight(Base):
    pass


class EndsTwice(InlineBackend):
    def poll(self, timeout):
        events = super().poll(timeout)
        return [*events, *events] if events and isinstance(events[0], Ended) else events


class TestEndsTwice(Base):
    backend = EndsTwice


class NeverEndsSilently(InlineBackend):
    """Notices the end of a trial by its last report only."""

    def poll(self, timeout):
        events = super().poll(timeout)
        self.heard = getattr(self, "heard", set()) | {
            e.trial for e in events if isinstance(e, Reported)
        }
        return [e for e in events if e.trial in self.heard]


class TestNeverEndsSilently(Base):
    backend = NeverEndsSilently


class BeginsAgain(InlineBackend):
    def start(self, job):
        self._runs.pop(job.trial, None)
        super().start(job)


class TestBeginsAgain(Base):
    backend = BeginsAgain


class OneAfterTheOther(InlineBackend):
    def start(self, job):
        self.queue = [*getattr(self, "queue", []), job]
        self.feed()

    def feed(self):
        if not self._runs and self.queue:
            super().start(self.queue.pop(0))

    def poll(self, timeout):
        events = super().poll(timeout)
        self.feed()
        return events


class TestOneAfterTheOther(Base):
    backend = OneAfterTheOther


class LosesReports(InlineBackend):
    def poll(self, timeout):
        events = super().poll(timeout)
        return [e for e in events if not (isinstance(e, Reported) and e.metrics["step"] == 5)]


class TestLosesReports(Base):
    backend = LosesReports


class DoublesReports(InlineBackend):
    def poll(self, timeout):
        return [e for e in super().poll(timeout) for _ in range(1 + isinstance(e, Reported))]


class TestDoublesReports(Base):
    backend = DoublesReports


class RoundsMetrics(InlineBackend):
    def poll(self, timeout):
        return [
            attrs.evolve(e, metrics={k: round(v, 6) for k, v in e.metrics.items()})
            if isinstance(e, Reported)
            else e
            for e in super().poll(timeout)
        ]


class TestRoundsMetrics(Base):
    backend = RoundsMetrics


class EndsFirst(InlineBackend):
    """Sees that the process is gone before it has read all of its output."""

    held = None

    def poll(self, timeout):
        events = list(super().poll(timeout))
        if self.held is None and events and isinstance(events[0], Reported):
            self.held, events = events[0], []
        elif self.held is not None and events:
            events = [*events, self.held]
            self.held = None
        return events


class TestEndsFirst(Base):
    backend = EndsFirst


class StampsLate(InlineBackend):
    def poll(self, timeout):
        return [
            attrs.evolve(e, at=e.at + 100.0 / e.metrics["step"]) if isinstance(e, Reported) else e
            for e in super().poll(timeout)
        ]


class TestStampsLate(Base):
    backend = StampsLate


class ForgetsTheTimeout(InlineBackend):
    def poll(self, timeout):
        return super().poll(0.0 if not self._due() else timeout)

    def _due(self):
        return [run for run in self._runs.values() if run.next is not None]


class TestForgetsTheTimeout(Base):
    backend = ForgetsTheTimeout


class SleepsOnReports(InlineBackend):
    """Looks once a long while, as a fixed sleep would."""

    looks = 0

    def poll(self, timeout):
        import time

        time.sleep(0.2)
        return super().poll(timeout)


class TestSleepsOnReports(Base):
    backend = SleepsOnReports


class MindsASecondStop(InlineBackend):
    def stop(self, trial, *, keep_checkpoint):
        if trial not in self._runs:
            raise KeyError(trial)
        super().stop(trial, keep_checkpoint=keep_checkpoint)


class TestMindsASecondStop(Base):
    backend = MindsASecondStop


class NeverStops(InlineBackend):
    def stop(self, trial, *, keep_checkpoint):
        pass


class TestNeverStops(Base):
    backend = NeverStops


class StopsAll(InlineBackend):
    def stop(self, trial, *, keep_checkpoint):
        for other in list(self._runs):
            super().stop(other, keep_checkpoint=keep_checkpoint)


class TestStopsAll(Base):
    backend = StopsAll


class CallsCrashesFine(InlineBackend):
    def poll(self, timeout):
        return [
            attrs.evolve(e, exit="ok") if isinstance(e, Ended) else e for e in super().poll(timeout)
        ]


class TestCallsCrashesFine(Base):
    backend = CallsCrashesFine


class HidesTheLog(InlineBackend):
    def poll(self, timeout):
        return [
            attrs.evolve(e, error="exit code 1") if isinstance(e, Ended) else e
            for e in super().poll(timeout)
        ]


class TestHidesTheLog(Base):
    backend = HidesTheLog


class BeginsATrialOnce(InlineBackend):
    def start(self, job):
        self.begun = getattr(self, "begun", set())
        if job.trial not in self.begun:
            super().start(job)
        self.begun.add(job.trial)


class TestBeginsATrialOnce(Base):
    backend = BeginsATrialOnce


class LosesCheckpoints(InlineBackend):
    def _end(self, run):
        run.kept.keep = False
        super()._end(run)


class TestLosesCheckpoints(Base):
    backend = LosesCheckpoints


class LosesCheckpointsOfStopped(InlineBackend):
    def stop(self, trial, *, keep_checkpoint):
        super().stop(trial, keep_checkpoint=False)


class TestLosesCheckpointsOfStopped(Base):
    backend = LosesCheckpointsOfStopped


class SharesCheckpoints(InlineBackend):
    """A child goes on in its parent's folder, instead of in a copy."""

    def _end(self, run):
        super()._end(run)
        if run.job.checkpoint_of is not None:
            self._kept(run.job.checkpoint_of).level = run.level


class TestSharesCheckpoints(Base):
    backend = SharesCheckpoints


class KeepsEveryCheckpoint(InlineBackend):
    def delete_checkpoint(self, trial):
        pass


class TestKeepsEveryCheckpoint(Base):
    backend = KeepsEveryCheckpoint


class ReportsAgainAfterARestart(InlineBackend):
    def open(self, run):
        fresh = tuple(attrs.evolve(u, n_reports=0) for u in run.running)
        super().open(attrs.evolve(run, running=fresh))


class TestReportsAgainAfterARestart(Base):
    backend = ReportsAgainAfterARestart


class ForgetsWhatRan(InlineBackend):
    def open(self, run):
        super().open(attrs.evolve(run, running=()))


class TestForgetsWhatRan(Base):
    backend = ForgetsWhatRan


class MayBeClosedOnce(InlineBackend):
    closed = False

    def close(self):
        if self.closed:
            raise RuntimeError("closed")
        self.closed = True


class TestMayBeClosedOnce(Base):
    backend = MayBeClosedOnce
