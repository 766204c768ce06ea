"""What the journal holds of a run, as far as the loop needs to know it."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from synecore.actions import Amended, Asked, Decided, Event, Reported, Resumed, Retried, Started


@attrs.define
class Record:
    """Counts stored events, and remembers when each trial last began and what the last ask gave."""

    n_events: int = 0
    began: dict[int, tuple[float, bool]] = attrs.field(
        factory=dict
    )  # since when, whether it went on
    owed: list[Event] = attrs.field(
        factory=list
    )  # decided in a tick that failed, still to be stored
    waits: bool = False  # the scheduler had nothing to start, and nothing happened since
    exhausted: bool = False  # it never will have, unless the problem is amended

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
            # What a scheduler decides is no news to it.
            if not isinstance(event, Decided) or event.by == "user":
                self.waits = False
            if isinstance(event, Amended):
                self.exhausted = False
