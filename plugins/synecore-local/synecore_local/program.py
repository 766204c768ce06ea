"""What the trials of an experiment run: a script, a function."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import attrs

from synecore.constants import ST_CHECKPOINT_DIR, ST_CONFIG_JSON_FNAME_ARG
from synecore.errors import OptionError
from synecore.problem import Problem
from synecore.protocols import Job

from .entry_point import arguments_for, command_for
from .trial_folder import TrialFolder
from .warm.imports import Steps, imports_of_script


@attrs.frozen
class Invocation:
    """How one trial is started."""

    command: Sequence[str]
    stdin: bytes = b""  # what the process finds on standard input


@attrs.frozen
class Plan:
    """What all trials do first, for a process that does it once and forks them."""

    interpreter: Sequence[str]  # with its options; the beginning of each trial's command
    script: str | None  # None: a function
    steps: Steps  # what it imports
    stdin: bytes = b""


class Program(Protocol):
    """Turns a trial into a process to start."""

    entry_point: Path  # names the experiment

    def check(self, problem: Problem) -> None:
        """Raise OptionError if trials of this problem cannot be run."""

    def invocation(self, job: Job, folder: TrialFolder, problem: Problem) -> Invocation: ...

    def plan(self) -> Plan | None:
        """Return what trials can share; None where they do not run under Python.

        Raises:
            OSError: The script cannot be read.
        """


class Script:
    """A script that takes the configuration as arguments, or the name of a JSON file with it.

    Raises:
        OptionError: There is no script at `entry_point`, or no way to run it.
    """

    def __init__(self, entry_point: Path, pass_args_as_json: bool = False) -> None:
        self.entry_point = entry_point
        self._command = command_for(entry_point)
        self._as_json = pass_args_as_json

    def check(self, problem: Problem) -> None:
        if not self._as_json:
            try:
                arguments_for(problem.space.constants)
            except OptionError as error:
                raise OptionError(f"configuration space: {error}") from None

    def invocation(self, job: Job, folder: TrialFolder, problem: Problem) -> Invocation:
        if self._as_json:
            arguments = [f"--{ST_CONFIG_JSON_FNAME_ARG}", str(folder.config)]
        else:
            arguments = arguments_for(job.config)
        checkpoints = [f"--{ST_CHECKPOINT_DIR}", str(folder.checkpoints)]
        return Invocation((*self._command, *arguments, *checkpoints))

    def plan(self) -> Plan | None:
        if self.entry_point.suffix != ".py":
            return None
        *interpreter, script = self._command
        with open(script, "rb") as file:
            return Plan(interpreter, script, imports_of_script(file.read()))
