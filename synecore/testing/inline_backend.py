"""A backend that evaluates a Python function on a virtual clock: every run of it is the same run.

A trial is the calls `evaluate(config, 1)`, `evaluate(config, 2)`, ..., each `seconds` after the one
before it. What must outlive the process (where a trial's checkpoint stands, how a start began) lies
in `<folder>/<trial>/inline.json`. A backend made anew on the same folder takes the running trials
up where the record ends, so that an interrupted and resumed run is the uninterrupted one.
"""

from __future__ import annotations

import enum
import json
import math
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import numpy as np

from synecore.actions import Ended, Reported, ReportedBlock
from synecore.errors import DeadlockError
from synecore.protocols import Clock, Job, RunContext, Unfinished
from synecore.tuning.clock import ManualClock


class Silence(enum.Enum):
    """What a function returns where a trial has nothing to report."""

    DONE = "done"  # it ends here, before its last resource
    HANG = "hang"  # it never reports again, until it is stopped


Evaluate: TypeAlias = Callable[[Mapping[str, Any], int], Mapping[str, Any] | Silence]


@attrs.define
class Kept:
    """What a trial leaves on disk."""

    attempt: int = -1
    since: float = -1.0  # when its last start was made
    first: int = 0  # resource that this start went on from
    base: int = 0  # reports before this start
    n: int = 0  # reports of this start, once it has ended
    level: int = 0  # resource of the checkpoint while no process runs; 0: none
    n_at_stop: int = -1  # reports of this start when it was told to stop; -1: it was not
    stopped_at: float = -1.0
    keep: bool = True  # the checkpoint, when told to stop


@attrs.define
class Run:
    """One start of a trial. `next` is what it does next; None: nothing, it hangs."""

    job: Job
    kept: Kept
    limit: float  # resource at which it ends by itself
    milestone: float
    time: float  # of its last report, or of its start
    n: int = 0  # reports made
    next: Reported | Ended | None = None

    @property
    def level(self) -> int:
        return self.kept.first + self.n


class InlineBackend:
    """Runs `evaluate(config, resource) -> metrics` for resource 1, 2, ... up to a job's `until`.

    An exception of the function is a crash of the trial; it may also return `Silence`.

    Args:
        evaluate: The trial. It must depend on its arguments alone.
        n_reports: Reports of a trial where neither `until` nor the problem limits it.
        seconds: Virtual time of each report, or a function of (config, resource).
        late_reports: Reports that a trial still makes after it was told to stop.
        checkpoints: Whether a resumed trial goes on; without, it begins again at resource 1.
        honours_until: Whether a trial ends at `until` by itself where the problem names no
            configuration key for it.
        blocks: Whether consecutive reports of one trial come as one `ReportedBlock`, for a
            scheduler that decides at milestones.
        on_disk: Whether another backend on the same folder can take the trials up.
    """

    def __init__(
        self,
        evaluate: Evaluate,
        *,
        n_reports: int = 1,
        seconds: float | Callable[[Mapping[str, Any], int], float] = 1.0,
        late_reports: int = 0,
        checkpoints: bool = True,
        honours_until: bool = True,
        blocks: bool = False,
        on_disk: bool = True,
    ) -> None:
        self._clock = ManualClock()
        self.clock: Clock = self._clock
        self._evaluate = evaluate
        self._n_reports = n_reports
        self._seconds = seconds
        self._late_reports = late_reports
        self._checkpoints = checkpoints
        self._honours_until = honours_until
        self._blocks = blocks
        self._on_disk = on_disk
        self._runs: dict[int, Run] = {}

    def open(self, run: RunContext) -> None:
        self._context = run
        self._runs = {}
        self._disk: dict[int, Kept] = {}
        self._clock.advance_to(run.now)
        for unfinished in run.running:
            kept = self._kept(unfinished.job.trial)
            if kept.attempt == unfinished.job.attempt and kept.since >= unfinished.since:
                self._attach(unfinished)
        for unfinished in run.running:  # those on record whose start never reached the backend
            job = unfinished.job
            if job.trial not in self._runs:
                self._begin(job, unfinished.since, unfinished.n_reports)
        for unfinished in run.running:
            if unfinished.stopping:
                self.stop(unfinished.job.trial, keep_checkpoint=True)

    def start(self, job: Job) -> None:
        if job.trial in self._runs:  # the same trial and attempt is begun once
            return
        kept = self._kept(job.trial)
        self._begin(job, self._clock.now(), kept.base + kept.n)

    def advance(self, trial: int, milestone: float) -> None:
        if trial in self._runs:
            self._runs[trial].milestone = milestone

    def stop(self, trial: int, *, keep_checkpoint: bool) -> None:
        run = self._runs.get(trial)
        if run is None:
            return
        run.kept.keep &= keep_checkpoint
        if run.kept.n_at_stop < 0:
            run.kept.n_at_stop, run.kept.stopped_at = run.n, self._clock.now()
        self._save(trial)
        self._schedule(run)

    def delete_checkpoint(self, trial: int) -> None:
        self._kept(trial).level = 0
        self._save(trial)

    def poll(self, timeout: float) -> Sequence[Reported | ReportedBlock | Ended]:
        """Return the next event, or the next block, moving the clock to it."""
        horizon = self._clock.now() + timeout
        event = self._take(horizon)
        if event is None:
            if horizon == math.inf:
                raise DeadlockError(
                    "InlineBackend.poll: nothing will ever happen, because no trial runs that will "
                    f"report or end (hanging: {sorted(self._runs)}); poll with a finite timeout"
                )
            self._clock.advance_to(horizon)
            return []
        if not self._blocks or self._context.decides != "milestones" or isinstance(event, Ended):
            return [event]
        return [self._block(event, horizon)]

    def close(self) -> None:
        self._runs.clear()

    # ---- the life of one start ------------------------------------------------------------

    def _begin(self, job: Job, since: float, base: int) -> None:
        first = 0
        if self._checkpoints and job.resumes:
            first = self._kept(job.trial).level
        elif self._checkpoints and job.checkpoint_of is not None:
            donor = self._runs.get(job.checkpoint_of)
            first = self._kept(job.checkpoint_of).level if donor is None else donor.level
        self._disk[job.trial] = Kept(job.attempt, since, first, base, level=first)
        self._save(job.trial)
        self._enter(job)

    def _attach(self, unfinished: Unfinished) -> None:
        """Take up a start of an earlier process after the reports on record."""
        run = self._enter(unfinished.job)
        while run.kept.base + run.n < unfinished.n_reports and isinstance(run.next, Reported):
            self._count(run, run.next)

    def _enter(self, job: Job) -> Run:
        kept = self._kept(job.trial)
        run = Run(job, kept, self._limit(job), job.milestone, kept.since)
        self._runs[job.trial] = run
        self._schedule(run)
        return run

    def _limit(self, job: Job) -> float:
        fidelity = self._context.problem.fidelity
        if fidelity is None:
            return min(self._n_reports, job.until)
        limit = fidelity.high
        if fidelity.attr is not None:
            limit = min(limit, float(job.config[fidelity.attr]))
        return min(limit, job.until) if self._honours_until else limit

    def _schedule(self, run: Run) -> None:
        """Find out what the run does next."""
        trial, kept, resource = run.job.trial, run.kept, run.level + 1
        told = kept.n_at_stop >= 0
        killed = Ended(at=max(run.time, kept.stopped_at), trial=trial, exit="killed")
        if resource > run.limit:
            run.next = Ended(at=run.time, trial=trial, exit="ok")
            return
        if told and run.n >= kept.n_at_stop + self._late_reports:
            run.next = killed
            return
        seconds = self._seconds
        at = run.time + (seconds(run.job.config, resource) if callable(seconds) else seconds)
        try:
            metrics = self._evaluate(run.job.config, resource)
        except Exception:
            run.next = Ended(at=at, trial=trial, exit="failed", error=traceback.format_exc())
            return
        if metrics is Silence.HANG:
            run.next = killed if told else None
        elif metrics is Silence.DONE:
            run.next = Ended(at=run.time, trial=trial, exit="ok")
        else:
            run.next = Reported(at=at, trial=trial, metrics=dict(metrics))

    def _count(self, run: Run, event: Reported) -> None:
        run.n += 1
        run.time = event.at
        self._schedule(run)

    def _take(self, horizon: float) -> Reported | Ended | None:
        """Let the first thing happen that is due by `horizon`; the lower trial goes first."""
        due = [(run.next.at, trial) for trial, run in self._runs.items() if run.next is not None]
        if not due or min(due)[0] > horizon:
            return None
        run = self._runs[min(due)[1]]
        event = run.next
        assert event is not None
        self._clock.advance_to(event.at)
        if isinstance(event, Reported):
            self._count(run, event)
        else:
            self._end(run)
        return event

    def _end(self, run: Run) -> None:
        trial, kept = run.job.trial, run.kept
        del self._runs[trial]
        kept.n = run.n
        kept.level = run.level if self._checkpoints and kept.keep else 0
        self._save(trial)

    def _block(self, event: Reported, horizon: float) -> ReportedBlock:
        """The report and those after it, up to the milestone or to any other event."""
        trial, reports = event.trial, [event]
        run = self._runs[trial]
        while run.level < run.milestone and isinstance(run.next, Reported):
            others = [r.next.at for t, r in self._runs.items() if t != trial and r.next is not None]
            if run.next.at >= min(others, default=math.inf) or run.next.at > horizon:
                break
            reports.append(run.next)
            self._clock.advance_to(run.next.at)
            self._count(run, run.next)
        columns = {name: [r.metrics[name] for r in reports] for name in event.metrics}
        return ReportedBlock(trial=trial, at=np.array([r.at for r in reports]), metrics=columns)

    # ---- what outlives the process --------------------------------------------------------

    def _path(self, trial: int) -> Path:
        return self._context.folder / str(trial) / "inline.json"

    def _kept(self, trial: int) -> Kept:
        if trial not in self._disk:
            path = self._path(trial)
            known = json.loads(path.read_text()) if self._on_disk and path.exists() else {}
            self._disk[trial] = Kept(**known)
        return self._disk[trial]

    def _save(self, trial: int) -> None:
        if not self._on_disk:
            return
        path = self._path(trial)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(json.dumps(attrs.asdict(self._disk[trial])))
        os.replace(new, path)
