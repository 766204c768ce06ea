"""How many GPUs this machine has."""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)

_PATIENCE = 30.0  # seconds; a driver that is not kept loaded takes about one a device


def get_num_gpus() -> int:
    """Return the number of GPUs that `nvidia-smi --list-gpus` lists; 0 where it cannot be run."""
    import shutil
    import subprocess

    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    try:
        done = subprocess.run(
            [program, "--list-gpus"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning(
            "%s; trials run as on a machine without GPUs. The option num_gpus says how many there "
            "are", error,
        )  # fmt: skip
        return 0
    # Parts of a GPU (MIG) have lines of their own, indented, below that of their GPU.
    return sum(line.startswith(b"GPU ") for line in done.stdout.splitlines())
