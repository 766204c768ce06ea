"""Conformance of schedulers.

class TestMine(SchedulerSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: make_scheduler("mine", problem, random_seed=seed)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import attrs
import numpy as np
import pytest

from synecore.actions import (
    DropCheckpoint,
    Pause,
    Reply,
    Resume,
    Start,
    Started,
    Status,
    Stop,
    Update,
)
from synecore.testing.driving import TROUBLES, Driven, backend_for, drive
from synecore.testing.equality import difference
from synecore.testing.problems import KnownProblem, all_problems, branin, curves, finite
from synecore.testing.recording import BorrowedView, Call, RecordedScheduler, Recorder
from synecore.testing.suites.component import SEED, ComponentSuite, Make, accepts
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine
from synecore.tuning.replay import replay

ENDED = (Status.STOPPED, Status.COMPLETED, Status.FAILED)


class SchedulerSuite(ComponentSuite):
    """Every check of section 13 for a scheduler.

    Attributes:
        batch: Ask for several trials at once, as a scheduler for batches wants it.
        n_trials: Trials a run may start.
        synchronous: Whether what is tried, and how far, must not depend on the number of workers.
    """

    kind: ClassVar[str] = "scheduler"
    batch: ClassVar[bool] = False
    n_trials: ClassVar[int] = 16
    synchronous: ClassVar[bool] = False

    def candidates(self) -> Sequence[KnownProblem]:
        return [curves(), curves(attr=True), branin(), *all_problems()]

    def play(self, recorder: Recorder, known: KnownProblem) -> None:
        self.run(recorder, known)

    def run(
        self,
        recorder: Recorder,
        known: KnownProblem,
        *,
        n_workers: int = 4,
        trouble: str = "",
        view: Any = lambda table: table,
        **limits: Any,
    ) -> Driven:
        """Run the recorder's scheduler on a problem."""
        limits.setdefault("max_trials", self.n_trials)
        return drive(
            RecordedScheduler(recorder, view),
            backend_for(known, trouble=trouble),
            n_workers=n_workers,
            batch=self.batch,
            **limits,
        )

    def driven(self, make: Make, known: KnownProblem, **how: Any) -> tuple[Driven, list[Call]]:
        recorder = Recorder(make(known.problem, SEED))
        return self.run(recorder, known, **how), recorder.calls

    # ---- decisions ------------------------------------------------------------------------

    def test_the_journal_folds_to_the_table_and_replays(
        self, make: Make, known: KnownProblem
    ) -> None:
        driven, _ = self.driven(make, known)
        folded = TrialTable(known.problem, make(known.problem, SEED).tags)
        for event in driven.events:
            folded.apply(event)
        assert difference(driven.table, folded, "the folded table") == ""
        fresh = make(known.problem, SEED)
        assert replay(Engine(fresh, TrialTable(known.problem, fresh.tags)), driven.events) == []

    def test_never_two_starts_of_one_trial(self, make: Make, known: KnownProblem) -> None:
        driven, calls = self.driven(make, known)
        started = [event.trial for event in driven.events if isinstance(event, Started)]
        assert started == list(range(len(started)))
        for call in calls:
            for resumed in [a for a in answered(call) if isinstance(a, Resume)]:
                assert status(call, resumed.trial) is Status.PAUSED, f"{resumed} is not paused"

    def test_answers_hold_at_least_one_start_and_no_more_than_asked(
        self, make: Make, known: KnownProblem
    ) -> None:
        _, calls = self.driven(make, known)
        for call in [call for call in calls if call.method == "suggest"]:
            if not isinstance(call.answer, Reply):
                assert 1 <= len(call.answer) <= call.args[0]
                assert all(isinstance(item, Start | Resume) for item in call.answer)

    def test_starts_lie_in_the_space(self, make: Make, known: KnownProblem) -> None:
        driven, calls = self.driven(make, known)
        space = known.problem.space
        starts = [a for call in calls for a in answered(call) if isinstance(a, Start)]
        assert starts, "nothing was started"
        for start in starts:
            row = start.x[None]
            assert difference(space.snap(row), row, "a started point, snapped,") == ""
            assert space.feasible(row).all()
        assert all(space.contains(config) for config in driven.table.configs)

    def test_waits_only_while_something_runs(self, make: Make, known: KnownProblem) -> None:
        for n_workers in (1, 4):
            _, calls = self.driven(make, known, n_workers=n_workers, max_trials=30)
            for call in calls:
                if call.answer is Reply.WAIT:
                    assert call.args[1].n_busy > 0, "WAIT although nothing is queued or runs"

    def test_exhausted_stays_exhausted(self, make: Make, known: KnownProblem) -> None:
        small = finite() if accepts(make, finite()) else known
        recorder = Recorder(make(small.problem, SEED))
        driven = self.run(recorder, small, max_trials=30)
        replies = [call.answer for call in recorder.calls if call.method == "suggest"]
        if Reply.EXHAUSTED in replies:
            after = replies[replies.index(Reply.EXHAUSTED) :]
            assert set(map(str, after)) == {str(Reply.EXHAUSTED)}, "started more after EXHAUSTED"
        if not driven.exhausted:  # an endless supply of points, repeated ones included
            assert driven.table.n_trials == 30
            return
        for _ in range(3):
            now = driven.table.value("ended", 0) + 1.0
            assert recorder.call("suggest", 1, driven.table, now) is Reply.EXHAUSTED

    @pytest.mark.parametrize("trouble", TROUBLES)
    def test_survives_failed_nan_late_and_repeated_reports(
        self, make: Make, known: KnownProblem, trouble: str
    ) -> None:
        driven, calls = self.driven(make, known, trouble=trouble)
        assert driven.table.n_busy == 0
        assert driven.table.n_trials >= min(self.n_trials, known.problem.space.size or 10**9)
        assert had(trouble, driven.table), "no trial was in this trouble"
        again_driven, again_calls = self.driven(make, known, trouble=trouble)
        assert self.differs(calls, again_calls) == ""
        assert difference(driven.table, again_driven.table, "the table") == ""

    @pytest.mark.parametrize("n_workers", [1, 2, 7])
    def test_one_worker_and_many(self, make: Make, known: KnownProblem, n_workers: int) -> None:
        driven, _ = self.driven(make, known, n_workers=n_workers)
        assert driven.table.n_busy == 0
        assert most_at_once(driven, make(known.problem, SEED).tags) <= n_workers
        ended = driven.table.trial("status") >= Status.PAUSED
        assert ended.all()

    def test_one_worker_and_many_end_alike_in_the_synchronous_case(
        self, make: Make, known: KnownProblem
    ) -> None:
        if not self.synchronous:
            return
        outcomes = []
        for n_workers in (1, 2, 7):
            driven, _ = self.driven(make, known, n_workers=n_workers)
            columns = [driven.table.trial(name) for name in ("x", "status", "reached")]
            outcomes.append(sorted(zip(*(column.tolist() for column in columns), strict=True)))
        assert outcomes[0] == outcomes[1] == outcomes[2]

    def test_never_acts_on_an_ended_trial(self, make: Make, known: KnownProblem) -> None:
        for trouble in ("", "failed", "late"):
            _, calls = self.driven(make, known, trouble=trouble)
            for call in calls:
                if call.method == "suggest":
                    continue
                for action in call.answer:
                    now = status(call, action.trial)
                    if isinstance(action, DropCheckpoint):
                        assert now > Status.STOPPING, f"{action} of a trial that is {now.name}"
                    elif isinstance(action, Stop):
                        assert now not in (Status.STOPPING, *ENDED), f"{action} is {now.name}"
                    elif isinstance(action, Pause | Update):
                        assert now <= Status.RUNNING, f"{action} of a trial that is {now.name}"

    def test_holds_no_view_across_a_growth_of_the_table(
        self, make: Make, known: KnownProblem
    ) -> None:
        plain = self.calls(make, known)
        recorder = Recorder(make(known.problem, SEED))
        self.run(recorder, known, view=BorrowedView().of)
        assert self.differs(plain, recorder.calls) == "", "arrays of an earlier call were kept"

    def test_tags_are_numbers_of_declared_columns(self, make: Make, known: KnownProblem) -> None:
        _, calls = self.driven(make, known)
        declared = set(make(known.problem, SEED).tags)
        for call in calls:
            for item in answered(call):
                assert set(getattr(item, "tags", {})) <= declared

    def test_serves_start_points_first(self, make: Make, known: KnownProblem) -> None:
        space = known.problem.space
        points = space.decode(space.snap(space.encode([known.best_config])))
        from_user = [{k: v for k, v in p.items() if k not in space.constants} for p in points]
        problem = with_start_points(known, from_user)
        driven, _ = self.driven(make, problem, max_trials=3)
        first = {k: v for k, v in driven.table.configs[0].items() if k not in space.constants}
        assert first == from_user[0]


def had(trouble: str, table: TrialTable) -> bool:
    """Whether some trial was in trouble; late and repeated reports depend on the scheduler."""
    if trouble in ("failed", "text"):
        return bool((table.trial("status") == Status.FAILED).any())
    if trouble == "nan":
        return not np.isfinite(table.obs("y")).all()
    return trouble != "silent" or bool((table.trial("reports") == 0).any())


def answered(call: Call) -> Iterator[Any]:
    """The starts, resumptions and actions of an answer."""
    if not isinstance(call.answer, Reply):
        yield from call.answer


def status(call: Call, trial: int) -> Status:
    """Of a trial when the call was made."""
    table = next(arg for arg in call.args if isinstance(arg, TrialTable))
    return table.status(trial)


def most_at_once(driven: Driven, tags: Mapping[str, str]) -> int:
    """The largest number of workers that were busy at one time."""
    table = TrialTable(driven.table.problem, tags)
    busiest = 0
    for event in driven.events:
        table.apply(event)
        busiest = max(busiest, table.n_busy)
    return busiest


def with_start_points(known: KnownProblem, points: Sequence[Any]) -> KnownProblem:
    problem = attrs.evolve(known.problem, start_points=tuple(points))
    return attrs.evolve(known, problem=problem)
