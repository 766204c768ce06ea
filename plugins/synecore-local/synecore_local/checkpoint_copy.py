"""Copying a checkpoint from one trial to another while the tuner goes on."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from .trial_folder import TrialFolder

_SOON = 0.02  # seconds; what takes no longer is waited for


class CheckpointCopy:
    """A thread that copies a checkpoint.

    The trial has the whole copy or nothing: it is put in place by `finish`, not by the thread.
    """

    def __init__(self, donor: TrialFolder, folder: TrialFolder) -> None:
        self._donor = donor
        self._folder = folder
        self._copy: Path | None = None
        self._error: BaseException | None = None
        self._lock = threading.Lock()  # for the end of the copying and the end of interest in it
        self._done = self._abandoned = False
        # A daemon: it holds up no tuner that ends. What it leaves, the next tuner removes.
        self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)
        self._thread.start()
        self._thread.join(_SOON)

    def _run(self) -> None:
        try:
            self._copy = self._folder.copy_from(self._donor)
        except BaseException as error:  # raised again where the trial is to begin
            self._error = error
        with self._lock:
            self._done = True
            if self._abandoned:
                self._remove()

    def is_done(self) -> bool:
        return self._done

    def wait(self) -> None:
        self._thread.join()

    def finish(self) -> bool:
        """Give the trial its copy; return False if there was nothing to copy.

        Raises:
            TrialError: The checkpoint could not be copied.
        """
        self.wait()
        if self._error is not None:
            raise self._error
        if self._copy is None:
            return False
        self._folder.adopt(self._copy)
        return True

    def abandon(self) -> None:
        """Remove the copy, now or as soon as the thread is through with it."""
        with self._lock:
            self._abandoned = True
            if self._done:
                self._remove()

    def _remove(self) -> None:
        if self._copy is not None:
            shutil.rmtree(self._copy, ignore_errors=True)
