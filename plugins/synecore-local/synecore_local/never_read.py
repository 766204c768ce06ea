"""Warnings about what trials were given and never read."""

from __future__ import annotations

import logging

from synecore.errors import did_you_mean
from synecore.unread import Unread

logger = logging.getLogger(__name__)


class NeverRead:
    """Warns of each name once in an experiment."""

    def __init__(self) -> None:
        self._warned: set[str] = set()

    def note(self, trial: int, said: Unread | None) -> None:
        """Warn of names that no trial before this one has told of.

        Args:
            trial: Which trial it is.
            said: What its script said at its normal end, if anything.
        """
        if said is None:
            return
        names = [name for name in said.unread if name not in self._warned]
        if not names:
            return
        self._warned.update(names)
        logger.warning(
            "trial %d never read %s of its configuration, so what is set there has no effect%s "
            "Give both the same name, in the configuration space and in the script. If the script "
            "uses it in some configurations only, a condition in the space saves useless trials. "
            "Further trials that say the same are not mentioned.",
            trial, ", ".join(map(repr, names)), _instead(names, said.takes),
        )  # fmt: skip


def _instead(names: list[str], takes: list[str]) -> str:
    """Say what the script would have taken."""
    if not takes:
        return "."
    guesses = (did_you_mean(name, takes) for name in names)
    guess = next((guess for guess in guesses if guess), ".")
    return f"; the script takes {', '.join(map(repr, takes))}, which it was not given{guess}"
