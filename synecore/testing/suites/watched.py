"""An open backend under observation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from synecore.actions import Ended, Reported, ReportedBlock
from synecore.protocols import Backend, Job, RunContext, Unfinished
from synecore.testing.workers import worker_config, worker_problem

Happened: TypeAlias = Reported | Ended


class Watched:
    """An open backend, and everything that happened in it."""

    def __init__(
        self,
        backend: Backend,
        folder: Path,
        patience: float,
        decides: Literal["reports", "milestones"],
        *,
        now: float = 0.0,
        running: tuple[Unfinished, ...] = (),
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.backend = backend
        self.events: list[Happened] = []
        self._patience = patience
        backend.open(
            RunContext(
                folder=folder, problem=worker_problem(), seed=np.random.SeedSequence(0),
                n_workers=3, decides=decides, now=now, running=running,
            )
        )  # fmt: skip

    def start(
        self,
        trial: int,
        *,
        resumes: bool = False,
        attempt: int = 0,
        checkpoint_of: int | None = None,
        **keys: Any,
    ) -> Job:
        config = worker_config(**keys)
        until = float(config["n"])
        job = Job(
            trial=trial, config=config, until=until, milestone=until,
            checkpoint_of=checkpoint_of, resumes=resumes, attempt=attempt,
        )  # fmt: skip
        self.backend.start(job)
        return job

    def take(self, timeout: float) -> None:
        self.events += flat(self.backend.poll(timeout))

    def until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self._patience
        while not done():
            late = time.monotonic() > deadline
            assert not late, f"not within {self._patience:g} s; so far: {self.events}"
            self.take(0.2)

    def until_ended(self, *trials: int) -> None:
        """Wait until these trials have ended, each as often as it is named."""
        self.until(lambda: len(self.ends) >= len(trials))
        assert sorted(self.ends) == sorted(trials)

    def idle(self) -> None:
        """Give what should not happen some time to happen."""
        for _ in range(3):
            self.take(0.1)

    def reports(self, trial: int) -> list[Reported]:
        return [e for e in self.events if isinstance(e, Reported) and e.trial == trial]

    def steps(self, trial: int) -> list[int]:
        return [report.metrics["step"] for report in self.reports(trial)]

    @property
    def ends(self) -> list[int]:
        return [event.trial for event in self.events if isinstance(event, Ended)]

    @property
    def exits(self) -> dict[int, str]:
        """How each trial ended last."""
        return {event.trial: event.exit for event in self.events if isinstance(event, Ended)}

    def end(self, trial: int) -> Ended:
        return next(e for e in self.events if isinstance(e, Ended) and e.trial == trial)


def flat(events: Sequence[Reported | ReportedBlock | Ended]) -> Iterator[Happened]:
    """The events with blocks taken apart."""
    for event in events:
        if not isinstance(event, ReportedBlock):
            yield event
            continue
        columns = list(event.metrics.values())
        for at, *values in zip(event.at, *columns, strict=True):
            metrics = dict(zip(event.metrics, values, strict=True))
            yield Reported(at=float(at), trial=event.trial, metrics=metrics)
