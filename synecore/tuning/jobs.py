"""What the engine wants of a backend, in order. The tuner passes it on once it is stored."""

from __future__ import annotations

from typing import TypeAlias

import attrs

from synecore.protocols import Backend, Job


@attrs.define
class BeginJob:
    job: Job
    not_before: float = 0.0  # on the backend's clock


@attrs.define
class AdvanceJob:
    trial: int
    milestone: float


@attrs.define
class StopJob:
    trial: int
    keep_checkpoint: bool


@attrs.define
class DropJobCheckpoint:
    trial: int


Command: TypeAlias = BeginJob | AdvanceJob | StopJob | DropJobCheckpoint


def carry_out(command: Command, backend: Backend) -> None:
    """Pass one command to the backend."""
    match command:
        case BeginJob(job):
            backend.start(job)
        case AdvanceJob(trial, milestone):
            backend.advance(trial, milestone)
        case StopJob(trial, keep_checkpoint):
            backend.stop(trial, keep_checkpoint=keep_checkpoint)
        case DropJobCheckpoint(trial):
            backend.delete_checkpoint(trial)
