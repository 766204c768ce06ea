"""Appends batches to a store until it is killed; prints the number of stored events after each.

Run as `python writer.py KIND FOLDER SYNC SEED`. Event number n is `Reported(at=n)`, and says which
of how many it is within its batch, so that a reader can tell whole batches from parts.
"""

from __future__ import annotations

import importlib
import random
import sys
from pathlib import Path

import numpy as np

from synecore.actions import Reported
from synecore.plugins import Setup
from synecore.protocols import Snapshot
from synecore_stores.options import StoreOptions


def main(kind: str, folder: str, sync: str, seed: str) -> None:
    module = importlib.import_module(f"synecore_stores.{kind}")
    make = module.JsonlStore if kind == "jsonl" else module.SqliteStore
    setup = Setup(problem=None, seed=np.random.SeedSequence(0), make=None)
    store = make(setup, StoreOptions(folder=Path(folder), sync=sync))
    rng = random.Random(seed)
    while True:
        size = rng.choice([1, 2, 5])
        padding = "x" * rng.choice([0, 10, 1000, 200_000])
        first = store.n_events
        store.append(
            [
                Reported(at=first + i, trial=0, metrics={"i": i, "of": size, "padding": padding})
                for i in range(size)
            ]
        )
        print(store.n_events, flush=True)
        if rng.random() < 0.1:
            state = {"n": store.n_events, "rows": np.arange(store.n_events)}
            store.save_snapshot(Snapshot(n_events=store.n_events, state=state))


if __name__ == "__main__":
    main(*sys.argv[1:])
