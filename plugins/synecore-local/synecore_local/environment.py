"""Environment variables of trials."""

from __future__ import annotations

import os
from collections.abc import Mapping

MARKS = "SYNECORE_MARKS"  # says whose trial a process is; one mark for each tuner around it
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def environment_of_trials(threads: int | None) -> dict[str, str]:
    """Return this process's environment as trials get it.

    Trials share the machine, and two trials with a thread for every core each are many times slower
    than with one: so one thread, unless `threads` or the user's environment says otherwise.
    """
    environment = dict(os.environ)
    environment["PYTHONUNBUFFERED"] = "1"
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # each trial would compile its imports anew
    for name in _THREADS:
        if threads is not None:
            environment[name] = str(threads)
        elif not environment.get(name):
            environment[name] = "1"
    return environment


def with_mark(environment: Mapping[str, str], mark: str) -> dict[str, str]:
    """Add a trial's mark to those of the tuners around this one, if it is a trial itself."""
    outer = environment.get(MARKS)
    return {**environment, MARKS: f"{outer} {mark}" if outer else mark}
