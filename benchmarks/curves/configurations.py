"""The configuration space of mlp-curves, and the configurations that are measured."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from synecore.space import SearchSpace, choice, lograndint, loguniform, randint, uniform

FILE = Path(__file__).with_name("configurations.csv")
N_CONFIGURATIONS = 1000
DRAWING_SEED = 20261123
DIGITS = 4  # significant ones of a drawn real number, so that the file holds exactly what ran

SPACE: Mapping[str, Any] = {
    "learning_rate": loguniform(1e-4, 1.0),
    "weight_decay": loguniform(1e-6, 1.0),
    "momentum": uniform(0.0, 0.99),
    "input_noise": loguniform(1e-3, 1.0),
    "batch_size": lograndint(8, 256),
    "width": lograndint(4, 512),
    "depth": randint(1, 4),
    "activation": choice(["relu", "tanh", "logistic"]),
    "solver": choice(["adam", "sgd"]),
}

Configuration = Mapping[str, Any]


def draw(n: int = N_CONFIGURATIONS, seed: int = DRAWING_SEED) -> list[dict[str, Any]]:
    """Draw n configurations from the distributions of the space."""
    space = SearchSpace(SPACE)
    drawn = space.decode(space.sample(n, np.random.default_rng(seed)))
    return [{name: _short(config[name]) for name in SPACE} for config in drawn]


def _short(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def write(configurations: Sequence[Configuration], path: Path = FILE) -> None:
    """Write a header and one line a configuration."""
    with path.open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(SPACE)
        lines.writerows([config[name] for name in SPACE] for config in configurations)


def read(path: Path = FILE) -> list[dict[str, Any]]:
    """Return the configurations of a file, values with the types of their domains.

    Raises:
        ValueError: if a column is missing or a value does not lie in its domain.
    """
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    configurations = []
    for i, row in enumerate(rows):
        if set(row) != set(SPACE):
            raise ValueError(f"{path.name}: columns {sorted(row)}; they must be {sorted(SPACE)}.")
        config = {name: domain.cast(row[name]) for name, domain in SPACE.items()}
        for name, domain in SPACE.items():
            if not domain.is_valid(config[name]):
                raise ValueError(f"{path.name}, row {i}: {name} = {row[name]} is not in {domain}.")
        configurations.append(config)
    return configurations
