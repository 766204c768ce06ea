"""Calls of a function for jobs: with what arguments, and from whose checkpoint."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from synecore.constants import ST_CHECKPOINT_DIR
from synecore.mappings import dump_json_with_numpy
from synecore.problem import Problem
from synecore.protocols import Job

from ..function import Signature, metric_of, resource_of
from ..trial_folder import TrialFolder
from .call import Call, News

logger = logging.getLogger(__name__)

_IMMUTABLE = (float, int, str, bool, type(None))


class Caller:
    """Prepares the calls of one experiment.

    Args:
        function: What is called.
        signature: Its arguments.
        problem: What the trials are trials of.
        experiment: The experiment's folder, for checkpoints.
        news: Where calls put what they hand over.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        signature: Signature,
        problem: Problem,
        experiment: Path,
        news: SimpleQueue[News],
    ) -> None:
        self._function = function
        self._names = signature.names()
        self._takes_checkpoints = signature.takes_checkpoints
        self._problem = problem
        self._metric = metric_of(problem)
        self._experiment = experiment
        self._news = news
        self._has_complained = False

    def call(self, job: Job) -> Call:
        """Return a call that has not begun.

        Raises:
            ValueError, TypeError: The configuration could not be handed to a process either.
            OSError, TrialError: The checkpoint to start from cannot be copied.
        """
        return Call(
            job, self._function, self._arguments(job), self._metric,
            resource_of(job, self._problem), self._refuse, self._news,
        )  # fmt: skip

    def _arguments(self, job: Job) -> dict[str, Any]:
        config = job.config
        names = config if self._names is None else self._names
        arguments = {name: _own(config[name]) for name in names if name in config}
        if self._takes_checkpoints:
            folder = TrialFolder(self._experiment, job.trial)
            arguments[ST_CHECKPOINT_DIR] = str(folder.checkpoints)
            if job.checkpoint_of is not None and not (job.resumes and folder.checkpoints.exists()):
                donor = TrialFolder(self._experiment, job.checkpoint_of)
                self._copy_checkpoint(donor, folder, job)
        return arguments

    def _copy_checkpoint(self, donor: TrialFolder, folder: TrialFolder, job: Job) -> None:
        if not donor.checkpoints.is_dir():
            logger.warning(
                "trial %d starts without a checkpoint: trial %d, from whose checkpoint it was "
                "to start, has none", job.trial, job.checkpoint_of,
            )  # fmt: skip
            return
        folder.path.mkdir(parents=True, exist_ok=True)
        copy = folder.copy_from(donor)
        if copy is not None:
            folder.adopt(copy)

    def _refuse(self, sentence: str) -> None:
        """Warn once of what the function returns and cannot be reported."""
        if not self._has_complained:
            self._has_complained = True
            logger.warning("%s", sentence.removeprefix("synecore: "))


def _own(value: Any) -> Any:
    """Return a value as a function in another process would see it, which may change it."""
    if type(value) in _IMMUTABLE:
        return value
    return json.loads(dump_json_with_numpy(value) or "null")
