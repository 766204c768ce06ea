"""Extension points. The rules that go with them are in rules.md.

Notation
--------
n  rows     d  parameters     m  objectives     k  constraints
q  query or pending points     f  fantasies     s  posterior samples
Objectives are minimised and constraints are feasible at <= 0 everywhere inside the core.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import attrs
import numpy as np

from .actions import (
    Action,
    Ended,
    Event,
    Reply,
    Report,
    Reported,
    ReportedBlock,
    Resume,
    Start,
    Status,
    Why,
)
from .problem import Array, IntArray, Problem, TrialView

State: TypeAlias = Mapping[str, Any]  # nested mappings of JSON values and arrays, never objects


class Stateful(Protocol):
    def state_dict(self) -> State | None:
        """Everything needed to go on, or None: rebuild me by replaying from the first event."""

    def load_state_dict(self, state: State) -> None: ...


@runtime_checkable
class Rebuildable(Protocol):
    def rebuild(self, trials: TrialView) -> None:
        """Reach a sensible state from the table alone, when replay cannot be exact."""


class Scheduler(Stateful, Protocol):
    """Decides which trials start, resume, pause and stop."""

    problem: Problem  # what it was built for; the tuner takes space, objectives, fidelity from here
    tags: Mapping[str, str]  # extra per-trial columns: name -> dtype
    decides: Literal["reports", "milestones"]  # which reports on_report wants to see

    def suggest(
        self, n: int, trials: TrialView, now: float
    ) -> Sequence[Start | Resume] | Literal[Reply.WAIT, Reply.EXHAUSTED]:
        """Return 1 to n trials to start or resume. n is 1 unless scheduling is in batches."""

    def on_report(self, report: Report, trials: TrialView) -> Sequence[Action]:
        """React to one observation; an empty sequence lets everything run on."""

    def on_end(self, trial: int, status: Status, trials: TrialView) -> Sequence[Action]:
        """Note that a trial paused, completed, stopped or finally failed."""


@runtime_checkable
class BudgetAware(Protocol):
    """A scheduler that plans with the time the experiment may take."""

    def set_time_budget(self, seconds: float | None) -> None:
        """Called before the first ask, and when the limit on time changes; None: there is none.

        Seconds are those of the experiment's clock, from its very start.
        """


@runtime_checkable
class AddsColumns(Protocol):
    """A scheduler with something to say beside each report in the results."""

    def columns(self, trials: TrialView) -> Mapping[str, Any]:
        """Extra result columns, as JSON values; asked after the decision on a report."""


@attrs.frozen
class Proposal:
    x: Array  # (d,)
    tags: Mapping[str, float] = attrs.field(factory=dict, kw_only=True)
    why: Why = attrs.field(factory=dict, kw_only=True)


class Searcher(Stateful, Protocol):
    """Proposes points to evaluate."""

    tags: Mapping[str, str]

    def propose(
        self, n: int, trials: TrialView, *, resource: float | Array | None = None
    ) -> Sequence[Proposal]:
        """Return n' <= n distinct snapped points; fewer only when the space is used up."""


@runtime_checkable
class Scores(Protocol):
    """A searcher that can also compare given points, each at a resource of its own (DyHPO)."""

    def score(self, X: Array, resource: Array, trials: TrialView) -> Array:
        """(q, d), (q,) -> (q,), larger is better."""


@runtime_checkable
class WeighsBrackets(Protocol):
    """A searcher that learns how often each bracket should be opened (Hyper-Tune)."""

    def bracket_weights(self, levels: Array, trials: TrialView) -> Array: ...


@attrs.frozen(kw_only=True)
class Dataset:
    X: Array  # (n, d)
    Y: Array  # (n, m)
    resource: Array | None = None  # (n,)
    task: IntArray | None = None  # (n,) index into Problem.tasks, -1 for this experiment
    noise: Array | None = None  # (n, m) known variances


class Posterior(Protocol):
    def moments(self, X: Array, resource: Array | None = None) -> tuple[Array, Array]:
        """Mean and variance of the latent objectives, each (q, m), or (f, q, m) under fantasies."""


@runtime_checkable
class Differentiable(Protocol):
    def moments_grad(
        self, x: Array, resource: float | None = None
    ) -> tuple[Array, Array, Array, Array]:
        """At x (d,): mean (f, m), variance (f, m), and their gradients (f, m, d)."""


@runtime_checkable
class Conditionable(Protocol):
    def sample(
        self, X: Array, s: int, rng: np.random.Generator, resource: Array | None = None
    ) -> Array:
        """Draw (s, q, m) joint samples of the latent objectives."""

    def condition_on(self, X: Array, Y: Array, resource: Array | None = None) -> Posterior:
        """Posterior after fantasy outcomes Y (f, q, m) at X (q, d); parameters unchanged."""


class Surrogate(Stateful, Protocol):
    """Probabilistic regression model."""

    def fit(self, data: Dataset) -> Posterior: ...


@attrs.frozen(kw_only=True)
class AcquisitionInputs:
    objective: Posterior
    incumbent: Array | None  # (f, m) best feasible posterior mean; None: nothing feasible yet
    rng: np.random.Generator
    resource: float | Array | None = None  # one for all points, or (q,)
    front: Array | None = None  # (p, m) non-dominated outcomes
    constraint: Posterior | None = None  # outputs are the k constraints
    cost: Posterior | None = None  # output is log cost


class Score(Protocol):
    def __call__(self, X: Array) -> Array:
        """Score (q, d) points; (q,), larger is better."""


@runtime_checkable
class DifferentiableScore(Protocol):
    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        """Score at x (d,) and its gradient (d,)."""


class AcquisitionFunction(Protocol):
    def __call__(self, inputs: AcquisitionInputs) -> Score: ...


class Clock(Protocol):
    def now(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


@attrs.frozen(kw_only=True)
class Job:
    trial: int
    config: Mapping[str, Any]  # max_resource_attr already rewritten to `until` where it applies
    until: float
    milestone: float
    checkpoint_of: int | None  # copy this trial's checkpoint first
    resumes: bool
    attempt: int = 0


@attrs.frozen(kw_only=True)
class Unfinished:
    """A job on record that had not ended when the tuner did."""

    job: Job
    since: float  # when this start, resumption or retry was recorded
    n_reports: int  # reports of the trial on record, over its whole life
    stopping: bool  # the tuner wanted it to stop, and asks for that again after open()


@attrs.frozen(kw_only=True)
class RunContext:
    """Given to a backend once, before the first job."""

    folder: Path
    problem: Problem
    seed: np.random.SeedSequence
    n_workers: int
    decides: Literal["reports", "milestones"]
    now: float
    running: tuple[Unfinished, ...] = ()  # on resume: re-attach, or report what was missed and then
    # Ended(exit="killed"); one Ended for each


class Backend(Protocol):
    """Runs trials; decides nothing and keeps no results. May also be Stateful."""

    clock: Clock

    def open(self, run: RunContext) -> None: ...
    def start(self, job: Job) -> None:
        """Idempotent: the same trial and attempt is begun once."""

    def advance(self, trial: int, milestone: float) -> None:
        """The next decision on a running trial is due at `milestone`."""

    def stop(self, trial: int, *, keep_checkpoint: bool) -> None:
        """Ask a trial to end. Of one without a process only the checkpoint is concerned."""

    def delete_checkpoint(self, trial: int) -> None: ...
    def poll(self, timeout: float) -> Sequence[Reported | ReportedBlock | Ended]:
        """Return as soon as something happened, at the latest after `timeout` seconds."""

    def close(self) -> None: ...


@attrs.frozen(kw_only=True)
class Snapshot:
    n_events: int  # the state is what held after this many events
    state: State


class ResultStore(Protocol):
    """Append-only journal of events, with snapshots beside it."""

    def append(self, events: Sequence[Event]) -> None:
        """All or none. With sync="batch" they survive a crash of the machine on return; with
        sync="none" (simulation) a crash of the process may lose the last ones."""

    def events(self, start: int = 0) -> Iterator[Event]: ...
    def save_snapshot(self, snapshot: Snapshot) -> None: ...
    def load_snapshot(self) -> Snapshot | None: ...
    def close(self) -> None: ...
