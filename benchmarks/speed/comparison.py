"""Runs the two sides alternately and prints ratios, then one JSON object as the last line."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from peer_environment import folder_of_peer, python_of  # noqa: E402 - it lies one folder above
from side import environment  # noqa: E402

Result = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Measure:
    """One number of the result.

    Args:
        unit: Its unit; rates end in "/s" and are better when larger.
        budget: What ours may be at most, for a rate at least.
        best: Take the best of the rounds instead of the median: for wall time on a busy machine.
    """

    unit: str
    budget: float | None = None
    best: bool = False

    @property
    def is_rate(self) -> bool:
        return self.unit.endswith("/s")

    def over(self, rounds: Sequence[float]) -> float:
        """Return one number for those of all rounds."""
        if self.best:
            return max(rounds) if self.is_rate else min(rounds)
        return statistics.median(rounds)


@dataclass(frozen=True)
class Case:
    """One function of both sides' scripts, and the measures that it returns.

    Args:
        function: Its name.
        measures: By the names under which it returns them.
        sizes: Its arguments.
        peers: Settings of the peer to compare with: what is put after a measure's name, and the
            further arguments of the peer's function; None in their place: it is not run.
        rounds: How often each side runs.
    """

    function: str
    measures: Mapping[str, Measure]
    sizes: Mapping[str, Any] = field(default_factory=dict)
    peers: Mapping[str, Mapping[str, Any] | None] = field(default_factory=lambda: {"": {}})
    rounds: int = 3


ALONE: Mapping[str, None] = {"": None}  # the peer has nothing like it, or would take too long


def run_side(python: Path, script: str, function: str, sizes: Mapping[str, Any]) -> dict[str, Any]:
    """Run one function of one side in a process of its own, and return its numbers.

    Raises:
        RuntimeError: The process failed; with the end of what it wrote.
    """
    with tempfile.TemporaryDirectory(prefix="synecore-benchmark-") as scratch:
        done = subprocess.run(
            [str(python), str(HERE / script), function, json.dumps(dict(sizes))],
            env=environment(scratch), capture_output=True, text=True, cwd=scratch,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{script} {function} failed:\n{done.stderr[-3000:]}")
    numbers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return numbers


def compare(subject: str, cases: Sequence[Case], peer: Path | None) -> Result:
    """Run all cases, ours and the peer's in turn, and return {measure: {ours, peer, unit}}."""
    result: Result = {}
    for case in cases:
        ours: list[dict[str, Any]] = []
        theirs: dict[str, list[dict[str, Any]]] = {suffix: [] for suffix in case.peers}
        for _ in range(case.rounds):
            script = f"ours_{subject}.py"
            ours.append(run_side(Path(sys.executable), script, case.function, case.sizes))
            for suffix, further in case.peers.items():
                if peer is not None and further is not None:
                    sizes, script = {**case.sizes, **further}, f"peer_{subject}.py"
                    theirs[suffix].append(run_side(python_of(peer), script, case.function, sizes))
        for name, measure in case.measures.items():
            for suffix, rounds in theirs.items():
                result[name + suffix] = {
                    "ours": _rounded(measure.over([numbers[name] for numbers in ours])),
                    "peer": _rounded(measure.over([n[name] for n in rounds])) if rounds else None,
                    "unit": measure.unit,
                }
    return result


def _rounded(number: float) -> float:
    return float(f"{number:.4g}")


def table(cases: Sequence[Case], result: Result) -> str:
    """Return the result for people: how many times better ours is, and what missed its budget."""
    measures = {
        name + suffix: measure
        for case in cases
        for name, measure in case.measures.items()
        for suffix in case.peers
    }
    rows = [("measure", "ours", "peer", "times", "budget", "")]
    for name, numbers in result.items():
        measure, ours, peer = measures[name], numbers["ours"], numbers["peer"]
        times = "" if not peer or not ours else f"{_times(measure, ours, peer):.3g}x"
        missed = measure.budget is not None and (
            ours < measure.budget if measure.is_rate else ours > measure.budget
        )
        rows.append(
            (
                name, f"{ours:g} {measure.unit}", "" if peer is None else f"{peer:g}", times,
                "" if measure.budget is None else f"{measure.budget:g}", "missed" if missed else "",
            )
        )  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _times(measure: Measure, ours: float, peer: float) -> float:
    return ours / peer if measure.is_rate else peer / ours


def main(
    subject: str, cases: Callable[[bool], Sequence[Case]], peer_name: str = "Syne Tune 0.13"
) -> int:
    """Command line of a benchmark: run its cases, print the table, then the JSON."""
    parser = argparse.ArgumentParser(description=f"Speed of {subject}, beside {peer_name}.")
    parser.add_argument("--quick", action="store_true", help="small sizes, under 40 seconds")
    parser.add_argument(
        "--peer", metavar="FOLDER", help="environment made by benchmarks/peer_environment.py"
    )
    options = parser.parse_args()
    peer = folder_of_peer(options.peer)
    began, load = time.perf_counter(), os.getloadavg()[0]
    chosen = cases(options.quick)
    result = compare(subject, chosen, peer)
    print(table(chosen, result))
    print(
        f"\n{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores,"
        f" load {load:.1f} to {os.getloadavg()[0]:.1f}, {time.perf_counter() - began:.0f} s"
        + ("" if peer else "; no peer: see benchmarks/README.md")
    )
    print(json.dumps(result))
    return 0
