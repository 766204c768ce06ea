from __future__ import annotations

import pytest

from synecore.protocols import Job
from synecore.tuning.jobs import AdvanceJob, BeginJob, DropJobCheckpoint, StopJob, carry_out

JOB = Job(trial=3, config={}, until=9.0, milestone=9.0, checkpoint_of=None, resumes=False)


class Backend:
    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda *args, **kwargs: self.calls.append((name, args, kwargs))


@pytest.mark.parametrize(
    ("command", "call"),
    [
        (BeginJob(JOB), ("start", (JOB,), {})),
        (AdvanceJob(3, 5.0), ("advance", (3, 5.0), {})),
        (StopJob(3, keep_checkpoint=True), ("stop", (3,), {"keep_checkpoint": True})),
        (StopJob(3, keep_checkpoint=False), ("stop", (3,), {"keep_checkpoint": False})),
        (DropJobCheckpoint(3), ("delete_checkpoint", (3,), {})),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_command_is_one_call_of_the_backend(command, call):
    backend = Backend()
    carry_out(command, backend)
    assert backend.calls == [call]
