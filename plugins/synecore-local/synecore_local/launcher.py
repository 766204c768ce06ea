"""Beginning a trial: its folder, its checkpoint, its process."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping
from pathlib import Path

from synecore.problem import Problem
from synecore.protocols import Job

from .checkpoint_copy import CheckpointCopy
from .cores import bound_to
from .environment import VISIBLE_DEVICES, with_mark
from .output import Output
from .place import Place
from .program import Program
from .running import RunningTrial
from .starter import Starter
from .trial_folder import TrialFolder

logger = logging.getLogger(__name__)


class Launcher:
    """Begins the trials of one experiment.

    Args:
        program: What the trials run.
        problem: What they are trials of.
        experiment: The experiment's folder.
        environment: What all trials find in theirs.
        mark: In the environment of all processes of this experiment.
        starter: Starts the processes.
    """

    def __init__(
        self,
        program: Program,
        problem: Problem,
        experiment: Path,
        environment: Mapping[str, str],
        mark: str,
        starter: Starter,
    ) -> None:
        self._program = program
        self._problem = problem
        self._experiment = experiment
        self._mark = mark
        self._environment = environment
        self._starter = starter
        self._starts = itertools.count()
        self.outputs: dict[int, Output] = {}  # of trials begun or recovered, where reading stopped

    def prepare(self, job: Job) -> CheckpointCopy | None:
        """Make a trial's folder ready; begin to copy the checkpoint that it starts from.

        Raises:
            OSError: The system refused a file.
            ValueError, TypeError: The configuration cannot be written.
        """
        folder = TrialFolder(self._experiment, job.trial)
        folder.prepare(job.config)
        if job.checkpoint_of is None or (job.resumes and folder.checkpoints.exists()):
            return None
        return CheckpointCopy(TrialFolder(self._experiment, job.checkpoint_of), folder)

    def launch(self, job: Job, copy: CheckpointCopy | None, place: Place) -> RunningTrial:
        """Begin a trial that was prepared, with the devices and cores of `place`.

        Raises:
            OSError: The system refused a file or the process.
            ValueError, TypeError: The configuration cannot be handed over.
            TrialError: The checkpoint to start from cannot be copied.
        """
        folder = TrialFolder(self._experiment, job.trial)
        invocation = self._program.invocation(job, folder, self._problem)
        if copy is not None and not copy.finish():
            logger.warning(
                "trial %d starts without a checkpoint: trial %s, from whose checkpoint it was "
                "to start, has none", job.trial, job.checkpoint_of,
            )  # fmt: skip
        output = self.outputs.get(job.trial)
        if output is None:
            output = self.outputs[job.trial] = Output(folder.out, job.trial)
            with output:
                output.skip()  # what is there is on record from before this tuner
        output.open()
        mark = f"{self._mark}.{job.trial}.{next(self._starts)}."
        environment = with_mark(self._environment, mark)
        if place.devices:
            environment[VISIBLE_DEVICES] = ",".join(place.devices)
        try:
            with bound_to(place.cores):
                process = self._starter.start(invocation, environment, folder.out, folder.err)
        except BaseException:
            output.close()
            raise
        return RunningTrial(job, folder, output, process, place, mark)

    def close(self) -> None:
        """No trial is begun any more, and all have ended."""
        self._starter.close()
