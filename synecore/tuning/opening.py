"""What a backend and a loop are told of trials that were under way when the last tuner ended."""

from __future__ import annotations

from collections.abc import Collection

from synecore.actions import Status
from synecore.protocols import Backend, Unfinished
from synecore.trials import TrialTable
from synecore.tuning.backoff import Backoff
from synecore.tuning.engine import Engine
from synecore.tuning.record import Record
from synecore.tuning.session import removes_checkpoints


def waiting_retries(engine: Engine, record: Record, now: float) -> Backoff:
    """Retries whose time had not come: there is no process that could have been lost."""
    backoff = Backoff()
    for trial, since in record.retried.items():
        if engine.table.status(trial) is Status.QUEUED:
            command = engine.begin_retry(engine.job(trial, resumes=True), since)
            if command.not_before > now:
                backoff.add(command)
    return backoff


def unfinished(engine: Engine, record: Record, waiting: Collection[int]) -> tuple[Unfinished, ...]:
    """Jobs on record that had not ended, but for those that wait for a retry."""
    table = engine.table
    return tuple(
        Unfinished(
            job=engine.job(trial, resumes=record.began[trial][1]), since=record.began[trial][0],
            n_reports=int(table.value("reports", trial)),
            stopping=table.status(trial) is Status.STOPPING,
        )
        for trial in map(int, table.busy())
        if trial not in waiting
    )  # fmt: skip


def repeat_commands(backend: Backend, table: TrialTable, record: Record) -> None:
    """Tell the backend what the last tuner had stored and may not have told it."""
    for trial in map(int, table.busy()):
        if table.status(trial) is Status.STOPPING:
            backend.stop(trial, keep_checkpoint=table.fate(trial) is Status.PAUSED)
    for trial in record.drops if removes_checkpoints(backend) else ():
        if not table.value("checkpoint", trial):
            backend.delete_checkpoint(trial)
    record.drops.clear()
