"""The card of the tables: distributions, best values, rank correlations, where measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from tasks import TASKS, Array

EARLY = (1, 3, 9, 27)  # epochs whose order is compared with that of the last one
QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Table:
    """One assembled task.

    Attributes:
        about: its JSON.
        objectives: (n_configs, n_seeds, epochs) each.
        hyperparameters: (n_configs,) each.
    """

    about: Mapping[str, Any]
    objectives: Mapping[str, Array]
    hyperparameters: Mapping[str, Array]

    @property
    def task(self) -> str:
        return str(self.about["tasks"][0]["name"])

    def epoch_ms(self) -> Array:
        """Return the mean time of an epoch, first seed, (n_configs,)."""
        elapsed = self.objectives["elapsed_time"][:, 0]
        return 1e3 * np.nanmax(elapsed, axis=1) / np.isfinite(elapsed).sum(axis=1)


def read(folder: Path) -> list[Table]:
    """Return the tables of a folder, in the order in which tasks are measured."""
    tables = []
    for path in sorted(folder.glob("*.json")):
        with np.load(path.with_suffix(".npz"), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        tables.append(
            Table(
                json.loads(path.read_text()),
                {k[5:]: v[0] for k, v in arrays.items() if k.startswith("obj__")},
                {k[4:]: v for k, v in arrays.items() if k.startswith("hp__")},
            )
        )
    order = list(TASKS)
    return sorted(tables, key=lambda table: order.index(table.task))


def correlation(first: Array, second: Array) -> float:
    """Return Spearman's rank correlation of two columns (n,); a NaN counts as the worst value."""
    return float(spearmanr(*(np.where(np.isnan(x), np.inf, x) for x in (first, second))).statistic)


def write(folder: Path) -> None:
    """Write `CARD.md` beside the tables."""
    tables = read(folder)
    if tables:
        (folder / "CARD.md").write_text("\n".join(lines(tables)) + "\n")


def lines(tables: Sequence[Table]) -> Iterator[str]:
    """Yield the lines of the card."""
    yield from (
        "# mlp-curves: card",
        "",
        "Learning curves of multilayer perceptrons, measured by `benchmarks/curves/measure.py`,",
        "which also writes this file. Errors and losses are those of the last of 81 epochs unless",
        "another one is said, and of the first seed. Licence: Apache-2.0.",
        "",
        "## Tasks",
        "",
    )
    yield from _sheet(
        ("task", "training, validation, test rows", "inputs", "classes", "configurations", "seeds",
         "diverged", "CPU hours", "data"),
        [_task(table) for table in tables],
    )  # fmt: skip
    yield from ("", "## Validation error and loss", "")
    names = [f"{100 * q:g} %" for q in QUANTILES]
    yield from _sheet(
        ("task", *(f"error {name}" for name in names), *(f"loss {name}" for name in names)),
        [(table.task, *_quantiles(table, "valid_error"), *_quantiles(table, "valid_loss"))
         for table in tables],
    )  # fmt: skip
    yield from ("", "0 % is the best configuration, 50 % the median.", "")
    yield from ("## Best configuration by validation error, then loss", "")
    hyperparameters = list(tables[0].hyperparameters)
    yield from _sheet(
        ("task", "index", "validation error", "test error", *hyperparameters),
        [_best(table) for table in tables],
    )
    yield from ("", "## Cost", "")
    yield from _sheet(
        ("task", "ms an epoch: least", "1 %", "50 %", "99 %", "most", "99 % / 1 %", "parameters",
         "latency, ms a 100 rows"),
        [_cost(table) for table in tables],
    )  # fmt: skip
    yield from ("", "## Rank correlation with the last epoch", "")
    yield from _sheet(
        ("task", *(f"error, epoch {e}" for e in EARLY), *(f"loss, epoch {e}" for e in EARLY),
         "error of two seeds", "validation and test error"),
        [_correlations(table) for table in tables],
    )  # fmt: skip
    yield from ("", "## Rank correlation of the validation error between tasks", "")
    yield from _sheet(("", *(table.task for table in tables)), _between(tables))
    yield from ("", "## Measured with", "")
    yield from sorted({_origin(origin) for table in tables for origin in _origins(table)})


def _sheet(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _task(table: Table) -> list[str]:
    task, about = table.about["tasks"][0], table.about
    rows = f"{task['train_rows']}, {task['valid_rows']}, {task['test_rows']}"
    numbers = (task["inputs"], task["classes"], about["n_configs"], about["n_seeds"])
    diverged = about["verification"]["diverged_trainings"]
    made = about["provenance"]
    return [table.task, rows, *map(str, numbers), str(diverged), f"{made['cpu_hours']:.2f}",
            made["data"]]  # fmt: skip


def _quantiles(table: Table, objective: str) -> list[str]:
    last = table.objectives[objective][:, 0, -1]
    return [f"{value:.3g}" for value in np.nanquantile(last, QUANTILES)]


def _best(table: Table) -> list[str]:
    error, loss, test = (
        table.objectives[name][:, 0, -1] for name in ("valid_error", "valid_loss", "test_error")
    )
    best = int(np.lexsort((loss, error))[0])  # NaN comes last
    choices = {hp["name"]: hp.get("choices") for hp in table.about["hyperparameters"]}
    values = (
        str(choices[name][column[best]]) if choices[name] else f"{column[best]:g}"
        for name, column in table.hyperparameters.items()
    )
    return [table.task, str(best), f"{error[best]:.3g}", f"{test[best]:.3g}", *values]


def _cost(table: Table) -> list[str]:
    epoch = table.epoch_ms()
    least, one, middle, most_but_one, most = np.quantile(epoch, (0, 0.01, 0.5, 0.99, 1))
    size, latency = (table.objectives[name].ravel() for name in ("n_parameters", "latency"))
    return [
        table.task,
        *(f"{value:.3g}" for value in (least, one, middle, most_but_one, most)),
        f"{most_but_one / one:.0f}",
        f"{size.min():.0f} to {size.max():.0f}",
        f"{np.nanmin(latency):.2g} to {np.nanmax(latency):.2g}",
    ]


def _correlations(table: Table) -> list[str]:
    error, loss = table.objectives["valid_error"], table.objectives["valid_loss"]
    test = table.objectives["test_error"][:, 0, -1]
    columns = [
        *(correlation(error[:, 0, e - 1], error[:, 0, -1]) for e in EARLY),
        *(correlation(loss[:, 0, e - 1], loss[:, 0, -1]) for e in EARLY),
    ]
    seeds = f"{correlation(error[:, 0, -1], error[:, 1, -1]):.2f}" if error.shape[1] > 1 else ""
    held_out = f"{correlation(error[:, 0, -1], test):.2f}"
    return [table.task, *(f"{value:.2f}" for value in columns), seeds, held_out]


def _between(tables: Sequence[Table]) -> list[list[str]]:
    last = [table.objectives["valid_error"][:, 0, -1] for table in tables]
    rows = []
    for table, mine in zip(tables, last, strict=True):
        row = [table.task]
        for other in last:
            n = min(len(mine), len(other))  # the configurations that both have
            row.append("" if other is mine else f"{correlation(mine[:n], other[:n]):.2f}")
        rows.append(row)
    return rows


def _origins(table: Table) -> Sequence[Mapping[str, str]]:
    measured: Sequence[Mapping[str, str]] = table.about["provenance"]["measured"]
    return measured


def _origin(origin: Mapping[str, str]) -> str:
    return "- " + ", ".join(f"{name} {value}" for name, value in sorted(origin.items()))
