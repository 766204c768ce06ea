"""A scheduler remembers its trials, so that one object serves one experiment."""

from __future__ import annotations

import weakref

from synecore.errors import ExperimentError

_CLAIMED: dict[int, tuple[weakref.ref[object], str]] = {}  # id of a scheduler -> itself, experiment


def refuse_claimed(scheduler: object) -> None:
    """Raise ExperimentError if an experiment began with this scheduler.

    That happens when a notebook's cell with the tuner runs again but not the one with the
    scheduler.
    """
    held = _CLAIMED.get(id(scheduler))
    if held is not None and held[0]() is scheduler:
        raise ExperimentError(
            f"this scheduler has run '{held[1]}' already and remembers its trials; make another "
            f"one for a new experiment, or go on with Tuner.resume({held[1]!r})"
        )


def claim(scheduler: object, name: str) -> None:
    """Note that an experiment begins with this scheduler."""
    key = id(scheduler)
    try:
        _CLAIMED[key] = weakref.ref(scheduler, lambda _: _CLAIMED.pop(key, None)), name
    except TypeError:
        return  # an object with slots that cannot be followed
