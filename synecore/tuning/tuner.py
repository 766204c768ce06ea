"""The tuner: puts scheduler, backend, store and stopping criterion together and runs them."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from synecore import seeds
from synecore.actions import Amended, Status
from synecore.errors import ExperimentError, OptionError
from synecore.names import check_valid_name, name_from_base, sanitize_name
from synecore.paths import experiment_path
from synecore.plugins.hookspecs import ExperimentView
from synecore.plugins.make import spec_of
from synecore.plugins.observers import Observers
from synecore.problem import Goal
from synecore.protocols import Backend, ResultStore, RunContext, Scheduler
from synecore.trials import TrialTable
from synecore.tuning.callbacks import CallbackObserver, TunerCallback, callback_of
from synecore.tuning.claim import claim, refuse_claimed
from synecore.tuning.commands import CommandBox
from synecore.tuning.display import Display, choose_display
from synecore.tuning.engine import Engine
from synecore.tuning.experiment import (
    Experiment,
    check_store,
    create,
    finish,
    mark_ended,
    objective_index,
    open_store,
    write_metadata,
)
from synecore.tuning.explain import last_error
from synecore.tuning.interrupt import Interrupted, interrupt_switch
from synecore.tuning.lock import FolderLock
from synecore.tuning.metadata import component_name, criterion_to_json, describe
from synecore.tuning.opening import repeat_commands, unfinished, waiting_retries
from synecore.tuning.record import Record
from synecore.tuning.session import LONGEST_WAIT, Policy, Session
from synecore.tuning.status import TuningStatus
from synecore.tuning.stopping import StopCriterion, time_budget

logger = logging.getLogger(__name__)


class Tuner:
    """Runs trials of a backend as a scheduler decides, until a criterion holds.

    Parameters follow the documented system. What is kept lies in the experiment's folder
    (`~/synecore/<name>/`); after a crash or an interruption `Tuner.resume(name).run()` goes on.

    trial_backend, scheduler
        Components made by `make_backend` and `make_scheduler`, or objects of your own.
    stop_criterion
        `StoppingCriterion`, or any callable that takes a `TuningStatus` and returns a bool.
    n_workers
        Trials that run at the same time.
    sleep_time
        Longest wait for an event, in seconds; 0: the loop's own choice. Nothing is delayed by it:
        the loop wakes up when something happens.
    results_update_interval
        Accepted and not needed: every event is stored when it happens.
    print_update_interval
        Seconds between two lines of plain progress.
    max_failures
        The run ends when more trials than this have finally failed.
    tuner_name, suffix_tuner_name
        Letters, digits and '-'; a time stamp is added unless `suffix_tuner_name=False`.
    asynchronous_scheduling
        False: start n_workers trials together and wait for all of them.
    wait_trial_completion_when_stopping
        True: let running trials finish when the criterion holds.
    callbacks
        Names of callbacks ("tensorboard"), mappings with a name and options, objects with observer
        methods, or `TunerCallback`s. Those given by name are there again when the run is resumed.
    metadata
        Your own JSON values for metadata.json.
    save_tuner
        False: no snapshots of the scheduler's state. Resuming then replays the whole journal.
    trial_backend_path
        Where the backend keeps its files, if not in the experiment's folder.
    store
        Name of a result store, or a mapping with its name and options.
    start_jobs_without_delay
        True: a trial that was told to stop or pause holds no worker any more, so for the time it
        takes to end more than n_workers trials run.
    max_retries
        How often a failed trial is run again, from its last checkpoint, before it counts as
        failed. A script that exits with status 78 (`give_up`) is not run again.
    retry_delay
        Seconds before a failed trial is run again; doubled with each further failure.
    display
        "auto", "rich", "plain", "none", or an object with the methods of `Display`.
    """

    def __init__(
        self,
        trial_backend: Backend,
        scheduler: Scheduler,
        stop_criterion: StopCriterion,
        n_workers: int = 1,
        sleep_time: float = 0.5,
        results_update_interval: float = 10.0,
        print_update_interval: float = 30.0,
        max_failures: int = 1,
        tuner_name: str | None = None,
        asynchronous_scheduling: bool = True,
        wait_trial_completion_when_stopping: bool = False,
        callbacks: Sequence[object] | None = None,
        metadata: Mapping[str, Any] | None = None,
        suffix_tuner_name: bool = True,
        save_tuner: bool = True,
        start_jobs_without_delay: bool = False,
        trial_backend_path: str | os.PathLike[str] | None = None,
        *,
        store: str | Mapping[str, Any] = "jsonl",
        max_retries: int = 0,
        retry_delay: float = 1.0,
        display: str | Display = "auto",
    ) -> None:
        _check(
            n_workers=(n_workers, 1), max_failures=(max_failures, 0), max_retries=(max_retries, 0)
        )
        if not callable(stop_criterion):
            raise OptionError(
                "Tuner: 'stop_criterion' must be a StoppingCriterion or a callable, got "
                f"{stop_criterion!r}"
            )
        self.trial_backend, self.scheduler = trial_backend, scheduler
        self.stop_criterion, self.n_workers = stop_criterion, n_workers
        self.callbacks = [callback_of(given) for given in callbacks or ()]
        self.max_retries = max_retries
        self.retry_delay = _seconds("retry_delay", retry_delay)
        self._policy = Policy(
            n_workers=n_workers, stop_criterion=stop_criterion, max_failures=max_failures,
            asynchronous=asynchronous_scheduling, without_delay=start_jobs_without_delay,
            wait_when_stopping=wait_trial_completion_when_stopping,
            snapshots=save_tuner, longest_wait=_longest_wait(sleep_time),
        )  # fmt: skip
        self._display, self._print_interval = display, print_update_interval
        base = tuner_name or _default_name(trial_backend, scheduler)
        if tuner_name is not None:
            check_valid_name(tuner_name)
        self.name = name_from_base(base) if suffix_tuner_name else base
        self.tuner_path: Path = experiment_path(self.name)
        self._backend_path = Path(trial_backend_path) if trial_backend_path is not None else None
        self.store = {"name": store} if isinstance(store, str) else dict(store)
        check_store(self.store)
        self.user_metadata = dict(metadata or {})
        self._experiment: Experiment | None = None
        self._restart_interrupted = True
        self._broken: str | None = None  # why the scheduler's state may be wrong
        self.tuning_status = TuningStatus(TrialTable(scheduler.problem, scheduler.tags))
        self._record = Record()

    # ---- running ------------------------------------------------------------------------

    def run(self) -> Experiment:
        """Run until the criterion holds, and return the experiment.

        Raises KeyboardInterrupt (or SystemExit for SIGTERM) after a graceful interruption;
        everything is stored then, and the run can be resumed. Calling `run` again, with another
        `stop_criterion`, goes on with the same experiment.
        """
        display = choose_display(self._display, self._print_interval)
        observers = self._observers(display)
        ended: str | None = None
        if self._experiment is None:
            refuse_claimed(self.scheduler)
            self._experiment = create(self.name, describe(self), self.tuner_path)
            claim(self.scheduler, self.name)
        if self._broken is not None:
            raise ExperimentError(
                f"the last run of '{self.name}' failed ({self._broken}); use "
                f"Tuner.resume({self.name!r})"
            )
        experiment = self._experiment
        with FolderLock(experiment.path), interrupt_switch() as switch:
            store = open_store(self.store, experiment.path)
            try:
                self._refuse_if_others_wrote(store)
                experiment = self._record_criterion(experiment, store)
                experiment = self._experiment = mark_ended(experiment, None)
                view = self._view(experiment)
                session = self._session(store, view, observers, switch, display)
                observers.experiment_start(view)
                try:
                    self._open_backend(experiment, session)
                    reason = ended = session.run()
                except Interrupted:
                    reason = f"interrupted; `synecore resume {self.name}` goes on"
                except BaseException as error:
                    reason = self._broken = f"{type(error).__name__}: {error}"
                    session.save_on_failure()
                    raise
                finally:
                    self._close_backend()
                    observers.experiment_end(view, reason)
            finally:
                store.close()
            self._experiment = finish(experiment, ended)
            if switch():
                switch.raise_for_signal()
        if self.tuning_status.num_trials_failed > self._policy.max_failures:
            raise ExperimentError(self._failure_message(experiment))
        return self._experiment

    def _refuse_if_others_wrote(self, store: ResultStore) -> None:
        """Two tuners of one process know nothing of each other's trials."""
        if next(iter(store.events(self._record.n_events)), None) is not None:
            raise ExperimentError(
                f"another tuner went on with '{self.name}' since this one last ran; use "
                f"Tuner.resume({self.name!r})"
            )

    def _record_criterion(self, experiment: Experiment, store: ResultStore) -> Experiment:
        """Put a criterion that was assigned since the last run on record."""
        criterion = criterion_to_json(self.stop_criterion)
        if criterion == experiment.metadata["stop_criterion"]:
            return experiment
        if self._record.n_events:
            change = Amended(at=self.tuning_status.wallclock_time, stop_criterion=criterion)
            store.append([*self._record.owed, change])
            self._record.add([*self._record.owed, change])
            self._record.owed.clear()
        first = experiment.metadata["stop_criterion"]
        metadata = {"first_stop_criterion": first, **experiment.metadata}
        metadata["stop_criterion"] = criterion
        self._experiment = attrs.evolve(experiment, metadata=metadata)
        write_metadata(self._experiment)
        return self._experiment

    def _session(
        self, store: Any, view: ExperimentView, observers: Observers, switch: Any, display: Display
    ) -> Session:
        engine = Engine(
            self.scheduler, self.tuning_status.table,
            max_retries=self.max_retries, retry_delay=self.retry_delay,
        )  # fmt: skip
        engine.set_time_budget(time_budget(self.stop_criterion))
        engine.events.extend(self._record.owed)
        self._record.owed.clear()
        policy = attrs.evolve(
            self._policy, n_workers=self.n_workers, stop_criterion=self.stop_criterion,
            restart_interrupted=self._restart_interrupted,
        )  # fmt: skip
        return Session(
            engine, self.trial_backend, store, view, self.tuning_status, observers,
            CommandBox(self.tuner_path), policy, self._record,
            waiting_retries(engine, self._record, self.tuning_status.wallclock_time),
            interrupted=switch, refresh=lambda: display.refresh(view),
        )  # fmt: skip

    def _open_backend(self, experiment: Experiment, session: Session) -> None:
        spec = spec_of(self.scheduler)
        recorded = spec.seed if spec is not None else None
        seed = seeds.sequence(recorded) if isinstance(recorded, int) else np.random.SeedSequence()
        self.trial_backend.open(
            RunContext(
                folder=self._backend_path or experiment.path, problem=self.scheduler.problem,
                seed=seed, n_workers=self.n_workers,
                decides=self.scheduler.decides, now=self.tuning_status.wallclock_time,
                running=unfinished(session.engine, self._record, session.waiting),
            )
        )  # fmt: skip
        repeat_commands(self.trial_backend, self.tuning_status.table, self._record)

    def _close_backend(self) -> None:
        """Close it; after a failure, an error of its own must not hide the first one."""
        try:
            self.trial_backend.close()
        except Exception:
            if self._broken is None:
                raise
            logger.exception("the backend could not be closed")

    def _view(self, experiment: Experiment) -> ExperimentView:
        return ExperimentView(
            name=self.name, problem=self.scheduler.problem, trials=self.tuning_status.table,
            metadata=dict(experiment.metadata), folder=experiment.path, status=self.tuning_status,
        )  # fmt: skip

    def _observers(self, display: Display) -> Observers:
        objects = [
            CallbackObserver(callback, self) if isinstance(callback, TunerCallback) else callback
            for callback in self.callbacks
        ]
        return Observers([*objects, display])

    def _failure_message(self, experiment: Experiment) -> str:
        failed = np.flatnonzero(self.tuning_status.table.trial("status") == Status.FAILED)
        last = int(failed[-1])
        error = last_error(experiment, last) or "no message"
        allowed = len(failed) + self._policy.max_failures
        return (
            f"{len(failed)} trials failed, more than max_failures={self._policy.max_failures}; "
            f"the last was trial {last} with "
            f"{dict(self.tuning_status.table.configs[last])}: "
            f"{error}\nFinished trials are kept in {self.tuner_path}. Mend the script and "
            f"`synecore resume {self.name} --max-failures {allowed}`: failed trials still count"
        )

    # ---- results ------------------------------------------------------------------------

    def best_config(self, metric: str | int = 0) -> tuple[int, dict[str, Any]]:
        """Trial and configuration of the best observation of a metric, given by index or name."""
        table = self.tuning_status.table
        index = objective_index(table.problem, metric)
        found = table.best(index)
        if found is None:
            raise ExperimentError(
                "no trial has reported a finite, feasible "
                f"'{table.problem.objectives[index].name}' yet"
            )
        return found[0], dict(table.configs[found[0]])

    # ---- going on -----------------------------------------------------------------------

    @classmethod
    def resume(cls, name: str | os.PathLike[str], **changes: Any) -> Tuner:
        """A tuner that goes on with an interrupted or finished experiment; see
        `synecore.tuning.resume`.
        """
        from synecore.tuning.resume import resume

        return resume(name, **changes)

    load = resume

    def adopt(
        self, experiment: Experiment, status: TuningStatus, record: Record, *, restart: bool
    ) -> None:
        """Take over an experiment as it stands on disk."""
        self._experiment = experiment
        self.name, self.tuner_path = experiment.name, experiment.path
        self.tuning_status, self._record = status, record
        self._restart_interrupted = restart

    def settings(self) -> dict[str, Any]:
        """The arguments that a resumed tuner needs again, as JSON."""
        return {
            "n_workers": self.n_workers,
            "max_failures": self._policy.max_failures,
            "max_retries": self.max_retries,
            "retry_delay": self.retry_delay,
            "start_jobs_without_delay": self._policy.without_delay,
            "asynchronous_scheduling": self._policy.asynchronous,
            "wait_trial_completion_when_stopping": self._policy.wait_when_stopping,
            "save_tuner": self._policy.snapshots,
            "trial_backend_path": None if self._backend_path is None else str(self._backend_path),
        }

    def metric_mode(self) -> list[str]:
        """'min' or 'max' for each objective."""
        return [Goal(o.goal).value for o in self.scheduler.problem.objectives]


def _default_name(backend: Backend, scheduler: Scheduler) -> str:
    entry_point = getattr(backend, "entry_point", None)
    base = component_name(scheduler) if entry_point is None else Path(str(entry_point)).stem
    return sanitize_name(base) or "tuner"


def _seconds(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise OptionError(f"Tuner: '{name}' must be a number >= 0, got {value!r}")
    return value


def _longest_wait(sleep_time: float) -> float:
    _seconds("sleep_time", sleep_time)
    # A wait of 0 would keep a processor busy, and let no time pass on a virtual clock.
    return min(sleep_time, LONGEST_WAIT) if sleep_time > 0 else LONGEST_WAIT


def _check(**numbers: tuple[Any, int]) -> None:
    for name, (value, least) in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise OptionError(f"Tuner: '{name}' must be an integer >= {least}, got {value!r}")
