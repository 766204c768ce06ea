"""One side of a comparison: a script whose functions measure, run in an environment of its own.

    python ours_core.py FUNCTION '{"size": 3}'

calls FUNCTION(size=3), which returns numbers by name, and prints them as the last line. The peer's
environment has nothing but the peer, so this module needs the standard library alone.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping

Numbers = Mapping[str, float]


def main(functions: Iterable[Callable[..., Numbers]]) -> None:
    """Call the function that the command line names and print what it returns."""
    by_name = {function.__name__: function for function in functions}
    name, sizes = sys.argv[1], json.loads(sys.argv[2])
    numbers = by_name[name](**sizes)
    print("\n" + json.dumps(dict(numbers)))


class Stopwatch:
    """CPU seconds of this process between `start` and `stop`, added up over `n` operations."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.n = 0
        self._began = 0.0

    def start(self) -> None:
        self._began = time.process_time()

    def stop(self, n: int) -> None:
        self.seconds += time.process_time() - self._began
        self.n += n

    @property
    def microseconds(self) -> float:
        """For one operation, on average."""
        return 1e6 * self.seconds / self.n


def microseconds_a_call(call: Callable[[], object], calls: int, repeats: int = 7) -> float:
    """Return the CPU microseconds of one call: the median over repeats of `calls` calls each."""
    found = []
    for _ in range(repeats):
        watch = Stopwatch()
        watch.start()
        for _ in range(calls):
            call()
        watch.stop(calls)
        found.append(watch.microseconds)
    return statistics.median(found)


def start_up(code: str, n: int) -> tuple[float, float]:
    """Return the milliseconds of `python -c code`, (best wall, median CPU) of n processes."""
    wall, cpu = [], []
    for i in range(n + 1):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", code], check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        seconds = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if i:  # the first one may compile, or wait for the disk
            wall.append(seconds)
            cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return 1e3 * min(wall), 1e3 * statistics.median(cpu)


def environment(scratch: str) -> dict[str, str]:
    """Return the environment of a side: experiments go to `scratch`, bytecode is kept."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    folders = {"SYNECORE_FOLDER": scratch, "SYNETUNE_FOLDER": scratch, "TMPDIR": scratch}
    return {**kept, **one_thread, **folders}
