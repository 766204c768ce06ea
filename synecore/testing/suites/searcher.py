"""Conformance of searchers.

class TestMine(SearcherSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_searcher("mine", problem, seed=seed)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import attrs
import numpy as np
import pytest

from synecore.actions import Reply, Start
from synecore.problem import Problem, TrialView
from synecore.protocols import Proposal
from synecore.testing.driving import Driven, backend_for, drive
from synecore.testing.equality import difference
from synecore.testing.problems import (
    KnownProblem,
    all_problems,
    branin,
    conditional,
    curves,
    finite,
)
from synecore.testing.recording import BorrowedView, Call, Recorder
from synecore.testing.suites.component import SEED, ComponentSuite, Make, accepts
from synecore.trials import TrialTable


class SearcherSuite(ComponentSuite):
    """Every check of section 13 for a searcher.

    Attributes:
        n_trials: Trials of a run.
        repeats: Whether a point may be proposed again that was tried or is pending. A space with
            finitely many configurations does not run out then.
    """

    kind: ClassVar[str] = "searcher"
    n_trials: ClassVar[int] = 14
    repeats: ClassVar[bool] = False

    def candidates(self) -> Sequence[KnownProblem]:
        return [curves(), branin(), *all_problems()]

    def play(self, recorder: Recorder, known: KnownProblem) -> None:
        self.run(recorder, known)

    def run(self, recorder: Recorder, known: KnownProblem, **how: Any) -> Driven:
        """Let the recorder's searcher feed a plain scheduler with four workers."""
        trouble = how.pop("trouble", "")
        how.setdefault("max_trials", self.n_trials)
        scheduler = AsksSearcher(recorder, known.problem, **how.pop("asks", {}))
        return drive(scheduler, backend_for(known, trouble=trouble), **how)

    # ---- proposals ------------------------------------------------------------------------

    @pytest.mark.parametrize("other", all_problems(), ids=lambda known: known.name)
    def test_points_lie_in_the_space_and_are_snapped(self, make: Make, other: KnownProblem) -> None:
        if not accepts(make, other):
            return
        space = other.problem.space
        proposals = [p for call in self.calls(make, other) for p in call.answer]
        assert proposals, "nothing was proposed"
        for proposal in proposals:
            row = np.asarray(proposal.x, dtype=float)[None]
            assert row.shape == (1, len(space.names))
            assert difference(space.snap(row), row, "a proposed point, snapped,") == ""
            assert space.feasible(row).all(), f"{space.decode(row)[0]} breaks a constraint"
            assert space.contains(space.decode(row)[0])
            assert difference(~np.isnan(row), space.active(row), "the active columns") == ""

    @pytest.mark.parametrize("n", [1, 3, 8])
    def test_gives_no_more_points_than_asked_and_all_are_distinct(
        self, make: Make, known: KnownProblem, n: int
    ) -> None:
        proposals = make(known.problem, SEED).propose(n, TrialTable(known.problem))
        assert 1 <= len(proposals) <= n
        assert len({np.asarray(p.x).tobytes() for p in proposals}) == len(proposals)

    def test_proposes_with_no_data(self, make: Make, known: KnownProblem) -> None:
        problem = without_start_points(known.problem)
        proposals = make(problem, SEED).propose(1, TrialTable(problem), resource=level(problem))
        assert len(proposals) == 1
        assert isinstance(proposals[0], Proposal)

    def test_finite_spaces_run_out_once(self, make: Make) -> None:
        if self.repeats or not accepts(make, finite()):
            return
        recorder = Recorder(make(finite().problem, SEED))
        driven = self.run(recorder, finite(), max_trials=40)
        size = finite().problem.space.size
        x = driven.table.trial("x")
        assert len({row.tobytes() for row in x}) == len(x) == size
        assert driven.exhausted
        assert list(recorder.component.propose(1, driven.table)) == []

    def test_pending_points_are_not_proposed_again(self, make: Make, known: KnownProblem) -> None:
        if self.repeats:
            return
        for number, call in enumerate(self.calls(make, known)):
            table = next(arg for arg in call.args if isinstance(arg, TrialTable))
            pending = {row.tobytes() for row in table.trial("x")[table.pending()[0]]}
            for proposal in call.answer:
                assert np.asarray(proposal.x).tobytes() not in pending, f"in proposal {number}"

    def test_serves_start_points_first(self, make: Make, known: KnownProblem) -> None:
        calls = self.calls(make, known)
        space = known.problem.space
        first = space.snap(space.encode([known.problem.start_points[0]]))[0]
        assert difference(first, calls[0].answer[0].x, "the first proposal") == ""

    @pytest.mark.parametrize("trouble", ["failed", "nan", "silent"])
    def test_survives_failed_and_nan_trials(
        self, make: Make, known: KnownProblem, trouble: str
    ) -> None:
        driven = self.run(Recorder(make(known.problem, SEED)), known, trouble=trouble)
        assert driven.table.n_trials >= min(self.n_trials, known.problem.space.size or 10**9)

    def test_holds_no_view_across_a_growth_of_the_table(
        self, make: Make, known: KnownProblem
    ) -> None:
        plain = self.calls(make, known)
        recorder = Recorder(make(known.problem, SEED))
        self.run(recorder, known, asks={"view": BorrowedView().of})
        assert self.differs(plain, recorder.calls) == "", "arrays of an earlier call were kept"

    def test_conditional_points_leave_inactive_parameters_out(self, make: Make) -> None:
        if not accepts(make, conditional()):
            return
        for call in self.calls(make, conditional()):
            for proposal in call.answer:
                config = conditional().problem.space.decode(np.asarray(proposal.x)[None])[0]
                assert ("depth" in config) == (config["model"] == "tree")
                assert ("rate" in config) == (config["model"] == "net")

    def comparable(self, call: Call, answer: Any) -> Any:
        """Points and tags; `why` is for people."""
        return [(np.asarray(p.x), dict(p.tags)) for p in answer]


class AsksSearcher:
    """A scheduler that starts whatever the searcher proposes, to three different resources.

    Every third time it asks twice and takes the second answer: a proposal is no promise.
    """

    decides: Literal["reports", "milestones"] = "reports"

    def __init__(self, recorder: Recorder, problem: Problem, view: Any = lambda t: t) -> None:
        self.problem = problem
        self.tags: Mapping[str, str] = getattr(recorder.component, "tags", {})
        self._recorder = recorder
        self._view = view

    def suggest(self, n: int, trials: TrialView, now: float) -> Any:
        until = self._until(trials.n_trials)
        resource = None if math.isinf(until) else until
        for _ in range(2 if trials.n_trials % 3 == 2 else 1):
            proposals = self._recorder.call("propose", n, self._view(trials), resource=resource)
            if not proposals:
                return Reply.EXHAUSTED
        return [Start(p.x, until=until, tags=p.tags) for p in proposals]

    def _until(self, trial: int) -> float:
        fidelity = self.problem.fidelity
        if fidelity is None:
            return math.inf
        return float([fidelity.low, min(3.0, fidelity.high), fidelity.high][trial % 3])

    def on_report(self, report: Any, trials: TrialView) -> Any:
        return ()

    def on_end(self, trial: int, status: Any, trials: TrialView) -> Any:
        return ()

    def state_dict(self) -> Any:
        return {}

    def load_state_dict(self, state: Any) -> None:
        pass


def level(problem: Problem) -> float | None:
    """The resource that a searcher is asked for."""
    return None if problem.fidelity is None else problem.fidelity.low


def without_start_points(problem: Problem) -> Problem:
    return attrs.evolve(problem, start_points=())
