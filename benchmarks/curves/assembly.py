"""A finished task as a table in the format bbtab-1: one npz and one JSON file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import chunks
import numpy as np
from configurations import SPACE, Configuration
from tasks import Array, Task, load
from training import EPOCHS, LATENCY_REPEATS, LATENCY_ROWS, SMALLEST_PROBABILITY

from synecore.space import Categorical, Integer, config_space_to_json_dict, is_log_space

MANTISSA_BITS = 13  # a relative error of 6e-5, and half the size of float32

OBJECTIVES: Mapping[str, dict[str, Any]] = {
    "valid_error": {"unit": "share of the validation rows"},
    "valid_loss": {
        "unit": "cross-entropy (nats)",
        "description": f"probabilities below {SMALLEST_PROBABILITY:g} count as that",
    },
    "test_error": {"unit": "share of the test rows", "role": "report only"},
    "test_loss": {"unit": "cross-entropy (nats)", "role": "report only"},
    "elapsed_time": {
        "unit": "s",
        "description": "CPU time of the process in training up to and with the epoch, one thread; "
        "evaluation excluded. In the epoch of a divergence it is known while the errors are NaN",
    },
    "n_parameters": {"unit": "weights and biases", "static": True},
    "latency": {
        "unit": "ms",
        "description": f"CPU time to predict the probabilities of {LATENCY_ROWS} rows, median of "
        f"{LATENCY_REPEATS}",
        "static": True,
    },
}


def finished_seeds(name: str, task: Task, work: Path) -> list[int]:
    """Return the seeds of which every chunk is done."""
    return [
        seed
        for seed in task.seeds
        if all(chunk.is_done(work) for chunk in chunks.chunks_of(name, task, seed))
    ]


def assemble(
    name: str,
    task: Task,
    seeds: Sequence[int],
    configurations: Sequence[Configuration],
    work: Path,
    into: Path,
) -> Path:
    """Write the table of a task, and return its path without suffix.

    Raises:
        FileNotFoundError: if a chunk of these seeds is not finished.
        ValueError: if one was measured with other configurations.
    """
    measured, origins = [], []
    for seed in seeds:
        arrays, of_seed = chunks.read(chunks.chunks_of(name, task, seed), configurations, work)
        measured.append(arrays)
        origins += [origin for origin in of_seed if origin not in origins]
    objectives = objectives_of(measured)
    configurations = configurations[: task.n_configurations]
    path = into / f"mlp_curves_{name}"
    into.mkdir(parents=True, exist_ok=True)
    unfinished = into / f".{path.name}.npz"
    table: dict[str, Any] = {f"hp__{hp}": _column(hp, configurations) for hp in SPACE}
    table |= {f"obj__{objective}": values for objective, values in objectives.items()}
    np.savez_compressed(unfinished, **table)
    os.replace(unfinished, path.with_suffix(".npz"))
    cpu_hours = sum(float(arrays["cpu_time"].sum()) for arrays in measured) / 3600
    about = _description(name, task, seeds, objectives, path.with_suffix(".npz"))
    about["provenance"] = {
        "script": "benchmarks/curves/measure.py",
        "data": task.source,
        "measured": origins,
        "cpu_hours": round(cpu_hours, 3),
    }
    path.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n")
    return path


def objectives_of(measured: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Return arrays of bbtab-1, (1, n_configs, n_seeds, epochs) or (1, n_configs, 1, 1).

    Args:
        measured: The arrays of each seed, as `chunks.read` gives them.
    """
    curves = {name: np.stack([part[name] for part in measured], axis=1) for name in chunks.CURVES}
    curves["elapsed_time"] = np.cumsum(curves.pop("epoch_time"), axis=-1)
    numbers = {
        "n_parameters": measured[0]["n_parameters"],
        "latency": np.fmin.reduce([part["latency"] for part in measured]),
    }
    objectives = {name: values[None] for name, values in curves.items()}
    objectives |= {name: values[None, :, None, None] for name, values in numbers.items()}
    return {name: rounded(objectives[name]) for name in OBJECTIVES}


def rounded(values: Array, bits: int = MANTISSA_BITS) -> Array:
    """Return float32 with so many bits of the mantissa, rounded to nearest, the rest zero."""
    mantissa, exponent = np.frexp(values.astype(np.float64))
    return np.ldexp(np.round(mantissa * 2.0 ** (bits + 1)), exponent - bits - 1).astype(np.float32)


def _column(hp: str, configurations: Sequence[Configuration]) -> Array:
    values = [config[hp] for config in configurations]
    domain = SPACE[hp]
    if isinstance(domain, Categorical):
        return np.array([domain.categories.index(value) for value in values], dtype=np.int16)
    return np.array(values, dtype=np.int64 if isinstance(domain, Integer) else np.float64)


def _hyperparameter(hp: str) -> dict[str, Any]:
    domain = SPACE[hp]
    if isinstance(domain, Categorical):
        return {"name": hp, "type": "categorical", "choices": list(domain.categories)}
    return {
        "name": hp,
        "type": "int" if isinstance(domain, Integer) else "float",
        "lower": domain.lower,
        "upper": domain.upper,
        "log": is_log_space(domain),
    }


def _description(
    name: str, task: Task, seeds: Sequence[int], objectives: Mapping[str, Array], table: Path
) -> dict[str, Any]:
    errors = objectives["valid_error"]
    data = load(task)
    rows = [len(part[0]) for part in (data.train, data.valid, data.test)]
    inputs = data.train[0].shape[1]
    diverged = int(np.isnan(errors[..., -1]).sum())
    best = float(np.nanmin(errors[..., -1]))
    return {
        "format": "bbtab-1",
        "name": table.stem,
        "title": f"Learning curves of multilayer perceptrons on {name}",
        "kind": "measured",
        "layout": "grid",
        "n_tasks": 1,
        "n_configs": errors.shape[1],
        "n_seeds": len(seeds),
        "n_fidelities": EPOCHS,
        "n_evaluations_of_first_objective": int(np.isfinite(errors).sum()),
        "hyperparameters": [_hyperparameter(hp) for hp in SPACE],
        "config_space": config_space_to_json_dict(SPACE),
        "fidelity": {"name": "epoch", "unit": "epoch", "values": list(range(1, EPOCHS + 1))},
        "objectives": [_objective(which, objectives[which]) for which in OBJECTIVES],
        "default_objective": "valid_error",
        "time_objective": "elapsed_time",
        "time_semantics": "cumulative",
        "tasks": [
            {
                "name": name,
                "train_rows": rows[0],
                "valid_rows": rows[1],
                "test_rows": rows[2],
                "inputs": inputs,
                "classes": data.n_classes,
            }
        ],
        "seeds": list(seeds),
        "license": {"spdx": "Apache-2.0", "detail": "measured by the project itself"},
        "verification": {
            "diverged_trainings": diverged,
            "best_valid_error_of_the_last_epoch": best,
        },
        "caveats": [
            "the split into training, validation and test rows is the same for all seeds",
            f"validation errors come in steps of 1/{rows[1]}",
        ],
        "files": {
            table.name: {
                "bytes": table.stat().st_size,
                "sha256": hashlib.sha256(table.read_bytes()).hexdigest(),
            }
        },
    }


def _objective(name: str, values: Array) -> dict[str, Any]:
    known = values[np.isfinite(values)].astype(np.float64)
    return {
        "name": name,
        "mode": "min",
        **OBJECTIVES[name],
        "mantissa_bits_kept": MANTISSA_BITS,
        "stats": {
            "count": values.size,
            "missing": int(values.size - known.size),
            "min": float(known.min()),
            "max": float(known.max()),
            "median": float(np.median(known)),
        },
    }
