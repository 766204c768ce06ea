"""What became of each trial, noted in one pass over the journal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from synecore.actions import (
    Decided,
    Ended,
    Event,
    Reported,
    ReportedBlock,
    Resumed,
    Retried,
    Started,
    Status,
    time_of,
)
from synecore.constants import ST_TRIAL_ID


class TrialLog:
    """Notes what concerns trials while somebody else reads the events.

    Attributes:
        rows: A mapping a trial: its status now, when it first started and last ended (seconds
            since the experiment's start, NaN while it runs), how many reports and attempts, whose
            checkpoint it began from (-1: none), the error it failed with, its configuration.
        last: The time of the last event, in seconds since the experiment's start.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.last = 0.0

    def watch(self, events: Iterable[Event]) -> Iterator[Event]:
        """Hand the events on, one by one."""
        for event in events:
            self._note(event)
            yield event

    def _note(self, event: Event) -> None:
        match event:
            case Started():
                self._begin(event)
            case Reported(trial=trial):
                self.rows[trial]["reports"] += 1
            case ReportedBlock(trial=trial, at=at):
                self.rows[trial]["reports"] += len(at)
            case Resumed(trial=trial) | Retried(trial=trial):
                self.rows[trial].update(status=Status.RUNNING.label, ended=math.nan)
                self.rows[trial]["attempts"] += isinstance(event, Retried)
            case Decided(trial=trial, action="stop"):
                # A paused trial has no process whose end would be seen.
                if self.rows[trial]["status"] == Status.PAUSED.label:
                    self.rows[trial]["status"] = Status.STOPPED.label
            case Ended(trial=trial, status=status, at=at, error=error):
                label = Status.RUNNING.label if status is None else status.label
                self.rows[trial].update(status=label, ended=at, error=error)
            case _:
                pass
        self.last = time_of(event)

    def _begin(self, event: Started) -> None:
        self.rows.append(
            {
                ST_TRIAL_ID: event.trial,
                "status": Status.RUNNING.label,
                "started": event.at,
                "ended": math.nan,
                "reports": 0,
                "attempts": 1,
                "parent": event.parent,
                "error": "",
                **{f"config_{name}": value for name, value in event.config.items()},
            }
        )
