"""Go on with an experiment: fold the journal, load a snapshot, replay what came after it."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from synecore.actions import Amended, Event, Reported, ReportedBlock, time_of
from synecore.errors import ExperimentError, OptionError, ResumeMismatchError, SynecoreError
from synecore.problem import Problem
from synecore.protocols import Backend, Rebuildable, Scheduler, Snapshot
from synecore.space import SearchSpace
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine
from synecore.tuning.experiment import Experiment, open_store
from synecore.tuning.lock import FolderLock
from synecore.tuning.record import Record, last_drops
from synecore.tuning.replay import replay
from synecore.tuning.status import TuningStatus
from synecore.tuning.stopping import StopCriterion, StoppingCriterion
from synecore.tuning.tuner import Tuner

logger = logging.getLogger(__name__)


def resume(
    name: str | os.PathLike[str],
    *,
    scheduler: Scheduler | None = None,
    trial_backend: Backend | None = None,
    stop_criterion: StopCriterion | None = None,
    config_space: Mapping[str, Any] | None = None,
    interrupted: Literal["restart", "fail"] = "restart",
    strict: bool = False,
    **settings: Any,
) -> Tuner:
    """A tuner that continues an experiment where its journal ends.

    scheduler, trial_backend
        Needed where the experiment was run with objects of your own instead of names.
    stop_criterion
        Replaces the one on record; needed where that was a callable.
    config_space
        Replaces the space. Configurations on record are encoded again; those outside are left out
        of models.
    interrupted
        What becomes of trials whose process was lost: run again from their checkpoint, or failed.
    strict
        Raise ResumeMismatchError where a replayed decision differs, instead of rebuilding from the
        table.
    settings
        Other arguments of `Tuner`, such as n_workers, callbacks, display.
    """
    if interrupted not in ("restart", "fail"):
        raise OptionError(f"resume: 'interrupted' must be 'restart' or 'fail', got {interrupted!r}")
    if config_space is not None and scheduler is not None:
        raise OptionError(
            "resume: 'config_space' is for schedulers that are built again by name; a scheduler "
            "object has its space already, so give one of the two"
        )
    experiment = Experiment.open(name)
    metadata = experiment.metadata
    criterion = stop_criterion or _criterion(metadata, experiment.name)
    # A lock even for looking: a store may mend a torn end when it is opened for writing.
    with FolderLock(experiment.path):
        store = open_store(metadata["store"], experiment.path)
        try:
            events, snapshot = list(store.events()), store.load_snapshot()
        finally:
            store.close()
    if scheduler is None and metadata["problem"].get("tasks"):
        raise ExperimentError(
            f"experiment '{experiment.name}' learns from earlier tasks, which are not on record; "
            f"build its scheduler with them again: Tuner.resume({experiment.name!r}, scheduler=…)"
        )
    made = _Restored(experiment, events, snapshot, scheduler, strict).restore()
    backend = trial_backend or _rebuild(metadata, "backend", experiment.name)
    if "callbacks" not in settings:
        settings["callbacks"] = _callbacks(metadata)
    tuner = Tuner(
        backend, made.scheduler, criterion,
        **{**metadata["tuner"], **settings, "tuner_name": None, "store": metadata["store"]},
    )  # fmt: skip
    tuner.adopt(experiment, made.status, made.record, restart=interrupted == "restart")
    if config_space is not None:
        _amend(tuner, experiment, made.record, config_space)
    return tuner


class _Restored:
    """Table, status and scheduler as they stood after the last event on record."""

    def __init__(
        self,
        experiment: Experiment,
        events: Sequence[Event],
        snapshot: Snapshot | None,
        given: Scheduler | None,
        strict: bool,
    ) -> None:
        self._experiment, self._events, self._strict = experiment, events, strict
        self._snapshot = snapshot if snapshot and snapshot.n_events <= len(events) else None
        self._given = given
        self.record = Record()
        self.record.add(events)

    def restore(self) -> _Restored:
        fresh = self._first_after_amendment()
        snapshot = self._snapshot
        if snapshot is not None and snapshot.n_events >= fresh:
            start = snapshot.n_events
        else:
            start, snapshot = fresh, None
        status = self._fold(start)
        self.scheduler = self._given or self._build(status.table.problem)
        if snapshot is not None:
            self.scheduler.load_state_dict(snapshot.state)
        elif start and isinstance(self.scheduler, Rebuildable):
            self.scheduler.rebuild(status.table)
        try:
            engine = Engine(self.scheduler, status.table, max_retries=self._max_retries())
            engine.set_time_budget(self._time_budget(start))
            self.record.owed = replay(engine, self._events[start:], start)
        except ResumeMismatchError as error:
            self._rebuild_or_raise(error)
        self.record.drops = last_drops([*self._events, *self.record.owed])
        self.status = self._fold(len(self._events))
        for event in self.record.owed:
            self.status.table.apply(event)
        return self

    def _rebuild_or_raise(self, error: ResumeMismatchError) -> None:
        name = self._experiment.name
        if self._strict or not isinstance(self.scheduler, Rebuildable) or self._given is not None:
            raise ResumeMismatchError(
                f"experiment '{name}' cannot be resumed exactly: {error}. Versions on record: "
                f"{self._experiment.metadata.get('versions')}"
            ) from error
        logger.warning(
            "experiment '%s': %s; its state is rebuilt from the trials on record", name, error
        )
        table = self._fold(len(self._events)).table
        self.scheduler = self._build(table.problem)
        assert isinstance(self.scheduler, Rebuildable)  # as the one before it
        self.scheduler.rebuild(table)

    def _fold(self, n: int) -> TuningStatus:
        metadata = self._experiment.metadata
        status = TuningStatus(TrialTable(self._experiment.problem(), metadata.get("tags", {})))
        for event in self._events[:n]:
            status.table.apply(event)
            if isinstance(event, (Reported, ReportedBlock)):
                status.update(event)
            status.wallclock_time = time_of(event)
        return status

    def _first_after_amendment(self) -> int:
        """Number of the first event after the last change of the space, where no earlier state
        counts.
        """
        for number in range(len(self._events) - 1, -1, -1):
            event = self._events[number]
            if isinstance(event, Amended) and "space" in (event.problem or {}):
                return number + 1
        return 0

    def _time_budget(self, n: int) -> float | None:
        """Seconds that the experiment was allowed to take after its first n events."""
        metadata = self._experiment.metadata
        recorded = metadata.get("first_stop_criterion", metadata["stop_criterion"])
        for event in self._events[:n]:
            if isinstance(event, Amended) and event.stop_criterion is not None:
                recorded = event.stop_criterion
        return (recorded or {}).get("max_wallclock_time")

    def _max_retries(self) -> int:
        return int(self._experiment.metadata["tuner"].get("max_retries", 0))

    def _build(self, problem: Problem) -> Scheduler:
        return _rebuild(self._experiment.metadata, "scheduler", self._experiment.name, problem)  # type: ignore[no-any-return]


def _rebuild(
    metadata: Mapping[str, Any], kind: str, name: str, problem: Problem | None = None
) -> Any:
    from synecore.plugins.make import rebuild

    spec = metadata["components"][kind]
    if spec is None:
        argument = "trial_backend" if kind == "backend" else kind
        raise ExperimentError(
            f"experiment '{name}' was run with a {kind} object that has no name to build it from; "
            f"give it again: Tuner.resume({name!r}, {argument}=…)"
        )
    return rebuild(spec, problem)


def _callbacks(metadata: Mapping[str, Any]) -> list[object]:
    """The callbacks that were given by name; one whose plugin is gone is left out."""
    from synecore.plugins.make import rebuild

    found: list[object] = []
    for spec in metadata["components"].get("callbacks", ()):
        try:
            found.append(rebuild(spec, None))
        except (SynecoreError, ImportError) as error:
            logger.warning("goes on without callback '%s': %s", spec["name"], error)
    return found


def _criterion(metadata: Mapping[str, Any], name: str) -> StopCriterion:
    recorded = metadata["stop_criterion"]
    if recorded is None:
        raise ExperimentError(
            f"experiment '{name}' was run with a callable as stopping criterion, which is "
            "not on record; "
            f"give one: Tuner.resume({name!r}, stop_criterion=…)"
        )
    return StoppingCriterion.from_json(recorded)


def _amend(
    tuner: Tuner, experiment: Experiment, record: Record, config_space: Mapping[str, Any]
) -> None:
    """Put a change of the space on record, and build the scheduler again from the trials."""
    now = tuner.tuning_status.wallclock_time
    change = Amended(at=now, problem={"space": SearchSpace(config_space).to_json()})
    with FolderLock(experiment.path):
        store = open_store(experiment.metadata["store"], experiment.path)
        try:
            store.append([*record.owed, change])
        finally:
            store.close()
    record.add([*record.owed, change])
    record.owed.clear()
    table = tuner.tuning_status.table
    table.apply(change)
    tuner.scheduler = _rebuild(experiment.metadata, "scheduler", experiment.name, table.problem)
    if isinstance(tuner.scheduler, Rebuildable):
        tuner.scheduler.rebuild(table)
