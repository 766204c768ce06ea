"""Events of every kind and states of several sizes, for what must store them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from synecore.actions import (
    Amended,
    Asked,
    Decided,
    Ended,
    Event,
    Reported,
    ReportedBlock,
    Resumed,
    Retried,
    Started,
    Status,
)


def one_of_each() -> list[Event]:
    """Events of every kind, with the values that are hard to write."""
    odd = {"nan": math.nan, "inf": -math.inf, "text": '\u00e9 \u2028 "NaN" ~', "none": None}
    return [
        Asked(at=0.1, n=1),
        Started(
            at=0.1 + 0.2, trial=0, config={"lr": 1e-05, "layers": [1, 2], "act": "relu"},
            until=math.inf, milestone=3.0, tags={"rung": 0.0}, why={"source": "random"},
        ),
        Reported(at=1 / 3, trial=0, metrics={"loss": 5e-324, "big": 1.7976931348623157e308, **odd}),
        ReportedBlock(
            trial=0, at=np.array([1.5, 2.5]), metrics={"loss": [math.nan, 0.5], "epoch": [2, 3]}
        ),
        Decided(at=2.5, trial=0, action="update", milestone=9.0, tags={"rung": 1.0}),
        Decided(at=2.5, trial=0, action="pause", why={"rank": 7, "of": 12, "cutoff": 0.31}),
        Asked(at=2.5, n=1, reply="wait"),
        Retried(at=3.0, trial=0, attempt=1, error="Traceback\n  line 1\n"),
        Ended(at=3.0, trial=0, exit="killed", status=Status.PAUSED),
        Resumed(at=3.0, trial=0, until=9.0, milestone=9.0),
        Ended(at=4.0, trial=0, exit="failed", status=Status.FAILED, error="boom"),
        Amended(at=5.0, problem={"start_points": [{"lr": 0.1}]}, stop_criterion={"max_t": 3}),
        Asked(at=5.0, n=2, reply="exhausted"),
    ]  # fmt: skip


def reports(batch: int) -> list[Event]:
    """Three events that are told apart by their batch."""
    return [
        Reported(at=batch + i / 10, trial=i, metrics={"epoch": batch, "loss": batch / 7 + i})
        for i in range(3)
    ]


def state(n: int) -> dict[str, Any]:
    """A state of a size that depends on n, with arrays of several kinds."""
    rng = np.random.default_rng(n)
    return {
        "rows": rng.normal(size=(40 + n % 5, 3)),
        "ids": np.arange(n % 7),
        "flags": np.array([True, False]),
        "rng": {"bit_generator": "PCG64", "state": {"state": 2**100 + n, "inc": 3}},
        "rungs": [{"level": 1, "values": [0.5, math.inf]}, {"level": 3, "values": []}],
        "model": {"empty": np.zeros((0, 2)), "$odd key": None},
    }
