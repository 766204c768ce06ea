"""The one table of trials and observations, folded from events.

Columns
-------
trial   x (n, d) · status · parent · until · milestone · reached · started · ended · attempt ·
        failures (retried ones) · reports · checkpoint (it may have one) · excluded (outside an
        amended space) · + the scheduler's tags
obs     trial · resource · y (n, m) minimised · c (n, k) feasible at <= 0 · cost · time ·
        at_milestone · late · repeat

`apply` is the only writer, for live runs, for replay and for reading an old journal, so that
folding a journal gives the live table column for column.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from synecore.actions import (
    Amended,
    Asked,
    Decided,
    Ended,
    Event,
    Report,
    Reported,
    ReportedBlock,
    Resumed,
    Retried,
    Started,
    Status,
)
from synecore.columns import Columns
from synecore.metrics import Measured, MetricReader
from synecore.problem import Array, IntArray, Problem

QUEUED, RUNNING, STOPPING = int(Status.QUEUED), int(Status.RUNNING), int(Status.STOPPING)
_STATUS = tuple(Status)
_FATES = {"stop": Status.STOPPED, "pause": Status.PAUSED, "fail": Status.FAILED}


@attrs.frozen
class BadReport:
    """A report that fails its trial: what is wrong with it."""

    trial: int
    message: str


class TrialTable:
    """Trials and observations of one experiment; a `TrialView` for everyone but the tuner."""

    def __init__(self, problem: Problem, tags: Mapping[str, str] | None = None) -> None:
        self.problem = problem
        self.start_points: list[Mapping[str, Any]] = list(problem.start_points)
        self.configs: list[Mapping[str, Any]] = []  # as given to the trials, constants included
        self.total_cost = 0.0  # of all trials, in the units of the problem's cost metric
        self._reader = MetricReader(problem)
        d, m, k = len(problem.space.names), len(problem.objectives), len(problem.constraints)
        self._tags = dict(tags or {})
        self._trials = Columns(
            x=("f8", (d,)), status=("i1", ()), parent=("i4", ()), until=("f8", ()),
            milestone=("f8", ()), reached=("f8", ()), started=("f8", ()), ended=("f8", ()),
            attempt=("i4", ()), failures=("i4", ()), reports=("i4", ()),
            checkpoint=("?", ()), excluded=("?", ()),
            **{name: (dtype, ()) for name, dtype in self._tags.items()},
        )  # fmt: skip
        self._obs = Columns(
            trial=("i4", ()), resource=("f8", ()), y=("f8", (m,)), c=("f8", (k,)),
            cost=("f8", ()), time=("f8", ()), at_milestone=("?", ()), late=("?", ()),
            repeat=("?", ()),
        )  # fmt: skip
        self.n_counted = 0  # of the last report, or block of them: those that were not late
        self._counts = [0] * len(Status)
        self._seen: set[bytes] = set()
        # What the next report of a trial is judged by; all of it follows from the events.
        self._fate: dict[int, Status] = {}
        self._last: list[float] = []  # resource of the last report since the last (re)start
        self._cost: list[tuple[float, float]] = []  # (offset of this start, reported since)
        self._last_finite: list[int] = []  # observation row, -1 for none

    # ---- the view -----------------------------------------------------------------------

    @property
    def n_trials(self) -> int:
        return self._trials.n

    @property
    def n_obs(self) -> int:
        return self._obs.n

    def trial(self, column: str) -> npt.NDArray[Any]:
        return self._trials.view(column)

    def obs(self, column: str) -> npt.NDArray[Any]:
        return self._obs.view(column)

    def pending(self) -> tuple[IntArray, Array]:
        """Queued or running trials short of their milestone: rows (q,) and milestones (q,)."""
        milestone, status = self.trial("milestone"), self.trial("status")
        rows = np.flatnonzero((status <= RUNNING) & (self.trial("reached") < milestone))
        return rows, milestone[rows]

    def seen(self, X: Array) -> npt.NDArray[np.bool_]:
        """Which snapped rows of X (n, d) are the configuration of some trial; (n,)."""
        known = self._seen
        if len(X) == 1:
            return np.array([_key(X[0]) in known])
        return np.fromiter((_key(row) in known for row in X), bool, len(X))

    # ---- what the tuner asks ------------------------------------------------------------

    def status(self, trial: int) -> Status:
        status: Status = _STATUS[self._trials.cells["status"][trial]]
        return status

    def count(self, status: Status) -> int:
        return self._counts[status]

    @property
    def n_pausing(self) -> int:
        """STOPPING trials that will be PAUSED."""
        return sum(fate is Status.PAUSED for fate in self._fate.values())

    @property
    def n_busy(self) -> int:
        """Trials that hold a worker: queued, running or stopping."""
        return self._counts[QUEUED] + self._counts[RUNNING] + self._counts[STOPPING]

    def busy(self) -> IntArray:
        return np.flatnonzero(self.trial("status") <= STOPPING)

    def value(self, column: str, trial: int) -> float:
        return float(self._trials.cells[column][trial])

    def fate(self, trial: int) -> Status:
        """What a STOPPING trial becomes when its end is seen."""
        return self._fate[trial]

    def measure(self, trial: int, metrics: Mapping[str, Any]) -> Measured | str:
        """Read a report before it is made; what is wrong with it, if something is."""
        measured = self._reader.read(metrics, self._trials.cells["reports"][trial] + 1)
        if isinstance(measured, str):
            return measured
        return self._out_of_order(trial, measured.resource) or measured

    def _out_of_order(self, trial: int, resource: float) -> str | None:
        last = self._last[trial]
        if resource >= last:
            return None
        return (
            f"reported {self._reader.resource_name}={resource:g} after {last:g}; it must "
            "not decrease"
        )

    def best(self, objective: int = 0) -> tuple[int, float] | None:
        """Trial and minimised value of the best finite, feasible observation, if there is one."""
        row = self.best_row(objective)
        if row is None:
            return None
        return int(self.obs("trial")[row]), float(self.obs("y")[row, objective])

    def best_row(self, objective: int = 0) -> int | None:
        """The same, as a row of the observations."""
        y = self.obs("y")[:, objective]
        ok = np.isfinite(y) & ~self.obs("late")
        if self.problem.constraints:
            ok &= (self.obs("c") <= 0.0).all(axis=1)
        rows = np.flatnonzero(ok)
        return int(rows[np.argmin(y[rows])]) if rows.size else None

    # ---- folding ------------------------------------------------------------------------

    def apply(
        self, event: Event, x: Array | None = None, measured: Measured | None = None
    ) -> Report | BadReport | None:
        """Fold one event. A report that counts comes back as the scheduler sees it.

        `x` (d,) spares encoding the configuration of a `Started` again, `measured` reading a
        `Reported` again.
        """
        match event:  # the frequent ones first
            case Reported():
                self.n_counted = 0
                return self._report(event, measured)
            case Decided():
                self._decide(event)
            case Asked():
                pass
            case Started():
                self._start(event, x)
            case Ended():
                self._end(event)
            case ReportedBlock():
                self.n_counted = 0
                return self._block(event)
            case Resumed():
                self._queue(event.trial)
                self._moves(event.trial, event.milestone, event.tags)
                self._trials.cells["until"][event.trial] = event.until
            case Retried():
                self._queue(event.trial)
                self._trials.cells["attempt"][event.trial] = event.attempt
                self._trials.cells["failures"][event.trial] += not event.lost
            case Amended():
                self._amend(event)
        return None

    def _start(self, event: Started, x: Array | None) -> None:
        if event.trial != self._trials.n:
            raise ValueError(f"trial {event.trial} cannot start: the next one is {self._trials.n}")
        if x is None:
            x = self.problem.space.encode([event.config])[0]
        self._trials.append(
            x=x, status=QUEUED, parent=event.parent, until=event.until, milestone=event.milestone,
            started=event.at, checkpoint=True,
        )  # fmt: skip
        self._moves(event.trial, None, event.tags)
        self._counts[QUEUED] += 1
        self._seen.add(_key(x))
        self.configs.append(event.config)
        self._last.append(0.0)
        self._cost.append((0.0, 0.0))
        self._last_finite.append(-1)

    def _queue(self, trial: int) -> None:
        self._set_status(trial, QUEUED)
        self._fate.pop(trial, None)
        self._trials.cells["ended"][trial] = math.nan
        self._trials.cells["checkpoint"][trial] = True
        self._last[trial] = 0.0
        offset, since = self._cost[trial]
        self._cost[trial] = (offset + since, 0.0)

    def _moves(self, trial: int, milestone: float | None, tags: Mapping[str, float]) -> None:
        if milestone is not None:
            self._trials.cells["milestone"][trial] = milestone
        for name, value in tags.items():
            self._trials[name][trial] = value

    def _set_status(self, trial: int, status: int) -> None:
        column = self._trials.cells["status"]
        self._counts[column[trial]] -= 1
        self._counts[status] += 1
        column[trial] = status

    def _decide(self, event: Decided) -> None:
        self._moves(event.trial, event.milestone, event.tags)
        if event.action == "drop_checkpoint":
            self._trials.cells["checkpoint"][event.trial] = False
        fate = _FATES.get(event.action)
        if fate is None:
            return
        if self._trials.cells["status"][event.trial] > RUNNING:
            self._set_status(event.trial, fate)  # a paused trial has no process to wait for
            return
        fidelity = self.problem.fidelity
        full = fidelity is not None and self.value("reached", event.trial) >= fidelity.high
        if full and event.action == "stop":
            fate = Status.COMPLETED  # there was nothing left to run
        self._set_status(event.trial, STOPPING)
        self._fate[event.trial] = fate

    def _end(self, event: Ended) -> None:
        if event.status is None:
            raise ValueError(f"trial {event.trial}: the end of a trial is recorded with its status")
        self._set_status(event.trial, event.status)
        self._fate.pop(event.trial, None)
        self._trials.cells["ended"][event.trial] = event.at
        row = self._last_finite[event.trial]
        if event.status is Status.COMPLETED and row >= 0:
            # Its final observation is a result, wherever it ended (rules: single fidelity).
            self._obs["at_milestone"][row] = True

    def _report(self, event: Reported, known: Measured | None = None) -> Report | BadReport | None:
        trial, cells = event.trial, self._trials.cells
        status = cells["status"][trial]
        count = cells["reports"][trial] + 1
        cells["reports"][trial] = count
        measured = self._reader.read(event.metrics, count) if known is None else known
        late = status >= STOPPING
        self.n_counted += not late
        if isinstance(measured, str):
            return None if late else BadReport(trial, measured)
        resource = measured.resource
        if not late:
            if status == QUEUED:
                self._set_status(trial, RUNNING)
            disorder = self._out_of_order(trial, resource)
            if disorder is not None:
                return BadReport(trial, disorder)
        reached = cells["reached"][trial]
        repeat = not late and resource <= reached
        cost = measured.cost
        if cost == cost:
            cost = math.nan if late else self._total_cost(trial, measured, reached)
        at_milestone = not late and reached < cells["milestone"][trial] <= resource
        row = self._obs.add()  # of unset values: only what differs is written
        obs = self._obs.cells
        obs["trial"][row], obs["resource"][row], obs["time"][row] = trial, resource, event.at
        obs["y"][row] = measured.values
        if self.problem.constraints:
            obs["c"][row] = measured.c
        if cost == cost:
            obs["cost"][row] = cost
        if late:
            obs["late"][row] = True
            return None
        if at_milestone:
            obs["at_milestone"][row] = True
        self._last[trial] = resource
        if repeat:
            obs["repeat"][row] = True
            return None
        cells["reached"][trial] = resource
        y = measured.y
        if measured.finite:
            self._last_finite[trial] = row
        else:
            y = np.where(np.isfinite(y), y, np.inf)
        return Report(trial, resource, y, measured.c, cost, event.at, at_milestone, event.metrics)

    def _total_cost(self, trial: int, measured: Measured, reached: float) -> float:
        """Cost over the trial's whole life: what earlier starts cost, and this one so far."""
        offset, before = self._cost[trial]
        if self._last[trial] == 0.0 and offset and measured.resource <= reached:
            offset = 0.0  # it began again from scratch, and counts its cost from there
        self._cost[trial] = (offset, measured.cost)
        self.total_cost += measured.cost - before  # what was spent in vain was spent
        return offset + measured.cost

    def _block(self, event: ReportedBlock) -> Report | BadReport | None:
        """Reports in order; a bad one ends the block, as it ends the trial."""
        names = list(event.metrics)
        result: Report | BadReport | None = None
        for at, *values in zip(event.at, *(event.metrics[name] for name in names), strict=True):
            metrics = dict(zip(names, values, strict=True))
            result = self._report(Reported(at=float(at), trial=event.trial, metrics=metrics))
            if isinstance(result, BadReport):
                break
        return result

    def _amend(self, event: Amended) -> None:
        change = dict(event.problem or {})
        self.start_points.extend(change.pop("start_points", ()))
        if not change:
            return
        self.problem = self.problem.amended(change)
        self._reader = MetricReader(self.problem)
        space = self.problem.space
        self.start_points = [point for point in self.start_points if space.contains(point)]
        inside = np.array([space.contains(config) for config in self.configs], bool)
        x = np.full((self.n_trials, len(space.names)), np.nan)
        if inside.any():
            x[inside] = space.encode([c for c, ok in zip(self.configs, inside, strict=True) if ok])
        self._trials.replace("x", x)
        self._trials["excluded"][: self.n_trials] = ~inside
        self._seen = {_key(row) for row in x[inside]}


def _key(x: Array) -> bytes:
    return (x + 0.0).tobytes()  # +0.0: minus zero and zero are one value


def columns(table: TrialTable) -> dict[str, npt.NDArray[Any]]:
    """Every column by name, for comparing two tables."""
    return {f"{kind}.{name}": part.view(name)
            for kind, part in (("trial", table._trials), ("obs", table._obs))
            for name in part.names}  # fmt: skip
