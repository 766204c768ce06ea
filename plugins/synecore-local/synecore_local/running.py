"""A trial while it runs."""

from __future__ import annotations

import errno
import math
import time
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import attrs

from synecore.constants import EXIT_NO_RETRY
from synecore.errors import TrialError
from synecore.protocols import Job

from .output import Output
from .place import Place
from .process import TrialProcess
from .trial_folder import TrialFolder

Exit: TypeAlias = Literal["ok", "failed", "killed"]
CANNOT_BEGIN = (OSError, ValueError, TypeError, TrialError)


@attrs.frozen
class Outcome:
    """How a trial ended."""

    exit: Exit
    error: str = ""
    hopeless: bool = False  # another attempt cannot help

    @classmethod
    def not_begun(cls, error: Exception) -> Outcome:
        """Say why a trial did not begin; what is wrong with its configuration will stay so."""
        too_long = isinstance(error, OSError) and error.errno == errno.E2BIG
        hint = "; with pass_args_as_json=True the configuration may be longer" if too_long else ""
        return cls(
            "failed",
            f"the trial could not be started: {error}{hint}",
            hopeless=too_long or not isinstance(error, (OSError, TrialError)),
        )


@attrs.define(eq=False)
class RunningTrial:
    job: Job
    folder: TrialFolder
    output: Output
    process: TrialProcess
    place: Place
    mark: str  # in the environment of all its processes
    final: bool = False  # it will never go on from its checkpoint
    _stopped: bool = False  # told to end, before it had ended by itself
    _given_up: str = ""  # why the backend told it to end
    _kill_at: float = math.inf  # on the system's monotonic clock

    @property
    def kill_at(self) -> float:
        """When it is killed if it has not ended by then."""
        return self._kill_at

    def stop(self, grace: float) -> None:
        """Ask it to end within `grace` seconds; a second call changes nothing."""
        if not self._stopped and not self.process.has_ended():
            self._stopped = True
            self.process.terminate()
            self._kill_at = time.monotonic() + grace

    def give_up(self, why: str, grace: float) -> None:
        """End it as a failure, unless it ends anyway."""
        if not self._stopped:
            self.stop(grace)
            self._given_up = why if self._stopped else ""

    def kill_if_overdue(self, now: float) -> None:
        if self._kill_at <= now:
            self._kill_at = math.inf
            self.process.kill()

    def look(self) -> tuple[list[Mapping[str, Any]], bool, bool]:
        """Return new reports, if there is more to read, and if it is over and all is read."""
        ended = self.process.has_ended()  # asked first: what it wrote is then there to be read
        if ended:
            self.process.kill()  # children it left behind
        reports, more = self.output.read()
        over = ended and not more
        if over:
            reports += self.output.finish()
        return reports, more, over

    def end(self) -> Outcome:
        """Clean up after a process that is over; return how it ended."""
        status = self.process.reap()
        self.output.close()
        if self._given_up:
            return Outcome("failed", self.process.error(self._given_up), hopeless=True)
        if self._stopped:
            return Outcome("killed")
        if status == 0:
            return Outcome("ok")
        return Outcome("failed", self.process.error(), hopeless=status == EXIT_NO_RETRY)
