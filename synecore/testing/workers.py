"""A trial that does as its configuration says, in three forms: a script, a function, an evaluation.

The configuration has these keys:

    n          the last step; steps count up from 1, or from after the checkpoint
    crash_at   the step that fails instead of reporting; 0: none
    hang_at    the step that never comes; 0: none
    sleep      seconds before each step

Each step leaves a checkpoint and then reports {"step": step, "loss": 1 / step}.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synecore.problem import Problem
from synecore.report import Reporter
from synecore.space import uniform
from synecore.testing.inline_backend import Silence

LAST_STEP = 8  # the largest n
CRASH = "crashed on purpose at step"  # what a crash says, and then the step
_CHECKPOINT = "step.txt"

WORKER_SCRIPT = f'''\
"""Reports steps as its arguments say; see synecore.testing.workers."""

import argparse
import json
import os
import time

parser = argparse.ArgumentParser()
for name in ("n", "crash_at", "hang_at"):
    parser.add_argument(f"--{{name}}", type=int, default=0)
parser.add_argument("--sleep", type=float, default=0.0)
parser.add_argument("--st_checkpoint_dir")
args, _ = parser.parse_known_args()
path = args.st_checkpoint_dir and os.path.join(args.st_checkpoint_dir, "{_CHECKPOINT}")
first = 0
if path and os.path.exists(path):
    with open(path) as file:
        first = int(file.read())
for step in range(first + 1, args.n + 1):
    time.sleep(args.sleep)
    if step == args.crash_at:
        raise RuntimeError(f"{CRASH} {{step}}")
    if step == args.hang_at:
        time.sleep(3600)
    if path:
        os.makedirs(args.st_checkpoint_dir, exist_ok=True)
        with open(path + ".new", "w") as file:
            file.write(str(step))
        os.replace(path + ".new", path)
    print("[tune-metric]: " + json.dumps({{"step": step, "loss": 1 / step}}), flush=True)
'''


def write_worker(folder: Path) -> Path:
    """Write the script into a folder, for backends that run an entry point."""
    path = folder / "conformance_worker.py"
    path.write_text(WORKER_SCRIPT)
    return path


def work(
    n: int,
    crash_at: int,
    hang_at: int,
    sleep: float,
    st_checkpoint_dir: str | None = None,
    **_: Any,
) -> None:
    """The worker for backends that run a Python function in a process of its own."""
    report = Reporter()
    path = None if st_checkpoint_dir is None else Path(st_checkpoint_dir) / _CHECKPOINT
    first = int(path.read_text()) if path is not None and path.exists() else 0
    for step in range(first + 1, n + 1):
        time.sleep(sleep)
        if step == crash_at:
            raise RuntimeError(f"{CRASH} {step}")
        if step == hang_at:
            time.sleep(3600)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            new = path.with_suffix(".new")
            new.write_text(str(step))
            os.replace(new, path)
        report(step=step, loss=1 / step)


def evaluate(config: Mapping[str, Any], resource: int) -> dict[str, Any] | Silence:
    """The worker for backends that call `evaluate(config, resource)` themselves."""
    if resource > config["n"]:
        return Silence.DONE
    if resource == config["crash_at"]:
        raise RuntimeError(f"{CRASH} {resource}")
    if resource == config["hang_at"]:
        return Silence.HANG
    return {"step": resource, "loss": 1 / resource}


def worker_config(**keys: Any) -> dict[str, Any]:
    """A configuration of the worker; by default it reports all its steps at once and ends."""
    return {"n": LAST_STEP, "crash_at": 0, "hang_at": 0, "sleep": 0.0, "x": 0.5, **keys}


def worker_problem() -> Problem:
    """The problem that the worker's trials belong to."""
    space = {**worker_config(), "x": uniform(0.0, 1.0)}
    return Problem.create(space, metric="loss", resource_attr="step", max_resource_attr="n")
