"""Files of finished blocks of configurations, and the plan of what is to be measured."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from configurations import SPACE, Configuration
from tasks import Array, Task
from training import Curve

BLOCK = 25  # configurations a file
CURVES = ("valid_error", "valid_loss", "test_error", "test_loss", "epoch_time")
NUMBERS = ("n_parameters", "latency", "cpu_time")


@dataclass(frozen=True)
class Chunk:
    """Configurations first, …, first + n - 1 of one task and seed."""

    task: str
    seed: int
    first: int
    n: int

    def path(self, work: Path) -> Path:
        return work / f"{self.task}-{self.seed}-{self.first:04d}.npz"

    def is_done(self, work: Path) -> bool:
        return self.path(work).exists()


def chunks_of(name: str, task: Task, seed: int) -> list[Chunk]:
    """Return the chunks of one task and seed, in order."""
    n = task.n_configurations
    return [Chunk(name, seed, i, min(BLOCK, n - i)) for i in range(0, n, BLOCK)]


def plan(tasks: Mapping[str, Task]) -> Iterator[Chunk]:
    """Yield all chunks: the first seed of every task, then the second ones."""
    rounds = max(len(task.seeds) for task in tasks.values())
    for i in range(rounds):
        for name, task in tasks.items():
            if i < len(task.seeds):
                yield from chunks_of(name, task, task.seeds[i])


def write(
    chunk: Chunk,
    configurations: Sequence[Configuration],
    curves: Sequence[Curve],
    origin: Mapping[str, Any],
    work: Path,
) -> None:
    """Write a chunk whole or not at all.

    Args:
        chunk: What was measured.
        configurations: Of the chunk, so that a table never mixes two lists of them.
        curves: Of the same configurations.
        origin: Where it was measured, see `origin.origin`.
        work: The folder of the file.
    """
    path = chunk.path(work)
    arrays: dict[str, Any] = {
        name: np.array([getattr(curve, name) for curve in curves]) for name in CURVES + NUMBERS
    }
    arrays["configurations"] = np.array(texts(configurations))
    arrays["origin"] = np.array(json.dumps(origin, sort_keys=True))
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}.npz")
    np.savez_compressed(unfinished, **arrays)
    os.replace(unfinished, path)


def texts(configurations: Sequence[Configuration]) -> list[str]:
    """Return each configuration as one line of JSON."""
    return [json.dumps({name: config[name] for name in SPACE}) for config in configurations]


def read(
    chunks: Sequence[Chunk], configurations: Sequence[Configuration], work: Path
) -> tuple[dict[str, Array], list[dict[str, Any]]]:
    """Return the arrays of finished chunks joined, and their distinct origins.

    Raises:
        FileNotFoundError: if one is not finished.
        ValueError: if one was measured with other configurations than those given.
    """
    parts: dict[str, list[Array]] = {name: [] for name in CURVES + NUMBERS}
    origins: list[dict[str, Any]] = []
    for chunk in chunks:
        with np.load(chunk.path(work), allow_pickle=False) as file:
            asked = texts(configurations[chunk.first : chunk.first + chunk.n])
            if file["configurations"].tolist() != asked:
                raise ValueError(
                    f"{chunk.path(work)} was measured with other configurations than the file "
                    "of configurations has now; take another work folder."
                )
            for name, arrays in parts.items():
                arrays.append(file[name])
            origin = json.loads(str(file["origin"]))
            if origin not in origins:
                origins.append(origin)
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}, origins
