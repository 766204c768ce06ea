"""Make the environment of the peers, Syne Tune 0.13 and Optuna 5.0, that we compare with.

    python benchmarks/peer_environment.py FOLDER

makes a virtual environment in FOLDER (or in the folder that the variable SYNECORE_PEER names) with
Syne Tune's smallest installation, which is the fastest one it has. The benchmarks take the same
folder as `--peer FOLDER`, or from the same variable.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import venv
from pathlib import Path

VARIABLE = "SYNECORE_PEER"
REQUIREMENTS = (
    "syne-tune==0.13.0",
    "dill==0.4.1",
    "numpy==1.26.4",  # Syne Tune 0.13 does not run with NumPy 2
    "optuna==5.0.0",
    "pandas==2.2.3",
    "sortedcontainers==2.4.0",
    "typing-extensions==4.16.0",
)


def folder_of_peer(given: str | None) -> Path | None:
    """Return the folder that was given or that the variable names, None for neither.

    Raises:
        SystemExit: There is no environment in it.
    """
    chosen = given or os.environ.get(VARIABLE)
    if not chosen:
        return None
    folder = Path(chosen).absolute()
    if not python_of(folder).exists():
        raise SystemExit(
            f"there is no environment in {folder}; make one with "
            f"`python benchmarks/peer_environment.py {folder}`, or leave out --peer and {VARIABLE}"
        )
    return folder


def python_of(folder: Path) -> Path:
    """Return the interpreter of an environment."""
    return folder / "bin" / "python"


def make(folder: Path) -> None:
    """Make the environment, with its bytecode compiled, unless it is there already."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    if not python_of(folder).exists():
        venv.create(folder, with_pip=True)
    python = str(python_of(folder))
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--compile"]
    subprocess.run([*pip, *REQUIREMENTS], check=True, env=environment)
    subprocess.run([python, "-c", "import syne_tune"], check=True, env=environment)


def main() -> int:
    """Make what the command line asks for."""
    parser = argparse.ArgumentParser(description="Make the environment of the peer.")
    parser.add_argument("folder", nargs="?", default=os.environ.get(VARIABLE))
    folder = parser.parse_args().folder
    if not folder:
        parser.error(f"say where: an argument, or the variable {VARIABLE}")
    make(Path(folder).absolute())
    print(f"the peer is in {folder}; benchmarks take it with --peer {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
