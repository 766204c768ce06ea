"""Run recorded inputs through the scheduler again, and compare what it decides with the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
    Status,
)
from synecore.errors import ResumeMismatchError, SynecoreError
from synecore.tuning.engine import Engine


def replay(engine: Engine, events: Sequence[Event], first: int = 0) -> list[Event]:
    """Feed the inputs among `events` to the engine; return what it decides beyond the record's end.

    Inputs are asks, reports, ends, retries, amendments and decisions of the tuner or the user.
    Everything else on record must come out of the engine. Such a tail exists only where a
    scheduler failed in the middle of a tick. `first` is the number of the first event, for
    messages.

    Raises
    ------
    ResumeMismatchError
        at the first event that differs from the record.
    """
    position = 0
    while position < len(events):
        try:
            _feed(engine, events[position])
        except SynecoreError as error:
            raise ResumeMismatchError(
                f"event {first + position} of the journal cannot be repeated: {error}"
            ) from error
        decided, _ = engine.take()
        recorded = events[position : position + len(decided)]
        for offset, (now, then) in enumerate(zip(decided, recorded, strict=False)):
            if not _same(now, then):
                raise ResumeMismatchError(
                    f"event {first + position + offset} of the journal differs: "
                    f"recorded {_short(then)}, decided now {_short(now)}"
                )
        if len(recorded) < len(decided):
            return decided[len(recorded) :]
        position += len(decided)
    return []


def _feed(engine: Engine, event: Event) -> None:
    match event:
        case Asked():
            engine.ask(event.n, event.at)
        case Reported() | ReportedBlock():
            engine.report(event)
        case Ended():
            engine.ended(attrs.evolve(event, status=None))
        case Retried():
            engine.retry(event.trial, event.at, event.error, lost=event.lost)
        case Amended():
            engine.amend(event)
        case Decided(by="user" | "tuner") if event.action != "update":
            engine.decide(event.action, event.trial, event.at, by=event.by, why=event.why)
        case _:
            raise ResumeMismatchError(f"the scheduler does not decide {_short(event)} again")


def _same(a: Event, b: Event) -> bool:
    """Equal but for `why`, whose figures may differ in the last digit on another machine."""
    if a is b:  # an input
        return True
    if type(a) is not type(b):
        return False
    for field in attrs.fields(type(a)):
        if field.name in ("why", "error"):
            continue
        if not _equal(getattr(a, field.name), getattr(b, field.name)):
            return False
    return True


def _equal(a: Any, b: Any) -> bool:
    """Equality of values in and out of a journal: NaN is NaN, and a tuple is a list."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    return bool(a == b or (a != a and b != b))


def _short(event: Event) -> str:
    match event:
        case Started():
            return f"start of trial {event.trial} with {dict(event.config)}, until {event.until:g}"
        case Resumed():
            return f"resumption of trial {event.trial} until {event.until:g}"
        case Asked():
            return f"an ask for {event.n} answered {event.reply or 'with trials'!r}"
        case Decided():
            return f"'{event.action}' of trial {event.trial}"
        case Ended(status=Status() as status):
            return f"end of trial {event.trial}, {status.name.lower()}"
        case _:
            return f"{type(event).__name__} of trial {getattr(event, 'trial', '-')}"
