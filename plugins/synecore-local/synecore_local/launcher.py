"""Beginning a trial: its folder, its checkpoint, its process."""

from __future__ import annotations

import itertools
import logging
from pathlib import Path

from synecore.constants import ST_CHECKPOINT_DIR, ST_CONFIG_JSON_FNAME_ARG
from synecore.protocols import Job

from .entry_point import arguments_for
from .environment import environment_of_trials, with_mark
from .options import LocalOptions
from .output import Output
from .process import TrialProcess
from .running import RunningTrial
from .trial_folder import TrialFolder

logger = logging.getLogger(__name__)


class Launcher:
    """Begins the trials of one experiment.

    Args:
        command: What runs the script, without arguments.
        options: Those of the backend.
        experiment: The experiment's folder.
        mark: In the environment of all processes of this experiment.
    """

    def __init__(
        self, command: tuple[str, ...], options: LocalOptions, experiment: Path, mark: str
    ) -> None:
        self._command = command
        self._options = options
        self._experiment = experiment
        self._mark = mark
        self._environment = environment_of_trials(options.threads_per_trial)
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
        arguments = self._arguments(job, folder)
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
                [*self._command, *arguments], with_mark(self._environment, mark),
                folder.out, folder.err,
            )  # fmt: skip
        except BaseException:
            output.close()
            raise
        return RunningTrial(job, folder, output, process, mark)

    def _arguments(self, job: Job, folder: TrialFolder) -> list[str]:
        if self._options.pass_args_as_json:
            arguments = [f"--{ST_CONFIG_JSON_FNAME_ARG}", str(folder.config)]
        else:
            arguments = arguments_for(job.config)
        return [*arguments, f"--{ST_CHECKPOINT_DIR}", str(folder.checkpoints)]
