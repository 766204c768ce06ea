"""From what happened to what should happen: one scheduler, one table, one list of events to store.

The engine knows neither backend nor store nor clock. The tuner, ask/tell and replay all drive it,
so that a decision is made in one place and is the same in all three.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from synecore.actions import (
    Action,
    Amended,
    Asked,
    Decided,
    DropCheckpoint,
    Ended,
    Event,
    Pause,
    Reply,
    Report,
    Reported,
    ReportedBlock,
    Resume,
    Resumed,
    Retried,
    Start,
    Started,
    Status,
    Stop,
    Update,
    Why,
    time_of,
)
from synecore.errors import DeadlockError, SchedulerError
from synecore.metrics import Measured
from synecore.protocols import BudgetAware, Job, Scheduler
from synecore.trials import BadReport, TrialTable
from synecore.tuning.jobs import AdvanceJob, BeginJob, Command, DropJobCheckpoint, StopJob

logger = logging.getLogger(__name__)


class Engine:
    """Asks the scheduler, tells it what happened, and records both as events.

    Attributes
    ----------
    events    recorded and not yet taken by `take`
    commands  what the backend is to do, once the events are stored
    """

    def __init__(
        self,
        scheduler: Scheduler,
        table: TrialTable,
        *,
        max_retries: int = 0,
        retry_delay: float = 0.0,
    ) -> None:
        self.scheduler = scheduler
        self.table = table
        self.max_retries = max_retries
        self.retry_delay = retry_delay  # seconds before the first retry; doubled for each further
        self.events: list[Event] = []
        self.commands: list[Command] = []
        self._decides_at_milestones = scheduler.decides == "milestones"
        self._warned_of_jumps = False

    def take(self) -> tuple[list[Event], list[Command]]:
        """Hand over what was recorded since the last call."""
        taken = self.events, self.commands
        self.events, self.commands = [], []
        return taken

    # ---- asking -------------------------------------------------------------------------

    def ask(self, n: int, now: float) -> list[int] | Reply:
        """Let the scheduler start or resume up to n trials; return their ids, or its reply."""
        answer = self.scheduler.suggest(n, self.table, now)
        if isinstance(answer, Reply):
            self._note(Asked(at=now, n=n, reply=answer.value))
            if answer is Reply.WAIT and self.table.n_busy == 0:
                raise DeadlockError(
                    f"{_name(self.scheduler)} waits although no trial is queued or running; "
                    "a scheduler may answer WAIT only while something can still report or end"
                )
            return answer
        if not 1 <= len(answer) <= n:
            raise SchedulerError(
                f"{_name(self.scheduler)} answered {len(answer)} trials when asked for {n}; "
                f"allowed are 1 to {n}, Reply.WAIT or Reply.EXHAUSTED"
            )
        self._note(Asked(at=now, n=n))
        return [self._begin(suggestion, now) for suggestion in answer]

    def _begin(self, suggestion: Start | Resume, now: float) -> int:
        until, milestone = self._limits(suggestion.until, suggestion.milestone)
        if isinstance(suggestion, Start):
            trial = self.table.n_trials
            x = np.asarray(suggestion.x, float)
            config = self.table.problem.space.decode(x[None])[0]
            started = Started(
                at=now, trial=trial, config=config, until=until, milestone=milestone,
                parent=suggestion.parent, tags=dict(suggestion.tags), why=suggestion.why,
            )  # fmt: skip
            self.table.apply(started, x)
            self.events.append(started)
        else:
            trial = suggestion.trial
            if (
                not 0 <= trial < self.table.n_trials
                or self.table.status(trial) is not Status.PAUSED
            ):
                raise SchedulerError(
                    f"{_name(self.scheduler)} resumes trial {trial}, which is not paused"
                )
            self._note(
                Resumed(at=now, trial=trial, until=until, milestone=milestone,
                        tags=dict(suggestion.tags), why=suggestion.why)
            )  # fmt: skip
        self.commands.append(BeginJob(self.job(trial, resumes=isinstance(suggestion, Resume))))
        return trial

    def _limits(self, until: float, milestone: float | None) -> tuple[float, float]:
        fidelity = self.table.problem.fidelity
        until = float(min(until, fidelity.high if fidelity else math.inf))
        return until, until if milestone is None else float(min(milestone, until))

    def job(self, trial: int, *, resumes: bool) -> Job:
        """What a backend needs to run the trial as it stands on record."""
        table, fidelity = self.table, self.table.problem.fidelity
        until = table.value("until", trial)
        config: Mapping[str, Any] = table.configs[trial]
        if fidelity is not None and fidelity.attr is not None:
            config = {**config, fidelity.attr: int(until)}
        parent = int(table.value("parent", trial))
        fresh = parent >= 0 and table.value("reports", trial) == 0
        return Job(
            trial=trial, config=config, until=until, milestone=table.value("milestone", trial),
            checkpoint_of=parent if fresh else None, resumes=resumes,
            attempt=int(table.value("attempt", trial)),
        )  # fmt: skip

    # ---- telling ------------------------------------------------------------------------

    def report(
        self, event: Reported | ReportedBlock, measured: Measured | None = None
    ) -> Report | None:
        """Take in a report, or a block of them; return the report that counted, if one did.

        `measured` is what `table.measure` returned for it, where that was asked before.
        """
        self.events.append(event)
        told = self.table.apply(event, measured=measured)
        if isinstance(told, BadReport):
            logger.warning("trial %d failed: %s", told.trial, told.message)
            self.decide("fail", told.trial, time_of(event), by="tuner", why={"error": told.message})
            return None
        if told is not None and (told.at_milestone or not self._decides_at_milestones):
            self._on_report(told)
        return told

    def _on_report(self, report: Report) -> None:
        """Tell the scheduler, again for each milestone that the trial jumped over."""
        table, trial = self.table, report.trial
        while True:
            before = table.value("milestone", trial)
            self._act(self.scheduler.on_report(report, table), report.now)
            milestone = table.value("milestone", trial)
            passed = before < milestone <= report.resource
            if not passed or table.status(trial) is not Status.RUNNING:
                return
            if not self._warned_of_jumps:
                self._warned_of_jumps = True
                logger.warning(
                    "trial %d jumped over the milestone %g to %g; it is judged there by this "
                    "report. Report every resource unit to be judged in time.",
                    trial, before, report.resource,
                )  # fmt: skip

    def ended(self, event: Ended) -> Status:
        """Take in the end of a trial's process; return the trial's new status."""
        table, trial = self.table, event.trial
        status, error = self._status_after(event)
        failed = status is Status.FAILED and table.status(trial) is not Status.STOPPING
        if failed and not event.hopeless and table.value("failures", trial) < self.max_retries:
            self.retry(trial, event.at, error)
            return Status.QUEUED
        self._note(
            Ended(at=event.at, trial=trial, exit=event.exit, status=status, error=error,
                  hopeless=event.hopeless)
        )  # fmt: skip
        self._act(self.scheduler.on_end(trial, status, table), event.at)
        return status

    def _status_after(self, event: Ended) -> tuple[Status, str]:
        table, trial = self.table, event.trial
        if table.status(trial) is Status.STOPPING:
            return table.fate(trial), event.error
        until, reached = table.value("until", trial), table.value("reached", trial)
        if event.exit == "ok" or (event.exit == "killed" and reached >= until):
            fidelity = table.problem.fidelity
            if fidelity is not None and until <= reached and until < fidelity.high:
                return Status.PAUSED, ""
            if table.value("reports", trial) == 0:
                logger.warning("trial %d ended without a report", trial)
            return Status.COMPLETED, ""
        return Status.FAILED, event.error or "killed from outside"

    def retry(self, trial: int, now: float, error: str, *, lost: bool = False) -> None:
        """Queue a trial again that failed, or whose process was lost with the tuner."""
        attempt = int(self.table.value("attempt", trial)) + 1
        self._note(Retried(at=now, trial=trial, attempt=attempt, error=error, lost=lost))
        job = self.job(trial, resumes=True)
        self.commands.append(BeginJob(job) if lost else self.begin_retry(job, now))

    def begin_retry(self, job: Job, since: float) -> BeginJob:
        """Begin the job of a trial that failed at time `since`, after a while."""
        failures = self.table.value("failures", job.trial)
        return BeginJob(job, not_before=since + self.retry_delay * 2.0 ** (failures - 1.0))

    def amend(self, event: Amended) -> None:
        """Take in a change of the problem or of the stopping criterion."""
        self._note(event)
        if event.stop_criterion is not None:
            self.set_time_budget(event.stop_criterion.get("max_wallclock_time"))

    def set_time_budget(self, seconds: float | None) -> None:
        """Tell a scheduler that plans with time how long the experiment may take."""
        if isinstance(self.scheduler, BudgetAware):
            self.scheduler.set_time_budget(seconds)

    # ---- acting -------------------------------------------------------------------------

    def _act(self, actions: Sequence[Action], now: float) -> None:
        for action in actions:
            if not 0 <= action.trial < self.table.n_trials:
                raise SchedulerError(
                    f"{_name(self.scheduler)} answers {action!r:.200}, but there is no trial "
                    f"{action.trial}; {self.table.n_trials} were started"
                )
            match action:
                case Update():
                    self._update(action, now)
                case Stop(trial, why=why):
                    self.decide("stop", trial, now, why=why)
                case Pause(trial, why=why):
                    self.decide("pause", trial, now, why=why)
                case DropCheckpoint(trial, why=why):
                    self.decide("drop_checkpoint", trial, now, why=why)

    def _update(self, action: Update, now: float) -> None:
        milestone = action.milestone
        if milestone is not None:
            milestone = float(min(milestone, self.table.value("until", action.trial)))
        self._note(
            Decided(at=now, trial=action.trial, action="update", milestone=milestone,
                    tags=dict(action.tags), why=action.why)
        )  # fmt: skip
        if milestone is not None:
            self.commands.append(AdvanceJob(action.trial, milestone))

    def decide(
        self,
        action: Literal["stop", "pause", "fail", "drop_checkpoint"],
        trial: int,
        now: float,
        *,
        by: Literal["scheduler", "tuner", "user"] = "scheduler",
        why: Why | None = None,
    ) -> None:
        """Record a decision on a trial and what the backend is to do about it."""
        table = self.table
        status = table.status(trial)
        drops = action == "drop_checkpoint"
        legal = status > Status.STOPPING if drops else status <= Status.RUNNING
        if not legal and not (action == "stop" and status is Status.PAUSED):
            raise SchedulerError(
                f"{_name(self.scheduler)}: '{action}' is not possible for trial {trial}, "
                f"which is {status.name.lower()}"
            )
        self._note(Decided(at=now, trial=trial, action=action, by=by, why=why or {}))
        if drops:
            self.commands.append(DropJobCheckpoint(trial))
        else:
            self.commands.append(StopJob(trial, keep_checkpoint=action == "pause"))

    def _note(self, event: Event) -> None:
        self.table.apply(event)
        self.events.append(event)


def _name(scheduler: Scheduler) -> str:
    spec = getattr(scheduler, "component_spec", None)
    return f"scheduler '{spec.name}'" if spec else f"scheduler {type(scheduler).__name__}"
