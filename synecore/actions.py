"""What a scheduler asks for (actions) and what happened (events)."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import attrs

from .problem import Array

Why: TypeAlias = Mapping[str, str | int | float | bool | None]  # shown by `synecore why`


class Status(enum.IntEnum):
    """See rules.md, section 2, for who moves a trial from one to the next."""

    QUEUED = 0  # asked for, the backend has not begun it yet
    RUNNING = 1
    STOPPING = 2  # told to stop or pause, its end has not been seen yet
    PAUSED = 3
    STOPPED = 4
    COMPLETED = 5
    FAILED = 6

    @property
    def label(self) -> str:
        """The documented word, as it stands in tables and result files."""
        return "InProgress" if self <= Status.RUNNING else self.name.capitalize()


class Reply(enum.Enum):
    WAIT = "wait"  # nothing to start until something running reports or ends
    EXHAUSTED = "exhausted"  # nothing to start, unless the problem is amended


# ---- actions -------------------------------------------------------------------------


@attrs.define
class Start:
    """Start a new trial at x. A trial's x never changes. The i-th start of an answer becomes
    the trial with id `trials.n_trials + i`."""

    x: Array  # (d,)
    until: float = attrs.field(
        default=math.inf, kw_only=True
    )  # run to this resource; inf: to the end
    milestone: float | None = attrs.field(default=None, kw_only=True)  # next decision, else until
    parent: int = attrs.field(default=-1, kw_only=True)  # start from this trial's checkpoint
    tags: Mapping[str, float] = attrs.field(factory=dict, kw_only=True)
    why: Why = attrs.field(factory=dict, kw_only=True)


@attrs.define
class Resume:
    """Run a paused trial on. Legal only for trials with status PAUSED."""

    trial: int
    until: float = attrs.field(default=math.inf, kw_only=True)
    milestone: float | None = attrs.field(default=None, kw_only=True)
    tags: Mapping[str, float] = attrs.field(factory=dict, kw_only=True)
    why: Why = attrs.field(factory=dict, kw_only=True)


@attrs.define
class Stop:
    trial: int
    why: Why = attrs.field(factory=dict, kw_only=True)


@attrs.define
class Pause:
    trial: int
    why: Why = attrs.field(factory=dict, kw_only=True)


@attrs.define
class Update:
    """Move a running trial's milestone or the scheduler's own columns."""

    trial: int
    milestone: float | None = attrs.field(default=None, kw_only=True)
    tags: Mapping[str, float] = attrs.field(factory=dict, kw_only=True)
    why: Why = attrs.field(factory=dict, kw_only=True)


@attrs.define
class DropCheckpoint:
    """This paused or ended trial's checkpoint is not needed again, or is the cheapest to lose."""

    trial: int
    why: Why = attrs.field(factory=dict, kw_only=True)


Action: TypeAlias = Stop | Pause | Update | DropCheckpoint


@attrs.define
class Report:
    trial: int
    resource: float
    y: Array  # (m,) minimised
    c: Array  # (k,) feasible at <= 0
    cost: float  # over the trial's whole life, restarts included
    now: float
    at_milestone: bool
    metrics: Mapping[str, Any]  # as reported


# ---- events: the journal. Folding them gives the table, column for column ---------------


@attrs.frozen(kw_only=True)
class Asked:
    """One call of `suggest`, written together with the events of its answer in one append."""

    at: float
    n: int
    reply: Literal["", "wait", "exhausted"] = ""


@attrs.frozen(kw_only=True)
class Started:
    at: float
    trial: int
    config: Mapping[str, Any]
    until: float
    milestone: float
    parent: int = -1
    tags: Mapping[str, float] = attrs.field(factory=dict)
    why: Why = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Resumed:
    at: float
    trial: int
    until: float
    milestone: float
    tags: Mapping[str, float] = attrs.field(factory=dict)
    why: Why = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Reported:
    at: float
    trial: int
    metrics: Mapping[str, Any]  # JSON values; NaN and infinities as strings on disk


@attrs.frozen(kw_only=True)
class ReportedBlock:
    """Reports of one trial up to its milestone, from a scheduler that decides there only."""

    trial: int
    at: Array  # (r,) times, ascending
    metrics: Mapping[str, Sequence[Any]]  # columns of length r


@attrs.frozen(kw_only=True)
class Decided:
    at: float
    trial: int
    action: Literal["stop", "pause", "fail", "update", "drop_checkpoint"]
    by: Literal["scheduler", "tuner", "user"] = "scheduler"  # "fail" comes from the tuner alone
    milestone: float | None = None
    tags: Mapping[str, float] = attrs.field(factory=dict)
    why: Why = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Retried:
    at: float
    trial: int
    attempt: int
    error: str
    lost: bool = False  # its process went with the tuner: no failure of the trial


@attrs.frozen(kw_only=True)
class Ended:
    """From a backend: the trial's process is over. The tuner alone derives the status."""

    at: float
    trial: int
    exit: Literal["ok", "failed", "killed"]
    status: Status | None = None  # filled in by the tuner before it is stored
    error: str = ""
    hopeless: bool = False  # it failed in a way that another attempt cannot mend


@attrs.frozen(kw_only=True)
class Amended:
    """The problem or the stopping criterion changed on a running or finished experiment.

    `problem` holds only what changes; its "start_points" are added to those waiting.
    """

    at: float
    problem: Mapping[str, Any] | None = None
    stop_criterion: Mapping[str, Any] | None = None


Event: TypeAlias = (
    Asked | Started | Resumed | Reported | ReportedBlock | Decided | Retried | Ended | Amended
)


def time_of(event: Event) -> float:
    """When an event happened; for a block, its last report."""
    return float(event.at[-1]) if isinstance(event, ReportedBlock) else event.at
