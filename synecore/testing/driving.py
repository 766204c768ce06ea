"""A tuning loop without disks and users: a scheduler, the engine, a backend, a list of events."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from synecore.actions import Ended, Event, Reply
from synecore.protocols import Backend, RunContext, Scheduler
from synecore.testing.inline_backend import Evaluate, InlineBackend, Silence
from synecore.testing.problems import KnownProblem, noise
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine
from synecore.tuning.jobs import carry_out

TROUBLED = 0.5  # the share of configurations
TROUBLES = ("failed", "nan", "text", "silent", "late", "repeated")


@attrs.frozen
class Driven:
    """What a run left behind."""

    table: TrialTable
    events: list[Event]
    exhausted: bool


def drive(
    scheduler: Scheduler,
    backend: Backend,
    *,
    n_workers: int = 4,
    max_trials: int = 20,
    max_events: int = 400,
    batch: bool = False,
    folder: Path | None = None,
) -> Driven:
    """Run a scheduler on a backend until nothing is left to do, or a limit is reached.

    Args:
        scheduler: Asked for one trial at a time; with `batch`, for `n_workers` once all ended.
        backend: Opened and closed here.
        n_workers: Trials that run at once.
        max_trials: After this many starts the scheduler is not asked any more.
        max_events: Recorded events after which the run is cut off.
        batch: Ask for several trials at once.
        folder: For the backend; a temporary one by default.
    """
    if folder is None:
        with tempfile.TemporaryDirectory() as temporary:
            return drive(
                scheduler, backend, n_workers=n_workers, max_trials=max_trials,
                max_events=max_events, batch=batch, folder=Path(temporary),
            )  # fmt: skip
    table = TrialTable(scheduler.problem, scheduler.tags)
    engine = Engine(scheduler, table)
    backend.open(
        RunContext(
            folder=folder, problem=scheduler.problem, seed=np.random.SeedSequence(0),
            n_workers=n_workers, decides=scheduler.decides, now=0.0,
        )
    )  # fmt: skip
    events: list[Event] = []
    reply: Any = None

    def commit() -> None:
        noted, commands = engine.take()
        events.extend(noted)
        for command in commands:
            carry_out(command, backend)

    while len(events) < max_events:
        while _may_ask(table, n_workers, batch, max_trials):
            reply = engine.ask(n_workers if batch else 1, backend.clock.now())
            commit()
            if isinstance(reply, Reply):
                break
        if table.n_busy == 0:
            break
        for event in backend.poll(math.inf):
            engine.ended(event) if isinstance(event, Ended) else engine.report(event)
            commit()
    backend.close()
    return Driven(table, events, reply is Reply.EXHAUSTED)


def _may_ask(table: TrialTable, n_workers: int, batch: bool, max_trials: int) -> bool:
    if table.n_trials >= max_trials:
        return False
    return table.n_busy == 0 if batch else table.n_busy < n_workers


def backend_for(known: KnownProblem, *, trouble: str = "", **options: Any) -> InlineBackend:
    """A backend that runs a known problem; with `trouble`, half of the trials have it.

    Troubles are "failed" (an exception), "nan", "text" and "silent" (no report at all).
    "late" lets stopped trials report on, "repeated" loses every checkpoint.
    """
    if trouble == "late":
        options.setdefault("late_reports", 2)
    if trouble == "repeated":
        options.setdefault("checkpoints", False)
    options.setdefault("on_disk", False)
    return InlineBackend(troubled(known, trouble), n_reports=known.resource, **options)


def troubled(known: KnownProblem, trouble: str) -> Evaluate:
    """The problem's function, with a trouble for half of the configurations."""

    def evaluate(config: Any, resource: int) -> Any:
        varied = {k: v for k, v in config.items() if k not in known.problem.space.constants}
        metrics = known.evaluate(config, resource)
        if trouble in ("", "late", "repeated") or noise(varied, 0, "trouble") >= TROUBLED:
            return metrics
        if trouble == "silent":
            return Silence.DONE
        first = known.problem.objectives[0].name
        if trouble == "nan":
            return {**metrics, first: math.nan}
        if resource < min(2, known.resource):
            return metrics
        if trouble == "text":
            return {**metrics, first: "diverged"}
        raise RuntimeError(f"this trial fails at resource {resource}")

    return evaluate
