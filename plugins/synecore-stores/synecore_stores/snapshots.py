"""Snapshots in the folder of a journal: `snapshot-<number of events>.json` and `.npz`."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from synecore.errors import StoreError
from synecore.protocols import Snapshot
from synecore.tuning.journal import load_state, save_state

logger = logging.getLogger(__name__)

KEPT = 2  # the newest, and one to fall back on when that is damaged
_NAME = re.compile(r"snapshot-(\d+)\.json")


class SnapshotFolder:
    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self._folder = folder
        self._durable = durable

    def save(self, snapshot: Snapshot) -> None:
        """Write a snapshot, then delete all but the newest two.

        Raises:
            StoreError: It could not be written; those before it are still there.
        """
        save_state(
            self._path(snapshot.n_events), snapshot.state, snapshot.n_events, durable=self._durable
        )
        try:
            for number in self._numbers()[KEPT:]:
                self._delete(number)
            for left_over in self._folder.glob(".snapshot-*.tmp"):  # of a writer that was killed
                left_over.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("an old snapshot could not be deleted: %s", error)

    def load(self, n_events: int) -> Snapshot | None:
        """Return the newest readable snapshot of at most `n_events` events, None without one."""
        for number in self._numbers():
            if number > n_events:
                logger.warning(
                    "%s covers %d events, but the journal holds %d: not used",
                    self._path(number),
                    number,
                    n_events,
                )
                continue
            try:
                return load_state(self._path(number))
            except StoreError as error:
                logger.warning("%s; going on with the one before it, if there is one", error)
        return None

    def drop_beyond(self, n_events: int) -> None:
        """Delete the snapshots of more than `n_events` events.

        They cover events that a crash of the machine took (with sync="none"). Were they kept, they
        would pass for snapshots of whatever is appended in place of those.

        Raises:
            StoreError: One could not be deleted.
        """
        for number in self._numbers():
            if number > n_events:
                logger.warning(
                    "%s covers %d events, but the journal holds %d: deleted",
                    self._path(number),
                    number,
                    n_events,
                )
                try:
                    self._delete(number)
                except OSError as error:
                    raise StoreError(
                        f"{self._path(number)} covers events that were lost and must be deleted "
                        f"before the journal goes on: {error}; delete it"
                    ) from error

    def _numbers(self) -> list[int]:
        """Numbers of events that snapshots are there for, the highest first."""
        names = (_NAME.fullmatch(path.name) for path in self._folder.glob("snapshot-*.json"))
        return sorted((int(name[1]) for name in names if name), reverse=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"snapshot-{number}.json"

    def _delete(self, number: int) -> None:
        self._path(number).unlink(missing_ok=True)
        self._path(number).with_suffix(".npz").unlink(missing_ok=True)
