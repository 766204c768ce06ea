"""The tuner's end of the guardian, which ends the trials of a tuner that was killed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

from . import guardian_process
from .guardian_process import kill_marked

_PATIENCE = 5.0  # seconds


class Guardian:
    """A small process that outlives the tuner, told which process groups are running."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._groups: set[int] = set()
        self._start()

    def _start(self) -> None:
        read, self._pipe = os.pipe()  # not inherited by trials: they must not hold it open
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-I", "-S", guardian_process.__file__, self._run,
                    str(os.getpid()),
                ],
                stdin=read, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        except OSError:
            os.close(self._pipe)
            raise
        finally:
            os.close(read)

    def add(self, group: int) -> None:
        """A trial's process group has begun."""
        self._groups.add(group)
        self._tell(f"+ {group}\n")

    def remove(self, group: int, mark: str) -> None:
        """A trial's process group is over; kill what carries the trial's mark outside of it."""
        self._groups.discard(group)
        self._tell(f"- {group} {mark}\n")

    def _tell(self, text: str) -> None:
        try:
            os.write(self._pipe, text.encode())
        except BrokenPipeError:  # someone ended the guardian
            os.close(self._pipe)
            self._process.wait()
            self._start()
            for group in self._groups:
                os.write(self._pipe, f"+ {group}\n".encode())

    def close(self) -> None:
        """Kill whatever still carries the run's mark, and end."""
        self._tell("quit\n")
        os.close(self._pipe)
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def run_mark(folder: Path) -> str:
    """Return the mark of the experiment in `folder`: the same after the tuner was killed."""
    status = folder.stat()
    identity = f"{status.st_dev}:{status.st_ino}:{folder.resolve()}"
    return "synecore-" + hashlib.blake2b(identity.encode(), digest_size=12).hexdigest()


def kill_survivors(run: str) -> int:
    """Kill processes of an earlier tuner of this experiment; return how many there were."""
    killed = 0
    deadline = time.monotonic() + _PATIENCE
    while (found := kill_marked([run.encode()])) and time.monotonic() < deadline:
        killed = max(killed, found)
        time.sleep(0.01)
    return killed
