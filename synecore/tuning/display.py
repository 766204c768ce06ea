"""Progress for people: plain lines here, a live display from a plugin."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Sequence
from typing import Any, Protocol

from synecore.actions import Event
from synecore.errors import OptionError, SynecoreError
from synecore.plugins.hookspecs import ExperimentView

logger = logging.getLogger(__name__)

_VARIABLE = "SYNECORE_DISPLAY"


class Display(Protocol):
    """Shows a run. `refresh` is called after every wait, several times a second at most."""

    def experiment_start(self, experiment: ExperimentView) -> None: ...
    def events(self, experiment: ExperimentView, events: Sequence[Event]) -> None: ...
    def refresh(self, experiment: ExperimentView) -> None: ...
    def experiment_end(self, experiment: ExperimentView, reason: str) -> None: ...


class PlainDisplay:
    """One line every `interval` seconds, on standard error."""

    def __init__(self, interval: float = 30.0) -> None:
        self._interval = interval
        self._next = 0.0

    def experiment_start(self, experiment: ExperimentView) -> None:
        self._say(f"{experiment.name}: results in {experiment.folder}")
        self._next = time.monotonic() + self._interval

    def events(self, experiment: ExperimentView, events: Sequence[Event]) -> None:
        pass

    def refresh(self, experiment: ExperimentView) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._interval
            self._say(experiment.status.summary())

    def experiment_end(self, experiment: ExperimentView, reason: str) -> None:
        self._say(f"{experiment.status.summary()}\n{experiment.name} ended: {reason}")

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


class NoDisplay:
    """For simulation, studies and tests."""

    def experiment_start(self, experiment: ExperimentView) -> None:
        pass

    def events(self, experiment: ExperimentView, events: Sequence[Event]) -> None:
        pass

    def refresh(self, experiment: ExperimentView) -> None:
        pass

    def experiment_end(self, experiment: ExperimentView, reason: str) -> None:
        pass


def choose_display(wanted: str | Display, interval: float) -> Display:
    """'auto' is the live display on a terminal, if one is installed, and plain lines elsewhere.

    SYNECORE_DISPLAY overrides 'auto'.
    """
    if not isinstance(wanted, str):
        return wanted
    if wanted == "auto":
        wanted = os.environ.get(_VARIABLE, "auto")
    if wanted == "none":
        return NoDisplay()
    if wanted == "plain":
        return PlainDisplay(interval)
    from synecore.plugins.make import make

    if wanted == "auto":
        if not sys.stderr.isatty():
            return PlainDisplay(interval)
        try:
            display: Any = make("display", "rich")
        except (SynecoreError, ImportError) as error:
            logger.debug("no live display: %s", error)
            return PlainDisplay(interval)
        return display  # type: ignore[no-any-return]
    try:
        return make("display", wanted)  # type: ignore[no-any-return]
    except LookupError as error:
        raise OptionError(f"display {wanted!r}: {error}; or use auto, plain, none") from error
