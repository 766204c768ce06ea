"""What happened to trials, each in one line of words."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import attrs

from synecore.actions import Decided, Ended, Event, Resumed, Retried, Status
from synecore.tuning.explain import in_words

_VERBS = {"stop": "stops", "pause": "pauses", "fail": "fails", "update": "goes on"}
_STYLES = {"stop": "stopped", "pause": "paused", "fail": "failed", "update": "running"}


@attrs.frozen
class Line:
    """One decision or failure."""

    at: float  # seconds since the experiment's start
    trial: int
    text: str  # without the trial: 'stops: rank 7 of 9 at rung 3'
    style: str  # a status, in lower case


class LastDecisions:
    """Keeps the last events that decided on a trial, and puts them into words when asked."""

    def __init__(self, most: int) -> None:
        self._events: deque[Event] = deque(maxlen=most)

    def note(self, events: Sequence[Event]) -> None:
        self._events.extend(event for event in events if _tells(event))

    def lines(self, most: int) -> list[Line]:
        """The last `most`, oldest first."""
        events = list(self._events)
        return [_line(event) for event in (events[-most:] if most > 0 else [])]


def _tells(event: Event) -> bool:
    match event:
        case Decided(action="drop_checkpoint"):
            return False
        case Decided() | Resumed() | Retried():
            return True
        case Ended():
            return event.status is Status.FAILED
        case _:
            return False


def _line(event: Event) -> Line:
    match event:
        case Decided():
            verb = _VERBS[event.action]
            if event.action == "update" and event.milestone is not None:
                verb = f"goes on to {event.milestone:g}"
            by = "" if event.by == "scheduler" else f" by the {event.by}"
            return Line(event.at, event.trial, verb + by + _why(event), _STYLES[event.action])
        case Resumed():
            text = f"resumes, to run until {event.until:g}{_why(event)}"
            return Line(event.at, event.trial, text, "running")
        case Retried():
            text = f"is tried again, attempt {event.attempt}: {_last_line(event.error)}"
            return Line(event.at, event.trial, text, "failed")
        case Ended():
            return Line(event.at, event.trial, f"failed: {_last_line(event.error)}", "failed")
    raise TypeError(f"{event!r} decides nothing")


def _why(event: Decided | Resumed) -> str:
    return f": {in_words(event.why)}" if event.why else ""


def _last_line(error: str) -> str:
    """The line of a traceback that says what went wrong."""
    lines = error.strip().splitlines()
    return lines[-1].strip() if lines else "no message"
