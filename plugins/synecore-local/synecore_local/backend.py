"""Trials as subprocesses on this machine."""

from __future__ import annotations

import errno
import functools
import logging
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from synecore.actions import Ended, Reported
from synecore.errors import ExperimentError, TrialError
from synecore.plugins.hookspecs import Setup
from synecore.protocols import Job, RunContext, Unfinished
from synecore.tuning.clock import WallClock

from .devices import devices_of_trials
from .environment import environment_of_trials
from .function import Function
from .guardian import Guardian, kill_survivors, run_mark
from .launcher import Launcher
from .limits import Limits
from .options import FunctionOptions, LocalOptions, ProcessOptions
from .output import Output
from .pace import Pace
from .place import Place, Places
from .program import Program, Script
from .running import Outcome, RunningTrial
from .trial_folder import TrialFolder
from .waiting_room import Waiting, WaitingRoom
from .wake_up import WakeUp, polling_instead, wake_up_by

logger = logging.getLogger(__name__)

_LOOK_AROUND = 1.0  # seconds after which all trials are looked at, should an event have been lost
_CLOSING = 0.002  # seconds between looks at trials that were asked to end
_CANNOT_START = (OSError, ValueError, TypeError, TrialError)


@attrs.define(eq=False)
class _Session:
    """What exists from open() to close()."""

    run: RunContext
    launcher: Launcher
    waiting: WaitingRoom
    limits: Limits
    guardian: Guardian
    wake_up: WakeUp
    looked_around: float = 0.0  # on the system's monotonic clock


def make(setup: Setup, options: LocalOptions) -> LocalBackend:
    """Build the component `local`."""
    return LocalBackend(options, Script(options.entry_point, options.pass_args_as_json))


def make_for_function(setup: Setup, options: FunctionOptions) -> LocalBackend:
    """Build the component `python`."""
    return LocalBackend(options, Function(options.tune_function))


class LocalBackend:
    """Runs each trial as a process group of its own and reads its reports from `std.out`.

    A trial that finds no free GPU, or whose checkpoint is still being copied, waits here.
    """

    def __init__(self, options: ProcessOptions, program: Program) -> None:
        self.options = options
        self.entry_point = program.entry_point
        self.clock = WallClock()
        self._program = program
        self._experiment: Path | None = None
        self._session: _Session | None = None
        self._running: dict[int, RunningTrial] = {}
        self._begun: dict[int, int] = {}  # trial -> attempt begun last
        self._unread: set[int] = set()  # trials whose output was read only in part
        self._events: list[Reported | Ended] = []  # not handed over yet
        self._pace = Pace()

    # ---- a trial's files ------------------------------------------------------------------

    def entrypoint_path(self) -> Path:
        """Return the script that every trial runs; of a function, its name."""
        return self.entry_point

    def trial_path(self, trial: int) -> Path:
        """Return the folder of a trial's files."""
        return self._folder(trial).path

    def checkpoint_trial_path(self, trial: int) -> Path:
        """Return the folder of a trial's checkpoints; it exists once the script has made it."""
        return self._folder(trial).checkpoints

    def stdout(self, trial: int) -> list[str]:
        """Return the lines that a trial has written to standard output so far."""
        return _lines(self._folder(trial).out)

    def stderr(self, trial: int) -> list[str]:
        """Return the lines that a trial has written to standard error so far."""
        return _lines(self._folder(trial).err)

    @property
    def delete_checkpoints(self) -> bool:
        """Are checkpoints removed that no trial needs any more?"""
        return self.options.delete_checkpoints

    def delete_checkpoint(self, trial: int) -> None:
        """Remove a trial's checkpoint, once no other trial's copy of it is being made."""
        if self._session is not None:
            self._session.waiting.copied(trial)
        self._folder(trial).delete_checkpoint()

    def _folder(self, trial: int) -> TrialFolder:
        if self._experiment is None:
            raise ExperimentError("the local backend has no experiment yet; open() gives it one")
        return TrialFolder(self._experiment, trial)

    # ---- an experiment --------------------------------------------------------------------

    def open(self, run: RunContext) -> None:
        if self._session is not None:
            raise ExperimentError(
                f"the local backend already runs the experiment in {str(self._experiment)!r}; "
                "close it first, or make a second backend"
            )
        self._program.check(run.problem)
        places = Places(self.options, self._devices, run.n_workers)
        self._running, self._begun, self._unread, self._events = {}, {}, set(), []
        self._experiment = run.folder.absolute()
        self._experiment.mkdir(parents=True, exist_ok=True)
        self.clock = WallClock(start=run.now)
        mark = run_mark(self._experiment)
        if run.running or run.now > 0:
            kill_survivors(mark)
        environment = environment_of_trials(places.threads, places.visible)
        launcher = Launcher(self._program, run.problem, self._experiment, environment, mark)
        for unfinished in run.running:
            self._recover(unfinished, launcher)
        self._session = _Session(
            run, launcher, WaitingRoom(places),
            Limits(self.options.time_limit, self.options.memory_limit),
            Guardian(mark), wake_up_by(self.options.wake_up),
        )  # fmt: skip

    @functools.cached_property
    def _devices(self) -> tuple[str, ...]:
        return devices_of_trials(self.options)

    def _recover(self, unfinished: Unfinished, launcher: Launcher) -> None:
        """Read what a trial wrote that is not on record; its process is gone with its tuner."""
        trial = unfinished.job.trial
        self._begun[trial] = unfinished.job.attempt
        output = Output(self._folder(trial).out, trial)
        reports: list[Mapping[str, Any]] = []
        if output.path.exists():
            launcher.outputs[trial] = output
            reports = output.read_all()
        self._note_reports(trial, reports[unfinished.n_reports :])
        self._note_end(trial, Outcome("killed", "its tuner ended while it was running"))

    def close(self) -> None:
        """End all trials, first asking and then killing."""
        session = self._session
        if session is None:
            return
        session.waiting.clear()
        try:
            for running in self._running.values():
                running.process.terminate()
            deadline = time.monotonic() + self.options.stop_grace
            while time.monotonic() < deadline and not all(
                running.process.has_ended() for running in self._running.values()
            ):
                time.sleep(_CLOSING)
        finally:  # an impatient user's second Ctrl-C comes here at once
            self._session = None
            for running in self._running.values():
                running.process.reap()
                running.output.close()
            self._running = {}
            session.wake_up.close()
            session.guardian.close()

    @property
    def _open_session(self) -> _Session:
        if self._session is None:
            raise ExperimentError("the local backend is not open; call open() first")
        return self._session

    # ---- trials ---------------------------------------------------------------------------

    def start(self, job: Job) -> None:
        session = self._open_session
        running = self._running.get(job.trial)
        attempt = running.job.attempt if running else session.waiting.attempt_of(job.trial)
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
            session.waiting.add(Waiting(job, session.launcher.prepare(job)))
        except _CANNOT_START as error:
            self._note_end(job.trial, _not_started(error))
        self._begin_waiting()

    def _begin_waiting(self) -> None:
        """Begin the trials that need wait no longer."""
        session = self._open_session
        while (found := session.waiting.next()) is not None:
            waiting, place = found
            try:
                self._begin(waiting, place)
            except _CANNOT_START as error:
                self._undo(waiting, place)
                self._note_end(waiting.job.trial, _not_started(error))

    def _begin(self, waiting: Waiting, place: Place) -> None:
        session, trial = self._open_session, waiting.job.trial
        running = session.launcher.launch(waiting.job, waiting.copy, place)
        self._running[trial] = running
        session.guardian.add(running.process.pid)
        session.limits.begin(trial, running.process.pid)
        try:
            session.wake_up.watch(trial, running.output, running.process)
        except OSError as error:
            logger.warning("%s; the output of trials is looked at in intervals from now on", error)
            watched = [(t, r.output, r.process) for t, r in self._running.items()]
            session.wake_up = polling_instead(session.wake_up, watched)

    def _undo(self, waiting: Waiting, place: Place) -> None:
        """Forget a trial of which not everything could be begun."""
        waiting_room = self._open_session.waiting
        if waiting.copy is not None:
            waiting.copy.abandon()
        half_begun = self._running.pop(waiting.job.trial, None)
        if half_begun is not None:
            half_begun.end()
        waiting_room.leave(place, None)

    def advance(self, trial: int, milestone: float) -> None:
        """Do nothing: every report is read as it comes."""

    def stop(self, trial: int, *, keep_checkpoint: bool) -> None:
        """Ask a trial to end, and go on; poll() kills it if it has not ended in time."""
        running = self._running.get(trial)
        if not keep_checkpoint:
            self._folder(trial).mark_stopped()
        if self._open_session.waiting.remove(trial):
            self._note_end(trial, Outcome("killed"))
        if running is None:
            if not keep_checkpoint and self.options.delete_checkpoints:
                self.delete_checkpoint(trial)
            return
        running.final |= not keep_checkpoint
        running.stop(self.options.stop_grace)

    # ---- events ---------------------------------------------------------------------------

    def poll(self, timeout: float) -> Sequence[Reported | Ended]:
        session = self._open_session
        deadline = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            wait = 0.0 if self._events or self._unread else deadline - now
            wait = min(wait, session.looked_around + _LOOK_AROUND - now, self._next_look() - now)
            ready = session.wake_up.wait(max(wait, 0.0)) | self._unread
            now = time.monotonic()
            if now - session.looked_around >= _LOOK_AROUND:
                session.looked_around = now
                ready.update(self._running)
            self._unread = {trial for trial in sorted(ready) if self._look_at(trial)}
            for trial, limit in session.limits.passed().items():
                self._running[trial].give_up(limit, self.options.stop_grace)
            for running in self._running.values():
                running.kill_if_overdue(now)
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

    def _end(self, running: RunningTrial) -> None:
        session, job = self._open_session, running.job
        session.wake_up.unwatch(job.trial)
        outcome = running.end()
        del self._running[job.trial]
        session.limits.end(job.trial)
        session.guardian.remove(running.process.pid, running.mark)
        session.waiting.leave(running.place, running.process.pid)
        fidelity = session.run.problem.fidelity
        completed = outcome.exit == "ok" and (fidelity is None or job.until >= fidelity.high)
        if self.options.delete_checkpoints and (running.final or completed):
            self.delete_checkpoint(job.trial)
        self._note_end(job.trial, outcome)

    def _note_reports(self, trial: int, reports: Sequence[Mapping[str, Any]]) -> None:
        if reports:
            now = self.clock.now()
            self._events += [Reported(at=now, trial=trial, metrics=metrics) for metrics in reports]

    def _note_end(self, trial: int, outcome: Outcome) -> None:
        self._events.append(Ended(at=self.clock.now(), trial=trial, **attrs.asdict(outcome)))

    def _next_look(self) -> float:
        """Return when something has to be done although no trial wrote or ended."""
        session = self._open_session
        kill_at = min((running.kill_at for running in self._running.values()), default=math.inf)
        return min(kill_at, session.limits.next_look(), session.waiting.next_look())


def _not_started(error: Exception) -> Outcome:
    """Say why a trial did not begin; what is wrong with its configuration will stay so."""
    too_long = isinstance(error, OSError) and error.errno == errno.E2BIG
    hint = "; with pass_args_as_json=True the configuration may be longer" if too_long else ""
    return Outcome(
        "failed",
        f"the trial could not be started: {error}{hint}",
        hopeless=too_long or not isinstance(error, (OSError, TrialError)),
    )


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
