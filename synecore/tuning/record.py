"""What the journal holds of a run, as far as the loop needs to know it."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from synecore.actions import Event, Resumed, Retried, Started


@attrs.define
class Record:
    """Counts stored events and remembers when each trial last began."""

    n_events: int = 0
    began: dict[int, tuple[float, bool]] = attrs.field(
        factory=dict
    )  # since when, whether it went on
    owed: list[Event] = attrs.field(
        factory=list
    )  # decided in a tick that failed, still to be stored

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            self.n_events += 1
            if isinstance(event, (Started, Resumed, Retried)):
                self.began[event.trial] = event.at, not isinstance(event, Started)
