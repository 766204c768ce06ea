"""What a searcher may be shown before it is asked: the running trials and the rungs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import attrs
import numpy as np

from synecore.actions import Status
from synecore.problem import Array, TrialView
from synecore_asha.brackets import Brackets


@attrs.frozen
class RunningTrial:
    x: Array  # (d,)
    started: float  # seconds since the start of the experiment
    level: float  # resource of its last report, 0 before the first


@attrs.frozen(kw_only=True)
class Snapshot:
    """Running trials, and the rungs of the bracket that the next trial begins in."""

    bracket: int
    max_resource: float
    running: Mapping[int, RunningTrial]
    rungs: tuple[
        tuple[int, tuple[tuple[int, float], ...]], ...
    ]  # level, (trial, value); high first


@runtime_checkable
class ReadsSnapshots(Protocol):
    """A searcher that wants the snapshot of `do_snapshots`."""

    def read_snapshot(self, snapshot: Snapshot) -> None: ...


def take(brackets: Brackets, bracket: int, trials: TrialView) -> Snapshot:
    """Return the snapshot for a trial that begins in `bracket`.

    With a rung system each, only the bracket's own trials are in it.
    """
    status, reached = trials.trial("status"), trials.trial("reached")
    chosen = (status <= int(Status.RUNNING)) & (reached < brackets.max_t)
    if brackets.system_each:
        chosen &= trials.trial("bracket") == bracket
    x, started = trials.trial("x"), trials.trial("started")
    running = {
        int(t): RunningTrial(x[t].copy(), float(started[t]), float(reached[t]))
        for t in np.flatnonzero(chosen)
    }
    rungs = tuple((level, tuple(entries)) for level, entries in brackets.snapshot_rungs(bracket))
    return Snapshot(bracket=bracket, max_resource=brackets.max_t, running=running, rungs=rungs)
