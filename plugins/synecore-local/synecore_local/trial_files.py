"""Where the files of an experiment's trials are."""

from __future__ import annotations

from pathlib import Path

from synecore.errors import ExperimentError

from .trial_folder import TrialFolder


class TrialFiles:
    """What a backend says of its trials' files, while it runs them and afterwards.

    Args:
        entry_point: What the trials run.
    """

    def __init__(self, entry_point: Path) -> None:
        self.entry_point = entry_point
        self._experiment: Path | None = None

    def entrypoint_path(self) -> Path:
        """Return the script that every trial runs; of a function, its name."""
        return self.entry_point

    def trial_path(self, trial: int) -> Path:
        """Return the folder of a trial's files."""
        return self._folder(trial).path

    def checkpoint_trial_path(self, trial: int) -> Path:
        """Return the folder of a trial's checkpoints; it exists once the script has made it."""
        return self._folder(trial).checkpoints

    def stdout(self, trial: int) -> list[str]:
        """Return the lines that a trial has written to standard output so far."""
        return _lines(self._folder(trial).out)

    def stderr(self, trial: int) -> list[str]:
        """Return the lines that a trial has written to standard error so far."""
        return _lines(self._folder(trial).err)

    def _folder(self, trial: int) -> TrialFolder:
        if self._experiment is None:
            raise ExperimentError("the backend has no experiment yet; open() gives it one")
        return TrialFolder(self._experiment, trial)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
