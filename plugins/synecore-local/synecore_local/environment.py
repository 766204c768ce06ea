"""Environment variables of trials."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

MARKS = "SYNECORE_MARKS"  # says whose trial a process is; one mark for each tuner around it
VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"  # read by CUDA, and by AMD's HIP as well
_THREADS = (
    "OMP_NUM_THREADS",  # with MKL's also those of PyTorch
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "RAYON_NUM_THREADS",  # tokenizers
    "POLARS_MAX_THREADS",
)


def environment_of_trials(
    threads: int | None, devices: Sequence[str] | None = None
) -> dict[str, str]:
    """Return this process's environment as trials get it.

    Trials share the machine, and two trials with a thread for every core each are many times slower
    than with one: so one thread, unless `threads` or the user's environment says otherwise.

    Args:
        threads: Of numerical libraries; None: as the environment says, else 1.
        devices: GPUs to be seen by all trials; None: as the environment says.
    """
    environment = dict(os.environ)
    environment["PYTHONUNBUFFERED"] = "1"
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # each trial would compile its imports anew
    for name in _THREADS:
        if threads is not None:
            environment[name] = str(threads)
        elif not environment.get(name):
            environment[name] = "1"
    if devices is not None:
        environment[VISIBLE_DEVICES] = ",".join(devices)
    return environment


def with_mark(environment: Mapping[str, str], mark: str) -> dict[str, str]:
    """Add a trial's mark to those of the tuners around this one, if it is a trial itself."""
    outer = environment.get(MARKS)
    return {**environment, MARKS: f"{outer} {mark}" if outer else mark}
