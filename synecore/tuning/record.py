"""What the journal holds of a run, as far as the loop needs to know it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

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
)


@attrs.define
class Record:
    """Counts stored events, and remembers when each trial last began and what the last ask gave."""

    n_events: int = 0
    began: dict[int, tuple[float, bool]] = attrs.field(
        factory=dict
    )  # since when, whether it went on
    retried: dict[int, float] = attrs.field(factory=dict)  # when, if that was how it last began
    owed: list[Event] = attrs.field(
        factory=list
    )  # decided in a tick that failed, still to be stored
    waits: bool = False  # the scheduler had nothing to start, and nothing happened since
    exhausted: bool = False  # it never will have, unless the problem is amended
    drops: list[int] = attrs.field(factory=list)  # trials whose checkpoint may still be there

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            self.n_events += 1
            if isinstance(event, Reported):  # nearly all of them
                self.waits = False
                continue
            if isinstance(event, Asked):
                self.waits = event.reply != ""
                self.exhausted = event.reply == "exhausted"
                continue
            if isinstance(event, (Started, Resumed, Retried)):
                self.began[event.trial] = event.at, not isinstance(event, Started)
                self.retried.pop(event.trial, None)
                if isinstance(event, Retried) and not event.lost:
                    self.retried[event.trial] = event.at
            # What a scheduler decides is no news to it.
            if not isinstance(event, Decided) or event.by == "user":
                self.waits = False
            if isinstance(event, Amended):
                self.exhausted = False


def last_drops(events: Sequence[Event]) -> list[int]:
    """Trials whose checkpoint was dropped in the last append, whoever resumed them since.

    The tuner may have ended between storing that and telling the backend. An append holds reports
    and ends first and asks last, so it begins at the earliest behind the last ask that such an
    event follows.
    """
    drops: list[int] = []
    happened = False
    for event in reversed(events):
        if isinstance(event, (Reported, ReportedBlock, Ended)):
            happened = True
        elif isinstance(event, Asked) and happened:
            break
        elif isinstance(event, Decided) and event.action == "drop_checkpoint":
            drops.append(event.trial)
    return drops
