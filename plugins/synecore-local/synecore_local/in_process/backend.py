"""Trials as calls of a function in the tuner's own process."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from pathlib import Path

import attrs

from synecore.actions import Ended, Reported
from synecore.errors import ExperimentError, OptionError, TrialError
from synecore.plugins.hookspecs import Setup
from synecore.protocols import Job, RunContext
from synecore.tuning.clock import WallClock

from ..function import Signature, entry_point_of
from ..options import FunctionOptions, ProcessOptions
from ..trial_folder import TrialFolder, tidy
from .call import Call, End, News
from .caller import Caller
from .turns import Turns

logger = logging.getLogger(__name__)

# Options of processes that hold for calls too; the others would do nothing.
_SHARED = {"delete_checkpoints", "stop_grace", "rotate_gpus"}


@attrs.define(eq=False)
class _Session:
    """What exists from open() to close()."""

    run: RunContext
    caller: Caller
    turns: Turns
    running: dict[int, Call] = attrs.field(factory=dict)
    give_up_at: dict[int, float] = attrs.field(factory=dict)  # when a trial is waited for no longer


def make(setup: Setup, options: FunctionOptions) -> InProcessBackend:
    """Build the component `python` with `in_process=True`.

    Raises:
        OptionError: An option was given that only a process can have.
    """
    given = [
        field.name
        for field in attrs.fields(ProcessOptions)
        if field.name not in _SHARED and getattr(options, field.name) != field.default
    ]
    if given:
        raise OptionError(
            f"backend 'python': {', '.join(map(repr, given))} can be had only for trials in "
            "processes of their own; leave it out, or in_process=True"
        )
    return InProcessBackend(options)


class InProcessBackend:
    """Calls the function in threads of this process, one at a time, each up to its next report.

    Files are made for checkpoints alone. What the function prints goes where the tuner prints.
    """

    def __init__(self, options: FunctionOptions) -> None:
        self.options = options
        self.delete_checkpoints = options.delete_checkpoints
        self.clock = WallClock()
        self._signature = Signature(options.tune_function)
        self.entry_point = entry_point_of(self._signature.name)
        self._experiment: Path | None = None
        self._session: _Session | None = None
        self._begun: dict[int, int] = {}  # trial -> attempt begun last
        self._events: list[Reported | Ended] = []  # not handed over yet

    # ---- a trial's files ------------------------------------------------------------------

    def entrypoint_path(self) -> Path:
        """Return the function's name."""
        return self.entry_point

    def trial_path(self, trial: int) -> Path:
        """Return the folder that a trial's checkpoints are in; nothing else is."""
        return self._folder(trial).path

    def checkpoint_trial_path(self, trial: int) -> Path:
        """Return the folder of a trial's checkpoints; it exists once the function has made it."""
        return self._folder(trial).checkpoints

    def stdout(self, trial: int) -> list[str]:
        """Return nothing: what functions print is not kept."""
        return []

    def stderr(self, trial: int) -> list[str]:
        """Return nothing: what functions print is not kept."""
        return []

    def delete_checkpoint(self, trial: int) -> None:
        self._folder(trial).delete_checkpoint()

    def _folder(self, trial: int) -> TrialFolder:
        if self._experiment is None:
            raise ExperimentError("the python backend has no experiment yet; open() gives it one")
        return TrialFolder(self._experiment, trial)

    # ---- an experiment --------------------------------------------------------------------

    def open(self, run: RunContext) -> None:
        if self._session is not None:
            raise ExperimentError(
                f"the python backend already runs the experiment in {str(self._experiment)!r}; "
                "close it first, or make a second backend"
            )
        self._signature.check(run.problem)
        self._begun, self._events = {}, []
        self._experiment = run.folder.absolute()
        self.clock = WallClock(start=run.now)
        if run.now > 0:
            tidy(self._experiment)
        for unfinished in run.running:
            job = unfinished.job
            self._begun[job.trial] = job.attempt
            self._note_end(job.trial, End("killed", "its tuner ended while it was running"))
        turns = Turns()
        caller = Caller(
            self.options.tune_function, self._signature, run.problem, self._experiment, turns.news
        )
        self._session = _Session(run, caller, turns)

    def close(self) -> None:
        """Stop all calls at their next report; wait `stop_grace` seconds for those that run."""
        session = self._session
        if session is None:
            return
        try:
            for call in list(session.running.values()):
                self._stop(call)
            session.turns.let_all_go_on()
            deadline = time.monotonic() + self.options.stop_grace
            while session.running:
                news = session.turns.next(max(deadline - time.monotonic(), 0.0))
                if news is None:
                    break
                if news.end is not None:
                    del session.running[news.call.job.trial]
        finally:  # an impatient user's second Ctrl-C comes here at once
            self._session = None
            for call in session.running.values():
                self._give_up(call, session)
            session.turns.close()

    @property
    def _open_session(self) -> _Session:
        if self._session is None:
            raise ExperimentError("the python backend is not open; call open() first")
        return self._session

    # ---- trials ---------------------------------------------------------------------------

    def start(self, job: Job) -> None:
        session = self._open_session
        running = session.running.get(job.trial)
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
            call = session.caller.call(job)
        except (OSError, ValueError, TypeError, TrialError) as error:
            end = End("failed", f"the trial could not be started: {error}")
            self._note_end(job.trial, end)
            return
        session.running[job.trial] = call
        session.turns.add(call)

    def advance(self, trial: int, milestone: float) -> None:
        """Do nothing: every report is seen as it comes."""

    def stop(self, trial: int, *, keep_checkpoint: bool) -> None:
        """Let a trial's next report end it, or the one at which it waits."""
        call = self._open_session.running.get(trial)
        if call is not None:
            call.final |= not keep_checkpoint
            self._stop(call)
        elif not keep_checkpoint and self.delete_checkpoints:
            self.delete_checkpoint(trial)

    def _stop(self, call: Call) -> None:
        session, trial = self._open_session, call.job.trial
        if call.stopping:
            return
        session.give_up_at[trial] = time.monotonic() + self.options.stop_grace
        if session.turns.stop(call):
            self._end(call, End("killed"))

    # ---- events ---------------------------------------------------------------------------

    def poll(self, timeout: float) -> Sequence[Reported | Ended]:
        session = self._open_session
        deadline = time.monotonic() + timeout
        while not self._events:
            due = min(deadline, min(session.give_up_at.values(), default=math.inf))
            news = session.turns.next(max(due - time.monotonic(), 0.0))
            if news is not None:
                self._note(news)
            elif time.monotonic() >= deadline:
                break
            if session.give_up_at:
                self._give_up_overdue(session)
        events, self._events = self._events, []
        return events

    def _note(self, news: News) -> None:
        trial, end = news.call.job.trial, news.end
        if news.metrics is not None:
            self._events.append(Reported(at=self.clock.now(), trial=trial, metrics=news.metrics))
        if end is None:
            return
        if end.interrupt is not None:  # on record, the trial goes on: a resumed run tries it again
            del self._open_session.running[trial]
            raise end.interrupt
        self._end(news.call, End("killed") if news.call.stopping else end)

    def _end(self, call: Call, end: End) -> None:
        session, job = self._open_session, call.job
        del session.running[job.trial]
        session.give_up_at.pop(job.trial, None)
        fidelity = session.run.problem.fidelity
        completed = end.exit == "ok" and (fidelity is None or job.until >= fidelity.high)
        if self.delete_checkpoints and (call.final or completed):
            self.delete_checkpoint(job.trial)
        self._note_end(job.trial, end)

    def _note_end(self, trial: int, end: End) -> None:
        self._events.append(
            Ended(
                at=self.clock.now(), trial=trial, exit=end.exit, error=end.error,
                hopeless=end.hopeless,
            )
        )  # fmt: skip

    def _give_up_overdue(self, session: _Session) -> None:
        now = time.monotonic()
        for trial in [trial for trial, at in session.give_up_at.items() if at <= now]:
            call = session.running[trial]
            self._give_up(call, session)
            self._end(call, End("killed"))

    def _give_up(self, call: Call, session: _Session) -> None:
        session.turns.give_up(call)
        logger.warning(
            "trial %d was told to stop and has neither reported nor returned for %g s. A function "
            "in the tuner's process cannot be killed: it goes on in the background until it does, "
            "or until the process ends. Without in_process=True a trial can be killed.",
            call.job.trial, self.options.stop_grace,
        )  # fmt: skip
