"""The tuning loop: poll, tell, ask, store, and only then act."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, cast

import attrs
import numpy as np

from synecore.actions import Amended, Ended, Event, Reply, Reported, ReportedBlock, Status
from synecore.errors import ExperimentError, SpaceError, StoreError, SynecoreError
from synecore.plugins.hookspecs import ExperimentView
from synecore.plugins.observers import Observers
from synecore.protocols import AddsColumns, Backend, ResultStore, Snapshot
from synecore.tuning.backoff import Backoff
from synecore.tuning.commands import CommandBox, UserCommand
from synecore.tuning.engine import Engine
from synecore.tuning.interrupt import Interrupted
from synecore.tuning.jobs import BeginJob, Command, DropJobCheckpoint, StopJob, carry_out
from synecore.tuning.record import Record
from synecore.tuning.status import TuningStatus
from synecore.tuning.stopping import StopCriterion, why_to_stop

logger = logging.getLogger(__name__)

LONGEST_WAIT = 0.5  # seconds between two looks at the clock and at users' commands
_STOP_PATIENCE = 60.0  # seconds for stopped trials to end before they are given up
_SNAPSHOT_EVERY = 1000  # events, or a tenth of the journal


@attrs.frozen(kw_only=True)
class Policy:
    """How the loop schedules and ends."""

    n_workers: int
    stop_criterion: StopCriterion
    max_failures: int = 1
    asynchronous: bool = True
    without_delay: bool = False  # a trial that was told to stop holds no worker any more
    wait_when_stopping: bool = False
    restart_interrupted: bool = True
    longest_wait: float = LONGEST_WAIT
    snapshots: bool = True
    store_patience: float = 30.0  # seconds of retries before a store that fails ends the run


class Session:
    """One run of the loop over an open experiment."""

    def __init__(
        self,
        engine: Engine,
        backend: Backend,
        store: ResultStore,
        view: ExperimentView,
        status: TuningStatus,
        observers: Observers,
        commands: CommandBox,
        policy: Policy,
        record: Record,
        backoff: Backoff,
        *,
        interrupted: Callable[[], bool],
        refresh: Callable[[], None],
    ) -> None:
        self.engine, self.backend, self.store = engine, backend, store
        self.status, self.policy = status, policy
        self._view, self._observers, self._commands = view, observers, commands
        self._interrupted, self._refresh = interrupted, refresh
        self._record = record
        self._snapshot_at = record.n_events
        self._backoff = backoff
        self._deletes_checkpoints = bool(getattr(backend, "delete_checkpoints", False))
        scheduler = engine.scheduler
        self._own_columns = scheduler.columns if isinstance(scheduler, AddsColumns) else None
        self._recovering = set(map(int, engine.table.busy())) - backoff.trials
        # Whether the scheduler had nothing to start, and nothing happened since.
        self._settled = record.waits
        self._exhausted = record.exhausted
        self.waiting = backoff.trials  # failed trials whose retry is still to begin
        self._stop_asked: str | None = None
        self._warned_of_kept = False

    def run(self) -> str:
        """Go on until something ends the run; return what did, in words.

        Raises Interrupted after a signal, with everything stored and the trials kept on record.
        """
        while True:
            reason = self._over()
            if reason is not None:
                break
            over = self._ask()
            self._commit()
            if over:
                continue
            self._take_in(self._poll(self._wait()))
            self._obey()
            self._refresh()
            if self._interrupted():
                self._commit()
                self._snapshot()
                raise Interrupted
        self._end_trials(reason)
        self._drop_remaining()
        self._snapshot()
        return reason

    # ---- one tick -----------------------------------------------------------------------

    def _poll(self, longest: float) -> Sequence[Reported | ReportedBlock | Ended]:
        """Begin retries whose time has come, and wait for news."""
        if not self._backoff:
            return self.backend.poll(longest)
        clock = self.backend.clock
        for command in self._backoff.due(clock.now()):
            self._carry_out(command)
        longest = min(longest, max(self._backoff.next - clock.now(), 0.0))
        if self.engine.table.n_busy > len(self._backoff):
            return self.backend.poll(longest)
        clock.sleep(longest)  # there is nothing that could have news
        return ()

    def _wait(self) -> float:
        """Seconds to wait for events; none while the last tick left something to do."""
        if self.engine.events:  # a trial could not be started
            return 0.0
        longest = self.policy.longest_wait
        deadline = getattr(self.policy.stop_criterion, "deadline", lambda: None)()
        if deadline is not None:
            longest = min(longest, max(deadline - self.backend.clock.now(), 0.0))
        return longest

    def _take_in(self, events: Sequence[Reported | ReportedBlock | Ended]) -> None:
        table = self.engine.table
        for event in events:
            if not 0 <= event.trial < table.n_trials:
                logger.error(
                    "the backend tells of trial %s, which was never started: %r", event.trial, event
                )
                continue
            self._settled = False
            if isinstance(event, Ended):
                if table.status(event.trial) <= Status.STOPPING:
                    self._ended(event)
                continue
            self.engine.report(event)
            self.status.wallclock_time = self.backend.clock.now()
            if self._observers.add_columns or self._own_columns is not None:
                self._add_columns(event)
            self.status.update(event)

    def _add_columns(self, event: Reported | ReportedBlock) -> None:
        """Let scheduler and observers add to a report, after its decision, before it is stored."""
        columns = self._observers.columns(self._view, event)
        if self._own_columns is not None:
            columns = {**self._own_columns(self.engine.table), **columns}
        if isinstance(event, ReportedBlock):
            columns = {name: [value] * len(event.at) for name, value in columns.items()}
        cast("dict[str, Any]", event.metrics).update(columns)  # made by the backend as a dict

    def _ended(self, event: Ended) -> None:
        """A process lost with the last tuner is no failure of its trial."""
        engine, trial = self.engine, event.trial
        lost = trial in self._recovering and event.exit == "killed"
        self._recovering.discard(trial)
        running = engine.table.status(trial) is not Status.STOPPING
        done = engine.table.value("reached", trial) >= engine.table.value("until", trial)
        if lost and running and not done and self.policy.restart_interrupted:
            engine.retry(trial, event.at, "the tuner was interrupted", lost=True)
            return
        status = engine.ended(event)
        if lost and self._deletes_checkpoints and status in (Status.COMPLETED, Status.STOPPED):
            self.backend.delete_checkpoint(trial)  # which could not know that this was the end

    def _ask(self) -> bool:
        """Fill the workers; return whether the criterion holds with what was started.

        It did not hold just before. An interruption here must make no difference, so nothing else
        may happen before the run ends.
        """
        if self._settled or self._exhausted:
            return False
        table, policy = self.engine.table, self.policy
        if not policy.asynchronous:
            return (
                table.n_busy == 0
                and self._ask_for(policy.n_workers)
                and self._reason_to_stop() is not None
            )
        while self._n_held() < policy.n_workers and self._ask_for(1):
            if self._reason_to_stop() is not None:
                return True
        return False

    def _n_held(self) -> int:
        """Workers that are taken."""
        table = self.engine.table
        stopping = table.count(Status.STOPPING) if self.policy.without_delay else 0
        return table.n_busy - stopping

    def _ask_for(self, n: int) -> bool:
        answer = self.engine.ask(n, self.backend.clock.now())
        if isinstance(answer, Reply):
            self._settled = True
            self._exhausted = answer is Reply.EXHAUSTED
            return False
        return True

    def _commit(self) -> None:
        """Store what happened, then let the backend act on it, then let others look."""
        events, commands = self.engine.take()
        if events:
            self._append(events)
            self._record.add(events)
        for command in commands:
            self._carry_out(command)
        if events:
            self._observers.events(self._view, events)
            n_events = self._record.n_events
            if n_events - self._snapshot_at >= max(_SNAPSHOT_EVERY, n_events // 10):
                self._snapshot()

    def _append(self, events: list[Event]) -> None:
        """Try for a while: a full disk is emptied, a network comes back."""
        delay, left = 0.1, self.policy.store_patience
        while True:
            try:
                self.store.append(events)
                return
            except StoreError as error:
                if left <= 0 or self._interrupted():
                    raise
                logger.error("%s; trying again in %.1f s", error, delay)
            time.sleep(delay)
            left, delay = left - delay, min(2 * delay, 5.0)

    def _carry_out(self, command: Command) -> None:
        if isinstance(command, BeginJob) and command.not_before > self.backend.clock.now():
            self._backoff.add(command)
            return
        if isinstance(command, StopJob) and self._backoff.withdraw(command.trial):
            now = self.backend.clock.now()
            self._take_in([Ended(at=now, trial=command.trial, exit="killed")])
        if isinstance(command, DropJobCheckpoint) and not self._drops_checkpoints():
            return
        try:
            carry_out(command, self.backend)
        except Exception:  # one trial's trouble must not end the others
            if not isinstance(command, BeginJob):
                raise
            trial = command.job.trial
            logger.exception("trial %d could not be started", trial)
            now = self.backend.clock.now()
            self._take_in([Ended(at=now, trial=trial, exit="failed", error=traceback.format_exc())])

    def _drops_checkpoints(self) -> bool:
        """Whether the backend wants to hear of checkpoints that are not needed; warns if not."""
        wanted = removes_checkpoints(self.backend)
        if not wanted and not self._warned_of_kept:
            self._warned_of_kept = True
            logger.warning(
                "the scheduler gives checkpoints up, but all are kept: the backend was made with "
                "delete_checkpoints=False; with True they are removed"
            )
        return wanted

    def _drop_remaining(self) -> None:
        """With the experiment over, nothing goes on from the checkpoints of trials that might."""
        if not self._deletes_checkpoints:
            return
        table, now = self.engine.table, self.backend.clock.now()
        status, fidelity = table.trial("status"), table.problem.fidelity
        left = np.isin(status, (Status.PAUSED, Status.FAILED))
        if fidelity is not None:  # the backend took the end of such a one for a pause
            left |= (status == Status.COMPLETED) & (table.trial("until") < fidelity.high)
        for trial in map(int, np.flatnonzero(left & table.trial("checkpoint"))):
            why = {"source": "delete_checkpoints", "reason": "the experiment is over"}
            self.engine.decide("drop_checkpoint", trial, now, by="tuner", why=why)
        self._commit()

    def _snapshot(self) -> None:
        self._snapshot_at = self._record.n_events
        state = self.engine.scheduler.state_dict() if self.policy.snapshots else None
        if state is None:
            return
        try:
            self.store.save_snapshot(Snapshot(n_events=self._record.n_events, state=state))
        except StoreError as error:  # the journal alone is enough to resume
            logger.warning("snapshot not saved: %s", error)

    def save_on_failure(self) -> None:
        """Keep what was recorded before something raised; without it a resumption still works."""
        events, _ = self.engine.take()
        try:
            if events:
                self.store.append(events)
        except StoreError as error:
            logger.error("the last %d events are not stored: %s", len(events), error)

    # ---- ending -------------------------------------------------------------------------

    def _reason_to_stop(self) -> str | None:
        self.status.wallclock_time = self.backend.clock.now()
        return why_to_stop(self.policy.stop_criterion, self.status)

    def _over(self) -> str | None:
        """Why the run ends here; None if it goes on."""
        table = self.engine.table
        failed = table.count(Status.FAILED)
        if failed > self.policy.max_failures:
            return f"{failed} trials failed, more than max_failures={self.policy.max_failures}"
        if self._stop_asked is not None:
            return self._stop_asked
        reason = self._reason_to_stop()
        if reason is not None:
            return reason
        if self._exhausted and table.n_busy == 0 and not self.engine.commands:
            return "the search space is exhausted"
        return None

    def _end_trials(self, reason: str) -> None:
        """Stop what runs, or wait for it, and see every trial's end."""
        engine, table = self.engine, self.engine.table
        if not self.policy.wait_when_stopping:
            for trial in map(int, table.busy()):
                if table.status(trial) <= Status.RUNNING:
                    why = {"source": "stop_criterion", "reason": reason}
                    engine.decide("stop", trial, self.backend.clock.now(), by="tuner", why=why)
        self._commit()
        patience = time.monotonic() + _STOP_PATIENCE
        while table.n_busy:
            self._take_in(self._poll(self.policy.longest_wait))
            self._commit()
            self._refresh()
            if self._interrupted():
                raise Interrupted
            if not self.policy.wait_when_stopping and time.monotonic() > patience:
                for trial in map(int, table.busy()):
                    logger.warning("trial %d did not end within %g s", trial, _STOP_PATIENCE)
                    engine.ended(Ended(at=self.backend.clock.now(), trial=trial, exit="killed"))
                self._commit()
        self._commit()  # a retry that was still to come ends without the backend

    # ---- users --------------------------------------------------------------------------

    def _obey(self) -> None:
        for command in self._commands.look():
            try:
                command.reply(self._do(command))
            except (SynecoreError, KeyError, TypeError, ValueError) as error:
                command.reply(str(error), ok=False)
            self._settled = False

    def _do(self, command: UserCommand) -> str:
        engine, now, values = self.engine, self.backend.clock.now(), command.values
        match command.do:
            case "stop":
                self._stop_asked = "stopped by the user"
                return "stopping"
            case "stop_trial":
                trial = _known_trial(values["trial"], engine.table.n_trials)
                status = engine.table.status(trial)
                if status > Status.RUNNING and status is not Status.PAUSED:
                    raise ExperimentError(f"trial {trial} is {status.name.lower()} already")
                engine.decide("stop", trial, now, by="user", why={"source": "user"})
                return f"trial {trial} stops"
            case "add":
                try:
                    points = engine.table.problem.space.impute([values["config"]])
                except SpaceError as error:
                    raise ExperimentError(str(error).partition("]: ")[2] or str(error)) from None
                engine.amend(Amended(at=now, problem={"start_points": points}))
                self._exhausted = False
                return f"queued {points[0]}"
            case other:
                raise ExperimentError(f"unknown command {other!r}; known are stop, stop_trial, add")


def removes_checkpoints(backend: Backend) -> bool:
    """Whether a backend removes checkpoints that are not needed; one that does not say so does."""
    return bool(getattr(backend, "delete_checkpoints", True))


def _known_trial(trial: Any, n_trials: int) -> int:
    if not isinstance(trial, int) or not 0 <= trial < n_trials:
        raise ExperimentError(f"there is no trial {trial!r}; {n_trials} were started")
    return trial
