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
from typing import Any


def main(function: Any, config_file: str, checkpoints: str, how_text: str) -> None:
    how = json.loads(how_text)
    with open(config_file, encoding="utf-8") as file:
        config = json.load(file)
    if how["names"] is not None:
        config = {name: value for name, value in config.items() if name in how["names"]}
    if how["checkpoint_argument"]:
        config[how["checkpoint_argument"]] = checkpoints
    # Importable with the tuner's sys.path only.
    from synecore.report import Reporter
    from synecore_local.results import metrics_of, report_yields

    report = Reporter()
    result = report_yields(function(**config), how["metric"], report, _to_stderr)
    metrics = metrics_of(result, how["metric"], how["resource"], _to_stderr)
    if metrics:
        report(**metrics)


def received() -> Any:
    """Read the function from standard input, and leave nothing there for it to read."""
    sys.path[:] = json.loads(sys.stdin.buffer.readline())
    function = pickle.load(sys.stdin.buffer)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return function


def _to_stderr(sentence: str) -> None:
    print(sentence, file=sys.stderr)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    del sys.argv[1:]  # they are none of the function's business
    main(received(), *arguments)
