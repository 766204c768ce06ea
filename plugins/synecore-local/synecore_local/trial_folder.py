"""One trial's folder: configuration, output, marker of a stop, checkpoints."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synecore.errors import TrialError

_COPIES = 20  # tries at copying the checkpoint of a trial that goes on writing it
_PAUSE = 0.05  # seconds between two tries
_PASSING = ".checkpoints-"  # how names of folders begin that are being copied or deleted


class TrialFolder:
    """Paths and files of trial `trial` in the experiment's folder."""

    def __init__(self, experiment: Path, trial: int) -> None:
        self.path = experiment / str(trial)
        self.config = self.path / "config.json"
        self.out = self.path / "std.out"
        self.err = self.path / "std.err"
        self.stopped = self.path / "stop"
        self.checkpoints = self.path / "checkpoints"

    def prepare(self, config: Mapping[str, Any]) -> None:
        """Make the folder ready for a start: configuration written, marker of an old stop gone.

        Output of an earlier start is kept. It is ended with a line break where the process was
        killed in the middle of a line, so that the next report starts a line of its own.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        self.stopped.unlink(missing_ok=True)
        self.config.write_text(json.dumps(dict(config), default=_plain) + "\n")
        for file in (self.out, self.err):
            _end_line(file)

    def mark_stopped(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        self.stopped.touch()

    def copy_from(self, donor: TrialFolder) -> Path | None:
        """Return a copy of the donor's checkpoint, under a name of its own; None if it has none.

        A donor that runs may be writing: the copy counts once names, sizes and times of its files
        are the same before and after.

        Raises:
            TrialError: The copy failed, or the donor left its files alone at no time for as long.
        """
        for attempt in range(_COPIES):
            if attempt:
                time.sleep(_PAUSE)
            before = _listing(donor.checkpoints)
            if before is None:
                return None
            copy = self._new_folder()
            error = _copied(donor.checkpoints, copy)
            if _listing(donor.checkpoints) != before:  # which explains an error, too
                shutil.rmtree(copy, ignore_errors=True)
            elif error is None:
                return copy
            else:
                shutil.rmtree(copy, ignore_errors=True)
                raise TrialError(
                    f"the checkpoint in {str(donor.checkpoints)!r} could not be copied: {error}"
                )
        raise TrialError(
            f"the checkpoint in {str(donor.checkpoints)!r} changed during each of {_COPIES} tries "
            "to copy it; let the script write checkpoints less often, or to a temporary name first"
        )

    def copy_checkpoint(self, donor: TrialFolder) -> bool:
        """Take over the donor's checkpoint at once; return False if it has none.

        Raises:
            TrialError: As `copy_from` does.
        """
        copy = self.copy_from(donor)
        if copy is not None:
            self.adopt(copy)
        return copy is not None

    def adopt(self, copy: Path) -> None:
        """Make a copy this trial's checkpoint."""
        self.delete_checkpoint()
        copy.rename(self.checkpoints)

    def delete_checkpoint(self) -> None:
        """Remove the checkpoint, if there is one. Who looks meanwhile sees none, not half of it."""
        if self.checkpoints.exists():
            gone = self._new_folder()
            with contextlib.suppress(OSError):  # a link to somewhere else
                self.checkpoints.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)
            shutil.rmtree(self.checkpoints, ignore_errors=True)

    def _new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(prefix=_PASSING, dir=self.path))


def tidy(experiment: Path) -> None:
    """Remove what a tuner that was killed left half copied or half deleted."""
    for left in experiment.glob(f"*/{_PASSING}*"):
        shutil.rmtree(left, ignore_errors=True)


def _copied(source: Path, target: Path) -> str | None:
    """Copy a folder's content; return what went wrong, if anything did."""
    try:
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    except shutil.Error as error:  # of several files
        return str(error.args[0][0][-1])
    except OSError as error:
        return str(error)
    return None


def _listing(folder: Path) -> dict[str, tuple[int, int]] | None:
    """Size and time of every file below `folder`; None if there is no such folder."""
    if not folder.is_dir():
        return None
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            try:
                status = os.lstat(path)
            except FileNotFoundError:
                continue
            found[path] = (status.st_size, status.st_mtime_ns)
    return found


def _end_line(file: Path) -> None:
    try:
        with open(file, "r+b") as stream:
            if stream.seek(0, os.SEEK_END) and not _ends_line(stream.fileno(), stream.tell()):
                stream.write(b"\n")
    except FileNotFoundError:
        pass


def _ends_line(fd: int, size: int) -> bool:
    return os.pread(fd, 1, size - 1) == b"\n"


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # NumPy scalars and arrays
        return value.tolist()
    raise TypeError(f"{value!r:.80} ({type(value).__name__}) cannot be written as JSON")
