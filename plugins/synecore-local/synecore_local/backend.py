"""Trials as subprocesses on this machine."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from synecore.actions import Ended, Reported
from synecore.errors import ExperimentError
from synecore.plugins.hookspecs import Setup
from synecore.protocols import Job, RunContext
from synecore.tuning.clock import WallClock

from .devices import devices_of_trials
from .function import Function
from .options import FunctionOptions, LocalOptions, ProcessOptions
from .place import Places
from .program import Program, Script
from .session import Session
from .trial_files import TrialFiles


def make(setup: Setup, options: LocalOptions) -> LocalBackend:
    """Build the component `local`."""
    return LocalBackend(options, Script(options.entry_point, options.pass_args_as_json))


def make_for_function(setup: Setup, options: FunctionOptions) -> LocalBackend:
    """Build the component `python`."""
    return LocalBackend(options, Function(options.tune_function))


class LocalBackend(TrialFiles):
    """Runs each trial as a process group of its own and reads its reports from `std.out`.

    A trial that finds no free GPU, or whose checkpoint is still being copied, waits here.
    """

    def __init__(self, options: ProcessOptions, program: Program) -> None:
        super().__init__(program.entry_point)
        self.options = options
        self.clock = WallClock()
        self._program = program
        self._session: Session | None = None

    def open(self, run: RunContext) -> None:
        if self._session is not None:
            raise ExperimentError(
                f"the local backend already runs the experiment in {str(self._experiment)!r}; "
                "close it first, or make a second backend"
            )
        self._program.check(run.problem)
        places = Places(self.options, self._devices, run.n_workers)
        self._experiment = run.folder.absolute()
        self._experiment.mkdir(parents=True, exist_ok=True)
        self.clock = WallClock(start=run.now)
        self._session = Session(
            run, self._experiment, self._program, self.options, places, self.clock
        )

    @functools.cached_property
    def _devices(self) -> tuple[str, ...]:
        return devices_of_trials(self.options)

    def close(self) -> None:
        """End all trials, first asking and then killing."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    @property
    def _open_session(self) -> Session:
        if self._session is None:
            raise ExperimentError("the local backend is not open; call open() first")
        return self._session

    def start(self, job: Job) -> None:
        """Begin a trial, now or as soon as there is a GPU for it."""
        self._open_session.start(job)

    def advance(self, trial: int, milestone: float) -> None:
        """Do nothing: every report is read as it comes."""

    def stop(self, trial: int, *, keep_checkpoint: bool) -> None:
        """Ask a trial to end, and go on; poll() kills it if it has not ended in time."""
        self._open_session.stop(trial, keep_checkpoint=keep_checkpoint)

    @property
    def delete_checkpoints(self) -> bool:
        """Are checkpoints removed that no trial needs any more?"""
        return self.options.delete_checkpoints

    def delete_checkpoint(self, trial: int) -> None:
        """Remove a trial's checkpoint, if there is one."""
        if self._session is not None:
            self._session.delete_checkpoint(trial)
        else:
            self._folder(trial).delete_checkpoint()

    def poll(self, timeout: float) -> Sequence[Reported | Ended]:
        return self._open_session.poll(timeout)
