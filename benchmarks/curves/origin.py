"""Where and with what a chunk was measured: script, machine kind, versions. No names of hosts."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import numpy as np
import scipy
import sklearn

HERE = Path(__file__).resolve().parent


def origin() -> dict[str, str]:
    """Return the commit of the measuring script, and the kind of machine and of software."""
    return {
        "commit": commit(),
        "cpu": _cpu(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
    }


def commit() -> str:
    """Return the last commit that changed the scripts; "+" at its end says there are changes."""
    try:
        last = _git("log", "-1", "--format=%H", "--", "*.py", "*.csv")
        changed = _git("status", "--porcelain", "--", "*.py", "*.csv")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{last or 'none'}{'+' if changed else ''}"


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=HERE, check=True, capture_output=True, text=True
    ).stdout.strip()


def _cpu() -> str:
    """Return the model of the processor, with family, model and stepping where Linux tells them."""
    facts: dict[str, str] = {}
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            facts.setdefault(name.strip(), value.strip())
    except OSError:
        return platform.processor() or "unknown"
    kind = ", ".join(f"{k} {facts[k]}" for k in ("cpu family", "model", "stepping") if k in facts)
    return f"{facts.get('model name', 'unknown')} ({kind})"
