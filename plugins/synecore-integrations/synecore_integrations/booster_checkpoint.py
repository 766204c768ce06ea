"""The checkpoint of a boosted model: one file, its newest rounds."""

from __future__ import annotations

import os

from synecore.checkpoint_files import write_whole
from synecore.errors import OptionError


class BoosterCheckpoint:
    """Writes a model every so many rounds.

    Args:
        folder: Where to; None for nowhere. It is made when first needed.
        every: Rounds between two checkpoints.
        file: Name of the file.

    Raises:
        OptionError: `every` is less than 1.
    """

    def __init__(self, folder: str | os.PathLike[str] | None, every: int, file: str) -> None:
        if every < 1:
            raise OptionError(
                f"checkpoint_every: {every} rounds between two checkpoints; give 1 or more"
            )
        self.folder = None if folder is None else os.fspath(folder)
        self.every = every
        self.file = file

    def is_due(self, rounds: int) -> bool:
        """Say whether a model with so many rounds is to be written."""
        return self.folder is not None and rounds % self.every == 0

    def write(self, content: bytes) -> None:
        """Write the file whole, in place of the one before."""
        if self.folder is None:
            return

        def write(path: str) -> None:
            with open(path, "wb") as file:
                file.write(content)

        write_whole(self.folder, self.file, write)


def written(folder: str | os.PathLike[str] | None, file: str) -> str | None:
    """Return the path of a checkpoint, None if there is none."""
    path = None if folder is None else os.path.join(folder, file)
    return path if path is not None and os.path.exists(path) else None
