"""Beginning a trial: its folder, its checkpoint, its process."""

from __future__ import annotations

import itertools
import logging
from pathlib import Path

from synecore.problem import Problem
from synecore.protocols import Job

from .environment import environment_of_trials, with_mark
from .output import Output
from .process import TrialProcess
from .program import Program
from .running import RunningTrial
from .trial_folder import TrialFolder

logger = logging.getLogger(__name__)


class Launcher:
    """Begins the trials of one experiment.

    Args:
        program: What the trials run.
        problem: What they are trials of.
        experiment: The experiment's folder.
        threads: Threads of numerical libraries in a trial; None: as the environment says, else 1.
        mark: In the environment of all processes of this experiment.
    """

    def __init__(
        self, program: Program, problem: Problem, experiment: Path, threads: int | None, mark: str
    ) -> None:
        self._program = program
        self._problem = problem
        self._experiment = experiment
        self._mark = mark
        self._environment = environment_of_trials(threads)
        self._starts = itertools.count()
        self.outputs: dict[int, Output] = {}  # of trials begun or recovered, where reading stopped

    def launch(self, job: Job) -> RunningTrial:
        """Begin a trial, or begin it again.

        Raises:
            OSError: The system refused a file or the process.
            ValueError, TypeError: The configuration cannot be handed over.
            TrialError: The checkpoint to start from cannot be copied.
        """
        folder = TrialFolder(self._experiment, job.trial)
        invocation = self._program.invocation(job, folder, self._problem)
        folder.prepare(job.config)
        if job.checkpoint_of is not None and not (job.resumes and folder.checkpoints.exists()):
            donor = TrialFolder(self._experiment, job.checkpoint_of)
            if not folder.copy_checkpoint(donor):
                logger.warning(
                    "trial %d starts without a checkpoint: trial %d, from whose checkpoint it was "
                    "to start, has none", job.trial, job.checkpoint_of,
                )  # fmt: skip
        output = self.outputs.get(job.trial)
        if output is None:
            output = self.outputs[job.trial] = Output(folder.out, job.trial)
            with output:
                output.skip()  # what is there is on record from before this tuner
        output.open()
        mark = f"{self._mark}.{job.trial}.{next(self._starts)}."
        try:
            process = TrialProcess(
                invocation.command, with_mark(self._environment, mark),
                folder.out, folder.err, invocation.stdin,
            )  # fmt: skip
        except BaseException:
            output.close()
            raise
        return RunningTrial(job, folder, output, process, mark)
