"""Conformance of backends.

    class TestMine(BackendSuite):
        @pytest.fixture
        def make(self, tmp_path):
            script = write_worker(tmp_path)
            return lambda: make_backend("mine", entry_point=script)

`make` returns a function that builds a new backend. Its trials must run the conformance worker,
which does as its configuration says: `synecore.testing.workers` has it as a script
(`write_worker`), as a function (`work`) and as an evaluation (`evaluate`). On a virtual clock a
step should take a hundredth of a second, since what should not happen is given three tenths.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import pytest

from synecore.actions import Ended
from synecore.protocols import Backend, Unfinished
from synecore.testing.suites.options import OptionSuite
from synecore.testing.suites.watched import Watched
from synecore.testing.workers import CRASH

MakeBackend: TypeAlias = Callable[[], Backend]


class BackendSuite(OptionSuite):
    """Every check of section 13 for a backend.

    Attributes:
        patience: Real seconds within which what should happen must happen.
        checkpoints: Whether trials of this backend keep checkpoints.
        keeps_reports: Whether a report is found again that the tuner was lost before recording.
        decides: Which reports the scheduler wants to see; with "milestones" there may be blocks.
    """

    patience: ClassVar[float] = 20.0
    checkpoints: ClassVar[bool] = True
    keeps_reports: ClassVar[bool] = True
    decides: ClassVar[Literal["reports", "milestones"]] = "reports"

    @pytest.fixture
    def make(self) -> MakeBackend:
        raise NotImplementedError(
            f"{type(self).__name__} needs a fixture `make` that returns a function without "
            "arguments which builds a backend whose trials run the conformance worker"
        )

    @pytest.fixture
    def component(self, make: MakeBackend) -> Any:
        return make()

    @pytest.fixture
    def watched(self, make: MakeBackend, tmp_path: Path) -> Iterator[Watched]:
        """An open backend in a folder of its own."""
        watched = Watched(make(), tmp_path / "experiment", self.patience, self.decides)
        yield watched
        watched.backend.close()

    # ---- starts and ends ------------------------------------------------------------------

    def test_every_start_ends_once(self, watched: Watched) -> None:
        for trial in range(3):
            watched.start(trial, n=trial + 1)
        watched.until_ended(0, 1, 2)
        watched.idle()
        assert sorted(watched.ends) == [0, 1, 2]
        assert set(watched.exits.values()) == {"ok"}

    def test_a_trial_without_a_report_ends_too(self, watched: Watched) -> None:
        watched.start(0, n=0)
        watched.until_ended(0)
        assert watched.steps(0) == []
        assert watched.exits[0] == "ok"

    def test_starting_again_begins_nothing(self, watched: Watched) -> None:
        watched.start(0, hang_at=3)
        watched.until(lambda: len(watched.steps(0)) == 2)
        watched.start(0, hang_at=3)
        watched.idle()
        assert watched.steps(0) == [1, 2]
        watched.backend.stop(0, keep_checkpoint=False)
        watched.until_ended(0)
        assert watched.ends == [0]

    def test_trials_run_side_by_side(self, watched: Watched) -> None:
        watched.start(0, hang_at=1)
        watched.start(1, n=2)
        watched.until_ended(1)
        assert watched.ends == [1]
        assert watched.steps(1) == [1, 2]

    # ---- reports --------------------------------------------------------------------------

    def test_reports_in_order_none_lost_none_twice(self, watched: Watched) -> None:
        for trial in range(3):
            watched.start(trial)
        watched.until_ended(0, 1, 2)
        for trial in range(3):
            reports = watched.reports(trial)
            assert [r.metrics["step"] for r in reports] == list(range(1, 9))
            assert [r.metrics["loss"] for r in reports] == [1 / step for step in range(1, 9)]

    def test_a_trial_ends_after_its_reports(self, watched: Watched) -> None:
        watched.start(0, n=3)
        watched.until_ended(0)
        assert isinstance(watched.events[-1], Ended)

    def test_times_do_not_run_backwards(self, watched: Watched) -> None:
        begun = watched.backend.clock.now()
        watched.start(0, n=4, sleep=0.01)
        watched.until_ended(0)
        times = [event.at for event in watched.events]
        assert times == sorted(times)
        assert begun <= times[0]
        assert times[-1] <= watched.backend.clock.now()

    def test_poll_returns_in_time_when_nothing_happens(self, watched: Watched) -> None:
        watched.start(0, hang_at=1)
        watched.idle()
        before, began = watched.backend.clock.now(), time.monotonic()
        assert list(watched.backend.poll(0.2)) == []
        assert watched.backend.clock.now() >= before + 0.19
        assert time.monotonic() - began < self.patience

    def test_poll_returns_as_soon_as_something_happens(self, watched: Watched) -> None:
        watched.start(0, n=1)
        began = time.monotonic()
        while not watched.events:
            watched.take(self.patience)
        assert time.monotonic() - began < self.patience / 2

    # ---- stopping -------------------------------------------------------------------------

    def test_stop_is_idempotent(self, watched: Watched) -> None:
        watched.start(0, hang_at=2)
        watched.until(lambda: watched.steps(0) == [1])
        for _ in range(2):
            watched.backend.stop(0, keep_checkpoint=True)
        watched.until_ended(0)
        watched.backend.stop(0, keep_checkpoint=True)
        watched.backend.stop(0, keep_checkpoint=False)
        watched.idle()
        assert watched.ends == [0]
        assert watched.exits[0] == "killed"

    def test_a_trial_may_be_stopped_before_it_reports(self, watched: Watched) -> None:
        watched.start(0, hang_at=1)
        watched.backend.stop(0, keep_checkpoint=False)
        watched.until_ended(0)
        assert watched.ends == [0]

    def test_stopping_one_leaves_the_others_alone(self, watched: Watched) -> None:
        watched.start(0, hang_at=2)
        watched.start(1, n=8, sleep=0.02)
        watched.backend.stop(0, keep_checkpoint=False)
        watched.until_ended(0, 1)
        assert watched.steps(1) == list(range(1, 9))

    def test_may_be_closed_twice_and_while_trials_run(self, watched: Watched) -> None:
        watched.start(0, hang_at=1)
        watched.backend.close()
        watched.backend.close()

    # ---- crashes --------------------------------------------------------------------------

    def test_a_crash_is_failed_with_its_log(self, watched: Watched) -> None:
        watched.start(0, crash_at=3)
        watched.start(1, n=2)
        watched.until_ended(0, 1)
        assert watched.steps(0) == [1, 2]
        assert watched.exits == {0: "failed", 1: "ok"}
        assert f"{CRASH} 3" in watched.end(0).error

    def test_a_failed_trial_can_be_tried_again(self, watched: Watched) -> None:
        watched.start(0, crash_at=3)
        watched.until_ended(0)
        watched.start(0, n=4, resumes=True, attempt=1)
        watched.until_ended(0, 0)
        assert watched.exits[0] == "ok"
        assert watched.steps(0)[-1] == 4

    # ---- checkpoints ----------------------------------------------------------------------

    def test_a_resumed_trial_goes_on_from_its_checkpoint(self, watched: Watched) -> None:
        watched.start(0, n=2)
        watched.until_ended(0)
        watched.start(0, n=4, resumes=True)
        watched.until_ended(0, 0)
        assert watched.steps(0) == ([1, 2, 3, 4] if self.checkpoints else [1, 2, 1, 2, 3, 4])

    def test_a_paused_trial_keeps_its_checkpoint(self, watched: Watched) -> None:
        watched.start(0, hang_at=4)
        watched.until(lambda: watched.steps(0) == [1, 2, 3])
        watched.backend.stop(0, keep_checkpoint=True)
        watched.until_ended(0)
        watched.start(0, n=5, resumes=True)
        watched.until_ended(0, 0)
        if self.checkpoints:
            assert watched.steps(0)[3:] == [4, 5]

    def test_a_checkpoint_is_copied_for_a_child(self, watched: Watched) -> None:
        watched.start(0, n=3)
        watched.until_ended(0)
        watched.start(1, n=5, checkpoint_of=0)
        watched.until_ended(0, 1)
        watched.start(0, n=4, resumes=True)
        watched.until_ended(0, 0, 1)
        if self.checkpoints:
            assert watched.steps(1) == [4, 5]
            assert watched.steps(0) == [1, 2, 3, 4], "the parent goes on from its own checkpoint"

    def test_a_deleted_checkpoint_is_gone(self, watched: Watched) -> None:
        watched.start(0, n=2)
        watched.until_ended(0)
        watched.backend.delete_checkpoint(0)
        watched.backend.delete_checkpoint(0)
        watched.start(0, n=3, resumes=True)
        watched.until_ended(0, 0)
        assert watched.steps(0) == [1, 2, 1, 2, 3]

    # ---- resumption of the experiment -----------------------------------------------------

    def test_after_a_restart_reports_go_on_where_the_record_ends(
        self, make: MakeBackend, watched: Watched, tmp_path: Path
    ) -> None:
        job = watched.start(0, n=6, hang_at=5)
        watched.until(lambda: watched.steps(0) == [1, 2, 3, 4])
        now = watched.backend.clock.now()
        watched.backend.close()
        # Two reports were on record when the tuner was lost.
        unfinished = Unfinished(job=job, since=0.0, n_reports=2, stopping=False)
        folder = tmp_path / "experiment"
        resumed = Watched(
            make(), folder, self.patience, self.decides, now=now, running=(unfinished,)
        )
        try:
            if self.keeps_reports:
                resumed.until(lambda: len(resumed.steps(0)) == 2)
            resumed.idle()
            resumed.backend.stop(0, keep_checkpoint=True)
            resumed.until_ended(0)
            resumed.idle()
        finally:
            resumed.backend.close()
        assert resumed.steps(0) == ([3, 4] if self.keeps_reports else [])
        assert resumed.ends == [0]
        assert all(event.at >= 0.0 for event in resumed.events)
