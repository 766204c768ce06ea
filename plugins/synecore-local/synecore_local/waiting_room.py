"""Trials that have been asked for and cannot begin yet."""

from __future__ import annotations

import math
import time

import attrs

from synecore.protocols import Job

from .checkpoint_copy import CheckpointCopy
from .place import Place, Places
from .processes import group_has_gone

_LOOK = 0.02  # seconds between looks at what a trial waits for
_PATIENCE = 2.0  # seconds for processes that were killed to let go of their devices


@attrs.frozen
class Waiting:
    job: Job
    copy: CheckpointCopy | None  # of the checkpoint that it starts from


@attrs.frozen
class _Leaving:
    """A place whose trial has ended, but for some of its processes."""

    place: Place
    group: int
    until: float  # on the system's monotonic clock; later, the place is free in any case


class WaitingRoom:
    """Lets trials begin in order, each as soon as there is a place for it and its checkpoint."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._waiting: dict[int, Waiting] = {}  # in order
        self._leaving: list[_Leaving] = []

    def attempt_of(self, trial: int) -> int | None:
        """Return which attempt of a trial waits; None if it does not wait."""
        waiting = self._waiting.get(trial)
        return None if waiting is None else waiting.job.attempt

    def add(self, waiting: Waiting) -> None:
        self._waiting[waiting.job.trial] = waiting

    def remove(self, trial: int) -> bool:
        """Let a trial wait no more; return False if it did not wait."""
        waiting = self._waiting.pop(trial, None)
        if waiting is not None and waiting.copy is not None:
            waiting.copy.abandon()
        return waiting is not None

    def clear(self) -> None:
        for trial in list(self._waiting):
            self.remove(trial)

    def copied(self, donor: int) -> None:
        """Return once no copy of this trial's checkpoint is being made."""
        for waiting in self._waiting.values():
            if waiting.copy is not None and waiting.job.checkpoint_of == donor:
                waiting.copy.wait()

    def next(self) -> tuple[Waiting, Place] | None:
        """Return the trial that can begin now, and its place; it waits no more."""
        waiting = next((w for w in self._waiting.values() if _is_ready(w)), None)
        if waiting is None:
            return None
        self._see_off()
        place = self._places.take()
        if place is None:
            return None
        del self._waiting[waiting.job.trial]
        return waiting, place

    def leave(self, place: Place, group: int | None = None) -> None:
        """A trial has ended that had this place, with its process group, if it had begun.

        Its GPUs are free when no process is left in the group, since each may hold memory there.
        """
        if place.devices and group is not None and not group_has_gone(group):
            self._leaving.append(_Leaving(place, group, time.monotonic() + _PATIENCE))
        else:
            self._places.give_back(place)

    def _see_off(self) -> None:
        now = time.monotonic()
        for leaving in self._leaving[:]:
            if now >= leaving.until or group_has_gone(leaving.group):
                self._leaving.remove(leaving)
                self._places.give_back(leaving.place)

    def next_look(self) -> float:
        """Return when to ask for the next trial again, should no other trial end before."""
        if self._waiting and (
            self._leaving or any(not _is_ready(w) for w in self._waiting.values())
        ):
            return time.monotonic() + _LOOK
        return math.inf


def _is_ready(waiting: Waiting) -> bool:
    return waiting.copy is None or waiting.copy.is_done()
