"""The trials of an experiment, from the opening of the backend to its closing."""

from __future__ import annotations

import logging
import math
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from synecore.actions import Ended, Reported
from synecore.errors import ExperimentError
from synecore.protocols import Clock, Job, RunContext, Unfinished

from .environment import environment_of_trials, with_mark
from .guardian import Guardian, kill_survivors, run_mark
from .launcher import Launcher
from .limits import Limits
from .never_read import NeverRead
from .options import ProcessOptions
from .output import Output
from .pace import Pace
from .place import Place, Places
from .program import Program
from .running import CANNOT_BEGIN, Outcome, RunningTrial
from .starter import starter_for
from .trial_folder import TrialFolder, tidy
from .waiting_room import Waiting, WaitingRoom
from .wake_up import polling_instead, wake_up_by

logger = logging.getLogger(__name__)

_LOOK_AROUND = 1.0  # seconds after which all trials are looked at, should an event have been lost
_CLOSING = 0.002  # seconds between looks at trials that were asked to end


class Session:
    """Begins trials, those that have to wait as soon as they can, and sees them to their end.

    Args:
        run: The experiment.
        folder: Its folder, as an absolute path.
        program: What the trials run.
        options: How they run.
        places: Where they run.
        clock: For the times of events.
    """

    def __init__(
        self,
        run: RunContext,
        folder: Path,
        program: Program,
        options: ProcessOptions,
        places: Places,
        clock: Clock,
    ) -> None:
        self._problem = run.problem
        self._folder = folder
        self._options = options
        self._clock = clock
        self._running: dict[int, RunningTrial] = {}
        self._begun: dict[int, int] = {}  # trial -> attempt begun last
        self._unread: set[int] = set()  # trials whose output was read only in part
        self._events: list[Reported | Ended] = []  # not handed over yet
        self._looked_around = 0.0  # on the system's monotonic clock
        self._pace = Pace()
        self._never_read = NeverRead()
        mark = f"{run_mark(folder)}.{secrets.token_hex(4)}"  # no earlier guardian is after that
        if run.running or run.now > 0:
            kill_survivors(run_mark(folder))
            tidy(folder)
        environment = environment_of_trials(places.threads, places.visible)
        starter = starter_for(program, options.warm, with_mark(environment, f"{mark}.warm."))
        self._launcher = Launcher(program, run.problem, folder, environment, mark, starter)
        for unfinished in run.running:
            self._recover(unfinished)
        self._waiting = WaitingRoom(places)
        self._limits = Limits(options.time_limit, options.memory_limit)
        self.guardian = Guardian(mark)
        self.wake_up = wake_up_by(options.wake_up)

    def _recover(self, unfinished: Unfinished) -> None:
        """Read what a trial wrote that is not on record; its process is gone with its tuner."""
        trial = unfinished.job.trial
        self._begun[trial] = unfinished.job.attempt
        output = Output(TrialFolder(self._folder, trial).out, trial)
        reports: list[Mapping[str, Any]] = []
        if output.path.exists():
            self._launcher.outputs[trial] = output
            reports = output.read_all()
        self._note_reports(trial, reports[unfinished.n_reports :])
        self._note_end(trial, Outcome("killed", "its tuner ended while it was running"))

    def close(self) -> None:
        """End all trials, first asking and then killing."""
        self._waiting.clear()
        try:
            for running in self._running.values():
                running.process.terminate()
            deadline = time.monotonic() + self._options.stop_grace
            while time.monotonic() < deadline and not all(
                running.process.has_ended() for running in self._running.values()
            ):
                time.sleep(_CLOSING)
        finally:  # an impatient user's second Ctrl-C comes here at once
            for running in self._running.values():
                running.process.reap()
                running.output.close()
            self._launcher.close()
            self.wake_up.close()
            self.guardian.close()

    # ---- beginning ------------------------------------------------------------------------

    def start(self, job: Job) -> None:
        running = self._running.get(job.trial)
        attempt = running.job.attempt if running else self._waiting.attempt_of(job.trial)
        if attempt is not None and attempt != job.attempt:
            raise ExperimentError(
                f"trial {job.trial} is still running in attempt {attempt}; attempt {job.attempt} "
                "can start after its end"
            )
        again = self._begun.get(job.trial) == job.attempt
        if attempt is not None or (again and not job.resumes):
            return
        self._begun[job.trial] = job.attempt
        try:
            self._waiting.add(Waiting(job, self._launcher.prepare(job)))
        except CANNOT_BEGIN as error:
            self._note_end(job.trial, Outcome.not_begun(error))
        self._begin_waiting()

    def _begin_waiting(self) -> None:
        """Begin the trials that need wait no longer."""
        while (found := self._waiting.next()) is not None:
            waiting, place = found
            try:
                self._begin(waiting, place)
            except CANNOT_BEGIN as error:
                self._undo(waiting, place)
                self._note_end(waiting.job.trial, Outcome.not_begun(error))
            except BaseException:
                self._undo(waiting, place)
                raise

    def _begin(self, waiting: Waiting, place: Place) -> None:
        trial = waiting.job.trial
        running = self._launcher.launch(waiting.job, waiting.copy, place)
        self._running[trial] = running
        self.guardian.add(running.process.pid)
        self._limits.begin(trial, running.process.pid)
        try:
            self.wake_up.watch(trial, running.output, running.process)
        except OSError as error:
            logger.warning("%s; the output of trials is looked at in intervals from now on", error)
            watched = [(t, r.output, r.process) for t, r in self._running.items()]
            self.wake_up = polling_instead(self.wake_up, watched)

    def _undo(self, waiting: Waiting, place: Place) -> None:
        """Forget a trial of which not everything could be begun."""
        if waiting.copy is not None:
            waiting.copy.abandon()
        half_begun = self._running.pop(waiting.job.trial, None)
        if half_begun is not None:
            half_begun.end()
            self._limits.end(waiting.job.trial)
        self._waiting.leave(place)

    # ---- ending ---------------------------------------------------------------------------

    def stop(self, trial: int, *, keep_checkpoint: bool) -> None:
        """Ask a trial to end, and go on; poll() kills it if it has not ended in time."""
        if not keep_checkpoint:
            TrialFolder(self._folder, trial).mark_stopped()
        running = self._running.get(trial)
        if running is not None:
            running.final |= not keep_checkpoint
            running.stop(self._options.stop_grace)
            return
        if self._waiting.remove(trial):
            self._note_end(trial, Outcome("killed"))
        if not keep_checkpoint and self._options.delete_checkpoints:
            self.delete_checkpoint(trial)

    def delete_checkpoint(self, trial: int) -> None:
        """Remove a trial's checkpoint, once no other trial's copy of it is being made."""
        self._waiting.copied(trial)
        TrialFolder(self._folder, trial).delete_checkpoint()

    def _end(self, running: RunningTrial) -> None:
        job = running.job
        self.wake_up.unwatch(job.trial)
        never_read = running.output.unread()
        outcome = running.end()
        if outcome.exit == "ok":
            self._never_read.note(job.trial, never_read)
        del self._running[job.trial]
        self._limits.end(job.trial)
        self.guardian.remove(running.process.pid, running.mark)
        self._waiting.leave(running.place, running.process.pid)
        fidelity = self._problem.fidelity
        completed = outcome.exit == "ok" and (fidelity is None or job.until >= fidelity.high)
        if self._options.delete_checkpoints and (running.final or completed):
            self.delete_checkpoint(job.trial)
        self._note_end(job.trial, outcome)

    # ---- events ---------------------------------------------------------------------------

    def poll(self, timeout: float) -> Sequence[Reported | Ended]:
        deadline = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            wait = 0.0 if self._events or self._unread else deadline - now
            ready = self.wake_up.wait(max(min(wait, self._next_look() - now), 0.0)) | self._unread
            self._unread = {trial for trial in sorted(ready) if self._look_at(trial)}
            self._look_around()
            self._begin_waiting()
            if self._events or time.monotonic() >= deadline:
                events, self._events = self._events, []
                return events
            if ready and not self._unread:
                self._pace.pause()

    def _look_at(self, trial: int) -> bool:
        """Take note of a trial's reports, and of its end; return if there is more to read."""
        running = self._running.get(trial)
        if running is None:
            return False
        reports, more, over = running.look()
        self._note_reports(trial, reports)
        if over:
            self._end(running)
        return more

    def _look_around(self) -> None:
        """Do what is due although no trial wrote or ended."""
        for trial, limit in self._limits.passed().items():
            self._running[trial].give_up(limit, self._options.stop_grace)
        now = time.monotonic()
        for running in self._running.values():
            running.kill_if_overdue(now)
        if now - self._looked_around >= _LOOK_AROUND:
            self._looked_around = now
            self._unread.update(self._running)

    def _next_look(self) -> float:
        """Return when something is due although no trial wrote or ended."""
        return min(
            self._looked_around + _LOOK_AROUND,
            min((running.kill_at for running in self._running.values()), default=math.inf),
            self._limits.next_look(),
            self._waiting.next_look(),
        )

    def _note_reports(self, trial: int, reports: Sequence[Mapping[str, Any]]) -> None:
        if reports:
            now = self._clock.now()
            self._events += [Reported(at=now, trial=trial, metrics=metrics) for metrics in reports]

    def _note_end(self, trial: int, outcome: Outcome) -> None:
        self._events.append(Ended(at=self._clock.now(), trial=trial, **attrs.asdict(outcome)))
