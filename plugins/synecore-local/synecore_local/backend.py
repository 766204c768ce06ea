"""Trials as subprocesses on this machine."""

from __future__ import annotations

import errno
import itertools
import logging
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import attrs

from synecore.actions import Ended, Reported
from synecore.constants import ST_CHECKPOINT_DIR, ST_CONFIG_JSON_FNAME_ARG
from synecore.errors import ExperimentError, OptionError, TrialError
from synecore.plugins.hookspecs import Setup
from synecore.protocols import Job, RunContext, Unfinished
from synecore.tuning.clock import WallClock

from .entry_point import arguments_for, command_for
from .environment import environment_of_trials, with_mark
from .guardian import Guardian, kill_survivors, run_mark
from .options import LocalOptions
from .output import Output
from .process import TrialProcess
from .trial_folder import TrialFolder
from .wake_up import WakeUp, polling_instead, wake_up_by

logger = logging.getLogger(__name__)

_LOOK_AROUND = 1.0  # seconds after which all trials are looked at, should an event have been lost
_SHORTEST_REST, _LONGEST_REST = 1e-4, 2e-3  # seconds, after output without a report in it
_CHATTER = 0.02  # seconds; output without a report that often is chatter


@attrs.define(eq=False)
class _Running:
    job: Job
    folder: TrialFolder
    output: Output
    process: TrialProcess
    mark: str
    stopped: bool = False  # told to end, before it had ended by itself
    final: bool = False  # it will never go on from its checkpoint
    kill_at: float = math.inf  # on the system's monotonic clock


@attrs.define(eq=False)
class _Session:
    """What exists from open() to close()."""

    run: RunContext
    mark: str
    guardian: Guardian
    wake_up: WakeUp
    environment: Mapping[str, str]
    looked_around: float = 0.0
    starts: itertools.count[int] = attrs.field(factory=itertools.count)


def make(setup: Setup, options: LocalOptions) -> LocalBackend:
    """Build the component `local`."""
    return LocalBackend(options)


class LocalBackend:
    """Runs each trial as a process group of its own and reads its reports from `std.out`.

    Raises:
        OptionError: There is no script at `entry_point`, or no way to run it.
    """

    def __init__(self, options: LocalOptions) -> None:
        self.options = options
        self.clock = WallClock()
        self._command = command_for(options.entry_point)
        self._experiment: Path | None = None
        self._session: _Session | None = None
        self._running: dict[int, _Running] = {}
        self._begun: dict[int, int] = {}  # trial -> attempt begun last
        self._outputs: dict[int, Output] = {}
        self._unread: set[int] = set()  # trials whose output was read only in part
        self._events: list[Reported | Ended] = []  # not handed over yet
        self._rest, self._last_chatter = _SHORTEST_REST, 0.0

    # ---- a trial's files ------------------------------------------------------------------

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

    def delete_checkpoint(self, trial: int) -> None:
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
        if not self.options.pass_args_as_json:
            try:
                arguments_for(run.problem.space.constants)
            except OptionError as error:
                raise OptionError(f"configuration space: {error}") from None
        self._running, self._begun, self._outputs = {}, {}, {}
        self._unread, self._events = set(), []
        self._experiment = run.folder.absolute()
        self._experiment.mkdir(parents=True, exist_ok=True)
        self.clock = WallClock(start=run.now)
        mark = run_mark(self._experiment)
        if run.running or run.now > 0:
            kill_survivors(mark)
        for unfinished in run.running:
            self._recover(unfinished)
        self._session = _Session(
            run, mark, Guardian(mark), wake_up_by(self.options.wake_up),
            environment_of_trials(self.options.threads_per_trial),
        )  # fmt: skip

    def _recover(self, unfinished: Unfinished) -> None:
        """Read what a trial wrote that is not on record; its process is gone with its tuner."""
        trial = unfinished.job.trial
        self._begun[trial] = unfinished.job.attempt
        output = Output(self._folder(trial).out, trial)
        reports: list[dict[str, Any]] = []
        if output.path.exists():
            self._outputs[trial] = output
            with output:
                more = True
                while more:
                    found, more = output.read()
                    reports += found
                reports += output.finish()
        self._note_reports(trial, reports[unfinished.n_reports :])
        self._note_end(trial, "killed", "its tuner ended while it was running")

    def close(self) -> None:
        """End all trials, first asking and then killing."""
        session = self._session
        if session is None:
            return
        try:
            for running in self._running.values():
                running.process.terminate()
            deadline = time.monotonic() + self.options.stop_grace
            while time.monotonic() < deadline and not all(
                running.process.has_ended() for running in self._running.values()
            ):
                time.sleep(_LONGEST_REST)
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
        if running is not None and running.job.attempt != job.attempt:
            raise ExperimentError(
                f"trial {job.trial} is still running in attempt {running.job.attempt}; attempt "
                f"{job.attempt} can start after its end"
            )
        again = self._begun.get(job.trial) == job.attempt
        if running is not None or (again and not job.resumes):
            return
        self._begun[job.trial] = job.attempt
        try:
            self._begin(job, session)
        except (OSError, ValueError, TypeError, TrialError) as error:
            hint = ""
            if isinstance(error, OSError) and error.errno == errno.E2BIG:
                hint = "; with pass_args_as_json=True the configuration may be longer"
            self._note_end(job.trial, "failed", f"the trial could not be started: {error}{hint}")

    def _begin(self, job: Job, session: _Session) -> None:
        folder = self._folder(job.trial)
        folder.prepare(job.config)
        if job.checkpoint_of is not None and not (job.resumes and folder.checkpoints.exists()):
            donor = self._folder(job.checkpoint_of)
            if not folder.copy_checkpoint(donor):
                logger.warning(
                    "trial %d starts without a checkpoint: trial %d, from whose checkpoint it was "
                    "to start, has none", job.trial, job.checkpoint_of,
                )  # fmt: skip
        output = self._outputs.get(job.trial)
        if output is None:
            output = self._outputs[job.trial] = Output(folder.out, job.trial)
            output.open()
            output.skip()
        else:
            output.open()
        mark = f"{session.mark}.{job.trial}.{next(session.starts)}."
        try:
            process = TrialProcess(
                [*self._command, *self._arguments(job, folder)],
                with_mark(session.environment, mark), folder.out, folder.err,
            )  # fmt: skip
        except BaseException:
            output.close()
            raise
        self._running[job.trial] = _Running(job, folder, output, process, mark)
        session.guardian.add(process.pid)
        try:
            session.wake_up.watch(job.trial, output, process)
        except OSError as error:
            logger.warning("%s; the output of trials is looked at in intervals from now on", error)
            watched = [(t, r.output, r.process) for t, r in self._running.items()]
            session.wake_up = polling_instead(session.wake_up, watched)

    def _arguments(self, job: Job, folder: TrialFolder) -> list[str]:
        if self.options.pass_args_as_json:
            arguments = [f"--{ST_CONFIG_JSON_FNAME_ARG}", str(folder.config)]
        else:
            arguments = arguments_for(job.config)
        return [*arguments, f"--{ST_CHECKPOINT_DIR}", str(folder.checkpoints)]

    def advance(self, trial: int, milestone: float) -> None:
        """Do nothing: every report is read as it comes."""

    def stop(self, trial: int, *, keep_checkpoint: bool) -> None:
        """Ask a trial to end, and go on; poll() kills it if it has not ended in time."""
        running = self._running.get(trial)
        if not keep_checkpoint:
            self._folder(trial).mark_stopped()
        if running is None:
            if not keep_checkpoint and self.options.delete_checkpoints:
                self.delete_checkpoint(trial)
            return
        running.final |= not keep_checkpoint
        if not running.stopped and not running.process.has_ended():
            running.stopped = True
            running.process.terminate()
            running.kill_at = time.monotonic() + self.options.stop_grace

    # ---- events ---------------------------------------------------------------------------

    def poll(self, timeout: float) -> Sequence[Reported | Ended]:
        session = self._open_session
        deadline = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            wait = 0.0 if self._events or self._unread else deadline - now
            wait = min(wait, session.looked_around + _LOOK_AROUND - now, self._next_kill() - now)
            ready = session.wake_up.wait(max(wait, 0.0)) | self._unread
            now = time.monotonic()
            if now - session.looked_around >= _LOOK_AROUND:
                session.looked_around = now
                ready.update(self._running)
            self._unread = {trial for trial in sorted(ready) if self._look_at(trial)}
            self._kill_overdue()
            if self._events or time.monotonic() >= deadline:
                events, self._events = self._events, []
                return events
            if ready and not self._unread:
                self._rest_from_chatter()

    def _look_at(self, trial: int) -> bool:
        """Take note of a trial's reports, and of its end; return if there is more to read."""
        running = self._running.get(trial)
        if running is None:
            return False
        ended = running.process.has_ended()  # asked first: what it wrote is then there to be read
        if ended:
            running.process.kill()  # children it left behind
        reports, more = running.output.read()
        if ended and not more:
            reports += running.output.finish()
        self._note_reports(trial, reports)
        if ended and not more:
            self._end(running)
        return more

    def _end(self, running: _Running) -> None:
        trial, session = running.job.trial, self._open_session
        status = running.process.reap()
        del self._running[trial]
        session.wake_up.unwatch(trial)
        running.output.close()
        session.guardian.remove(running.process.pid, running.mark)
        fidelity = session.run.problem.fidelity
        completed = status == 0 and (fidelity is None or running.job.until >= fidelity.high)
        if self.options.delete_checkpoints and (running.final or completed):
            running.folder.delete_checkpoint()
        if running.stopped:
            self._note_end(trial, "killed")
        elif status == 0:
            self._note_end(trial, "ok")
        else:
            self._note_end(trial, "failed", running.process.error())

    def _note_reports(self, trial: int, reports: Sequence[Mapping[str, Any]]) -> None:
        if reports:
            now = self.clock.now()
            self._events += [Reported(at=now, trial=trial, metrics=metrics) for metrics in reports]

    def _note_end(
        self, trial: int, how: Literal["ok", "failed", "killed"], error: str = ""
    ) -> None:
        self._events.append(Ended(at=self.clock.now(), trial=trial, exit=how, error=error))

    def _next_kill(self) -> float:
        return min((running.kill_at for running in self._running.values()), default=math.inf)

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        for running in self._running.values():
            if running.kill_at <= now:
                running.kill_at = math.inf
                running.process.kill()

    def _rest_from_chatter(self) -> None:
        """Pause after output without a report, longer while there is much of it.

        A trial that prints ten thousand lines a second would else wake the tuner as often.
        """
        often = time.monotonic() - self._last_chatter < _CHATTER
        self._rest = min(2 * self._rest, _LONGEST_REST) if often else _SHORTEST_REST
        time.sleep(self._rest)
        self._last_chatter = time.monotonic()


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
