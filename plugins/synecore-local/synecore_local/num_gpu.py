"""How many GPUs this machine has."""

from __future__ import annotations

_PATIENCE = 30.0  # seconds; a driver that is not kept loaded takes about one a device


def get_num_gpus() -> int:
    """Return the number of GPUs that `nvidia-smi --list-gpus` lists; 0 where it cannot be run."""
    # Every trial of a function imports this module along with its package, and nothing of it.
    import logging
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
        logging.getLogger(__name__).warning(
            "%s; trials run as on a machine without GPUs. The option num_gpus says how many there "
            "are", error,
        )  # fmt: skip
        return 0
    # Parts of a GPU (MIG) have lines of their own, indented, below that of their GPU.
    return sum(line.startswith(b"GPU ") for line in done.stdout.splitlines())
