"""Searchers that are wrong in one way each, and one that is right; see test_searcher_suite.py."""

from __future__ import annotations

import time

import numpy as np
import pytest

from synecore import seeds
from synecore.protocols import Proposal
from synecore.testing import SearcherSuite
from synecore.tuning.queue import PointQueue


class Right:
    """New points at random, until a finite space is used up."""

    tags = {}  # noqa: RUF012 the protocol has no ClassVar

    def __init__(self, problem, seed):
        self.space = problem.space
        self.rng = seeds.stream(seeds.sequence(seed), "searcher/initial")

    def draw(self, trials):
        return self.space.snap(self.space.sample(16, self.rng))

    def propose(self, n, trials, *, resource=None):
        proposals = []
        for _ in range(8):
            if len(proposals) == n:
                break
            X = self.draw(trials)
            for x in X[~trials.seen(X)]:
                if len(proposals) < n and all(x.tobytes() != p.x.tobytes() for p in proposals):
                    proposals.append(Proposal(x))
        return proposals

    def state_dict(self):
        return {"rng": seeds.state_of(self.rng)}

    def load_state_dict(self, state):
        seeds.restore(self.rng, state["rng"])


class Base(SearcherSuite):
    searcher = Right

    @pytest.fixture
    def make(self):
        return lambda problem, seed: PointQueue(self.searcher(problem, seed), problem.space)


class TestRight(Base):
    random = True


class LeavesTheSpace(Right):
    def propose(self, n, trials, *, resource=None):
        return [Proposal(p.x + 1.5) for p in super().propose(n, trials)]


class TestLeavesTheSpace(Base):
    searcher = LeavesTheSpace


class ForgetsToSnap(Right):
    def draw(self, trials):
        X = self.space.sample(16, self.rng)
        return np.where(self.space.is_categorical, X, self.rng.random(X.shape))


class TestForgetsToSnap(Base):
    searcher = ForgetsToSnap


class BreaksConstraints(Right):
    def draw(self, trials):
        return self.space.snap(self.rng.random((16, len(self.space.names))))


class TestBreaksConstraints(Base):
    searcher = BreaksConstraints


class FillsInactiveParameters(Right):
    def propose(self, n, trials, *, resource=None):
        return [Proposal(np.nan_to_num(p.x)) for p in super().propose(n, trials)]


class TestFillsInactiveParameters(Base):
    searcher = FillsInactiveParameters


class GivesTooMany(Right):
    def propose(self, n, trials, *, resource=None):
        return super().propose(n + 1, trials)


class TestGivesTooMany(Base):
    searcher = GivesTooMany


class RepeatsWithinAnAnswer(Right):
    def propose(self, n, trials, *, resource=None):
        return super().propose(1, trials) * n


class TestRepeatsWithinAnAnswer(Base):
    searcher = RepeatsWithinAnAnswer


class NeedsData(Right):
    def propose(self, n, trials, *, resource=None):
        best = np.nanargmin(trials.obs("y")[:, 0])
        assert best >= 0
        return super().propose(n, trials)


class TestNeedsData(Base):
    searcher = NeedsData


class NeverRunsOut(Right):
    def propose(self, n, trials, *, resource=None):
        return [Proposal(x) for x in self.draw(trials)[:n]]


class TestNeverRunsOut(Base):
    searcher = NeverRunsOut


class GivesUpEarly(Right):
    def propose(self, n, trials, *, resource=None):
        return super().propose(n, trials) if trials.n_trials < 7 else []


class TestGivesUpEarly(Base):
    searcher = GivesUpEarly


class RepeatsPendingPoints(Right):
    def propose(self, n, trials, *, resource=None):
        rows, _ = trials.pending()
        if len(rows):
            return [Proposal(trials.trial("x")[rows[0]].copy())]
        return super().propose(n, trials)


class TestRepeatsPendingPoints(Base):
    searcher = RepeatsPendingPoints


class TestServesNoStartPoints(Base):
    @pytest.fixture
    def make(self):
        return Right


class FailsAfterAFailure(Right):
    def propose(self, n, trials, *, resource=None):
        y = trials.obs("y")[:, 0]
        if len(y) and not np.isfinite(y).all():
            raise ValueError("cannot fit")
        return super().propose(n, trials)


class TestFailsAfterAFailure(Base):
    searcher = FailsAfterAFailure


class HoldsAView(Right):
    """Draws near the best of the observations that it saw first."""

    y = None

    def propose(self, n, trials, *, resource=None):
        if self.y is None and trials.n_obs:
            self.y = trials.obs("y")
        if self.y is not None and np.nansum(self.y) == 0.0:
            return []
        return super().propose(n, trials)


class TestHoldsAView(Base):
    searcher = HoldsAView


class WritesIntoTheTable(Right):
    def propose(self, n, trials, *, resource=None):
        trials._trials["x"][: trials.n_trials] += 0.25
        return super().propose(n, trials)


class TestWritesIntoTheTable(Base):
    searcher = WritesIntoTheTable


class CachesABlock(Right):
    """Draws in blocks, and leaves the block out of its state."""

    block = None

    def draw(self, trials):
        if self.block is None or not len(self.block):
            self.block = super().draw(trials)
        drawn, self.block = self.block[:6], self.block[6:]
        return drawn


class TestCachesABlock(Base):
    searcher = CachesABlock


class RemembersItsLastAnswer(Right):
    """Starts from its last answer where nothing new was observed, and leaves that out too."""

    last = None

    def propose(self, n, trials, *, resource=None):
        asked_again = self.last is not None and self.last[0] == trials.n_obs
        jump = self.last[1] if asked_again else 1
        for _ in range(jump):
            answer = super().propose(n, trials)
        self.last = (trials.n_obs, jump + 1)
        return answer


class TestRemembersItsLastAnswer(Base):
    searcher = RemembersItsLastAnswer


class TimesItself(Right):
    def propose(self, n, trials, *, resource=None):
        until = time.monotonic() + 1e-4
        answer = super().propose(n, trials)
        return answer if time.monotonic() > until - 1.0 else []


class TestTimesItself(Base):
    searcher = TimesItself
