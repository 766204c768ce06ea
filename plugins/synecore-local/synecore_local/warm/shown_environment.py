"""The environment of a process as the system shows it to others, in /proc/PID/environ."""

from __future__ import annotations

import contextlib
import re


class ShownEnvironment:
    """A variable of this process's environment, which a fork can give a value of its own.

    What is shown is the memory that the process was started with, whatever `os.environ` says. So
    the trial's mark has to be written there, for the guardian to find forks of a forked trial.
    """

    def __init__(self, variable: str) -> None:
        self._address = self._room = 0
        with contextlib.suppress(OSError):
            with open("/proc/self/environ", "rb") as file:
                found = re.search(rb"(?:^|\0)%s=([^\0]*)" % variable.encode(), file.read())
            with open("/proc/self/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
            if found is not None:
                self._address = int(fields[47]) + found.start(1)  # `env_start`, field 50 of proc(5)
                self._room = found.end(1) - found.start(1)

    def show(self, value: str | None) -> None:
        """Write the value over that which is shown, if there is room for it."""
        data = (value or "").encode()
        if data and len(data) <= self._room:
            # Where that is forbidden, such forks are found by the mark of the run, at its end.
            with (
                contextlib.suppress(OSError),
                open("/proc/self/mem", "r+b", buffering=0) as memory,
            ):
                memory.seek(self._address)
                memory.write(data.ljust(self._room))
