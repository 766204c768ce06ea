"""Schedulers that are wrong in one way each, and one that is right; see test_scheduler_suite.py."""

from __future__ import annotations

import random
import time

import attrs
import numpy as np
import pytest

from synecore import seeds
from synecore.actions import Reply, Resume, Start, Stop, Update
from synecore.plugins.make import make_scheduler, spec_of
from synecore.testing import SchedulerSuite, all_problems
from synecore.testing.problems import curves


class Right:
    """Stops a trial at resource 3 if it is worse than the median there."""

    decides = "milestones"
    tags = {"drawn": "f8"}  # noqa: RUF012 the protocol has no ClassVar

    def __init__(self, problem, seed):
        self.problem = problem
        self.rng = seeds.stream(seeds.sequence(seed), "scheduler")
        self.rung = []
        self.served = 0

    def point(self, trials):
        space = self.problem.space
        if self.served < len(trials.start_points):
            self.served += 1
            point = trials.start_points[self.served - 1]
            return space.snap(space.encode([point]))[0]
        return space.snap(space.sample(1, self.rng))[0]

    def suggest(self, n, trials, now):
        x = self.point(trials)
        return [Start(x, milestone=3.0, tags={"drawn": self.rng.random()})]

    def on_report(self, report, trials):
        if report.resource != 3.0:
            return ()
        self.rung.append(float(report.y[0]))
        if report.y[0] > np.median(self.rung):
            return [Stop(report.trial, why={"rung": 3})]
        return [Update(report.trial, milestone=9.0)]

    def on_end(self, trial, status, trials):
        return ()

    def state_dict(self):
        return {"rng": seeds.state_of(self.rng), "rung": list(self.rung), "served": self.served}

    def load_state_dict(self, state):
        seeds.restore(self.rng, state["rng"])
        self.rung = list(state["rung"])
        self.served = state["served"]


class Base(SchedulerSuite):
    scheduler = Right

    @pytest.fixture
    def make(self):
        return self.scheduler


class TestRight(Base):
    random = True


class RunsAll(Right):
    """Right whatever the number of workers."""

    def on_report(self, report, trials):
        return [Update(report.trial, milestone=9.0)] if report.resource == 3.0 else ()


class TestRunsAll(Base):
    scheduler = RunsAll
    synchronous = True


class DependsOnTheWorkers(Right):
    def on_report(self, report, trials):
        return [Stop(report.trial)] if len(trials.pending()[0]) > 1 else ()


class TestDependsOnTheWorkers(Base):
    scheduler = DependsOnTheWorkers
    synchronous = True


class DrawsGlobally(Right):
    def on_report(self, report, trials):
        return [Stop(report.trial)] if random.random() < 0.5 else ()


class TestDrawsGlobally(Base):
    scheduler = DrawsGlobally


class DrawsFromLegacyNumpy(Right):
    def suggest(self, n, trials, now):
        np.random.rand()  # noqa: NPY002 this is what is wrong with it
        return super().suggest(n, trials, now)


class TestDrawsFromLegacyNumpy(Base):
    scheduler = DrawsFromLegacyNumpy


class Unseeded(Right):
    def __init__(self, problem, seed):
        super().__init__(problem, seed)
        self.rng = np.random.default_rng()


class TestUnseeded(Base):
    scheduler = Unseeded


class IgnoresTheSeed(Right):
    def __init__(self, problem, seed):
        super().__init__(problem, 0)


class TestIgnoresTheSeed(Base):
    scheduler = IgnoresTheSeed


class ReadsTheClock(Right):
    def on_report(self, report, trials):
        time.perf_counter()
        return super().on_report(report, trials)


class TestReadsTheClock(Base):
    scheduler = ReadsTheClock


class ForgetsItsRung(Right):
    def state_dict(self):
        return {**super().state_dict(), "rung": []}


class TestForgetsItsRung(Base):
    scheduler = ForgetsItsRung


class ForgetsItsGenerator(Right):
    def load_state_dict(self, state):
        kept = self.rng
        super().load_state_dict(state)
        self.rng = np.random.Generator(type(kept.bit_generator)(3))


class TestForgetsItsGenerator(Base):
    scheduler = ForgetsItsGenerator


class KeepsAnObject(Right):
    def state_dict(self):
        return {**super().state_dict(), "problem": self.problem}


class TestKeepsAnObject(Base):
    scheduler = KeepsAnObject


class KeysByNumber(Right):
    def state_dict(self):
        return {**super().state_dict(), "rungs": {3: list(self.rung)}}


class TestKeysByNumber(Base):
    scheduler = KeysByNumber


class ChangesTheReport(Right):
    def on_report(self, report, trials):
        report.y[:] = 0.0
        return super().on_report(report, trials)


class TestChangesTheReport(Base):
    scheduler = ChangesTheReport


class ReplaysDifferently(Right):
    count = 0  # of all its instances

    def suggest(self, n, trials, now):
        type(self).count += 1
        return [attrs.evolve(super().suggest(n, trials, now)[0], why={"count": self.count})]


class TestReplaysDifferently(Base):
    scheduler = ReplaysDifferently


class TakesTimeIntoAccount(Right):
    """Decides by a field that only this process has."""

    life = 0

    def on_report(self, report, trials):
        type(self).life += 1
        return [Stop(report.trial)] if self.life % 5 == 0 else ()


class TestTakesTimeIntoAccount(Base):
    scheduler = TakesTimeIntoAccount


class ResumesWhatRuns(Right):
    def suggest(self, n, trials, now):
        if trials.n_trials == 3:
            return [Resume(2)]
        return super().suggest(n, trials, now)


class TestResumesWhatRuns(Base):
    scheduler = ResumesWhatRuns


class StartsTooMany(Right):
    def suggest(self, n, trials, now):
        return [*super().suggest(n, trials, now), *super().suggest(n, trials, now)]


class TestStartsTooMany(Base):
    scheduler = StartsTooMany


class WaitsForNothing(Right):
    def suggest(self, n, trials, now):
        return Reply.WAIT if trials.n_trials == 5 else super().suggest(n, trials, now)


class TestWaitsForNothing(Base):
    scheduler = WaitsForNothing


class ChangesItsMind(Right):
    replied = False

    def suggest(self, n, trials, now):
        if trials.n_trials == 5 and not self.replied:
            self.replied = True
            return Reply.EXHAUSTED
        return super().suggest(n, trials, now)


class TestChangesItsMind(Base):
    scheduler = ChangesItsMind


class ActsOnEndedTrials(Right):
    def on_end(self, trial, status, trials):
        return [Stop(trial)]


class TestActsOnEndedTrials(Base):
    scheduler = ActsOnEndedTrials


class FailsOnNaN(Right):
    def on_report(self, report, trials):
        if not np.isfinite(report.y).all():
            raise ValueError("not a number")
        return super().on_report(report, trials)


class TestFailsOnNaN(Base):
    scheduler = FailsOnNaN


class GivesUpAfterAFailure(Right):
    def on_end(self, trial, status, trials):
        self.failed = status.name == "FAILED" or getattr(self, "failed", False)
        return ()

    def suggest(self, n, trials, now):
        if getattr(self, "failed", False):
            return Reply.EXHAUSTED
        return super().suggest(n, trials, now)


class TestGivesUpAfterAFailure(Base):
    scheduler = GivesUpAfterAFailure


class HoldsAView(Right):
    def on_report(self, report, trials):
        if not hasattr(self, "y"):
            self.y = trials.obs("y")
        return [Stop(report.trial)] if report.y[0] > self.y[0, 0] else ()


class TestHoldsAView(Base):
    scheduler = HoldsAView


class StartsOffTheGrid(Right):
    def point(self, trials):
        return super().point(trials) + np.array([0.0, 0.0123, 0.0, 0.0])


class TestStartsOffTheGrid(Base):
    scheduler = StartsOffTheGrid


class InventsTags(Right):
    tags = {}  # noqa: RUF012 the protocol has no ClassVar

    def suggest(self, n, trials, now):
        start = super().suggest(n, trials, now)[0]
        return [attrs.evolve(start, tags={})] if trials.n_trials < 3 else [start]


class TestInventsTags(Base):
    scheduler = InventsTags


class SkipsStartPoints(Right):
    def point(self, trials):
        self.served = 10
        return super().point(trials)


class TestSkipsStartPoints(Base):
    scheduler = SkipsStartPoints


class StopsTwice(Right):
    def on_report(self, report, trials):
        return [Stop(report.trial)] * 2


class TestStopsTwice(Base):
    scheduler = StopsTwice


SPEC = spec_of(make_scheduler("asha", curves().problem, random_seed=0))


class RefusesNothing(Right):
    """Says that it is 'asha', which does not treat several objectives."""

    component_spec = SPEC


class TestRefusesNothing(Base):
    scheduler = RefusesNothing

    def candidates(self):
        return [curves(), *all_problems()]


class LosesOptions(Right):
    component_spec = attrs.evolve(SPEC, options={"reduction_factor": 3.0})


class TestLosesOptions(Base):
    scheduler = LosesOptions


class TestLosesDocumentedOptions(Base):
    scheduler = LosesOptions
