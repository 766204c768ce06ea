"""One trial of a function: what runs in the trial's process.

Run as a script of its own, `function_trial.py CONFIG CHECKPOINTS HOW`. Standard input has the
tuner's `sys.path` as one line of JSON, so that the function finds the modules it was written with,
and then the pickled function. CONFIG is the file of the configuration, CHECKPOINTS the folder of
checkpoints and HOW, in JSON, a `synecore_local.function.How`.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Mapping
from typing import Any


def main(config_file: str, checkpoints: str, how_text: str) -> None:
    how = json.loads(how_text)
    function = received()
    with open(config_file, encoding="utf-8") as file:
        config = json.load(file)
    if how["names"] is not None:
        config = {name: value for name, value in config.items() if name in how["names"]}
    if how["checkpoint_argument"]:
        config[how["checkpoint_argument"]] = checkpoints
    metrics = metrics_of(function(**config), how["metric"], how["resource"])
    if metrics:
        from synecore.report import Reporter  # importable with the tuner's sys.path only

        Reporter()(**metrics)


def received() -> Any:
    """Read the function from standard input, and leave nothing there for it to read."""
    sys.path[:] = json.loads(sys.stdin.buffer.readline())
    function = pickle.load(sys.stdin.buffer)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return function


def metrics_of(
    result: Any, metric: str | None, resource: Mapping[str, int]
) -> dict[str, Any] | None:
    """Return what a function returned as a report; None for nothing.

    Args:
        result: What it returned.
        metric: What a number stands for; None with several objectives.
        resource: Name and amount of the resource that it was given, where there is one.
    """
    if result is None:
        return None
    if isinstance(result, Mapping):
        return {**resource, **result}
    number = scalar(result)
    if metric is not None and isinstance(number, (int, float)) and not isinstance(number, bool):
        return {**resource, metric: number}
    allowed = "a mapping of metrics" if metric is None else f"{metric!r} or a mapping of metrics"
    print(
        f"synecore: the function returned {result!r:.80} ({type(result).__name__}), which is not "
        f"reported; return {allowed} to have it reported, or None",
        file=sys.stderr,
    )
    return None


def scalar(value: Any) -> Any:
    """Turn a scalar of an array library into a Python number; leave anything else."""
    try:
        return value.item()
    except (AttributeError, TypeError, ValueError, RuntimeError):  # no scalar
        return value


if __name__ == "__main__":
    arguments = sys.argv[1:]
    del sys.argv[1:]  # they are none of the function's business
    main(*arguments)
