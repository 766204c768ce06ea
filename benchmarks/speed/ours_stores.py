"""Our side of `stores.py`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from ours_core import space
from side import Numbers, Stopwatch, main

from synecore import make_scheduler, make_store
from synecore.actions import Ended, Event, Reported
from synecore.protocols import Snapshot
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine


def _reports(n: int) -> list[Event]:
    return [
        Reported(
            at=0.1 * i, trial=i % 100,
            metrics={
                "epoch": i // 100 + 1, "loss": 1.0 / (i + 1), "accuracy": 0.123456789,
                "st_worker_timestamp": 1.7e9 + i, "st_worker_time": 0.1 * i, "st_worker_iter": i,
            },
        )
        for i in range(n)
    ]  # fmt: skip


def append(store: str, sync: str, batch: int, events: int) -> Numbers:
    """Store reports in batches, one write (and with sync="batch" one fsync) each; wall time."""
    reports = _reports(events)
    kept = make_store(store, folder=str(Path.cwd() / "journal"), sync=sync)
    began = time.perf_counter()
    for first in range(0, events, batch):
        kept.append(reports[first : first + batch])
    seconds = time.perf_counter() - began
    kept.close()
    return {f"{store}_{sync}_{batch}": 1e3 * seconds / events}


def disk(events: int) -> Numbers:
    """Write and sync lines as long as a report, with nothing around it: the cost of the disk."""
    line = b"x" * 200 + b"\n"
    handle = os.open("lines", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    began = time.perf_counter()
    for _ in range(events):
        os.write(handle, line)
        os.fdatasync(handle)
    seconds = time.perf_counter() - began
    os.close(handle)
    return {"disk_alone": 1e3 * seconds / events}


def read(store: str, events: int) -> Numbers:
    """Read a journal from its beginning; CPU time."""
    kept = make_store(store, folder=str(Path.cwd() / "journal"), sync="none")
    reports = _reports(events)
    for first in range(0, events, 8):
        kept.append(reports[first : first + 8])
    watch = Stopwatch()
    watch.start()
    n = sum(1 for _ in kept.events())
    watch.stop(n)
    kept.close()
    return {f"{store}_read": watch.microseconds}


def save(trials: int) -> Numbers:
    """Store one more report, and a snapshot of ASHA, after some trials of five reports; wall."""
    scheduler = make_scheduler(
        "asha", space(), metric="loss", resource_attr="epoch", max_t=81, random_seed=0
    )
    engine = Engine(scheduler, TrialTable(scheduler.problem, scheduler.tags))
    kept = make_store("jsonl", folder=str(Path.cwd() / "journal"), sync="batch")
    for trial in range(trials):
        engine.ask(1, 0.0)
        for k in range(1, 6):
            engine.report(Reported(at=1.0, trial=trial, metrics={"epoch": k, "loss": trial % 7}))
        engine.ended(Ended(at=1.0, trial=trial, exit="killed"))
    events, _ = engine.take()
    kept.append(events)
    one = [
        _seconds(
            lambda: kept.append([Reported(at=1.0, trial=0, metrics={"epoch": 6, "loss": 1.0})])
        )
        for _ in range(20)
    ]
    state = _seconds(
        lambda: kept.save_snapshot(Snapshot(n_events=len(events), state=scheduler.state_dict()))
    )
    kept.close()
    return {
        f"newest_report_durable_{trials}": 1e3 * sorted(one)[len(one) // 2],
        f"snapshot_{trials}": 1e3 * state,
    }


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main([append, disk, read, save])
