"""Conformance of result stores.

class TestMine(StoreSuite):
    @pytest.fixture
    def make(self):
        return lambda folder: make_store("mine", folder=folder)
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np
import pytest

from synecore.actions import Event, Reported
from synecore.errors import StoreError
from synecore.protocols import ResultStore, Snapshot
from synecore.testing.equality import difference
from synecore.testing.suites.killed import in_a_killed_process, snapshot_on, write_on
from synecore.testing.suites.options import OptionSuite
from synecore.testing.suites.samples import one_of_each, reports, state

MakeStore: TypeAlias = Callable[[Path], ResultStore]  # opens the store of a folder, or makes it


class StoreSuite(OptionSuite):
    """Every check of section 13 for a result store.

    Attributes:
        outlives_processes: Whether what a process wrote is there when it is gone.
    """

    outlives_processes: ClassVar[bool] = True

    @pytest.fixture
    def make(self) -> MakeStore:
        raise NotImplementedError(
            f"{type(self).__name__} needs a fixture `make` that returns a function of a folder "
            "which opens the store in it"
        )

    @pytest.fixture
    def reader(self, make: MakeStore) -> MakeStore:
        """Opens the store of a folder beside the one that writes; override where that differs."""
        return make

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Where the store under test lies."""
        return tmp_path

    @pytest.fixture
    def component(self, make: MakeStore, folder: Path) -> Any:
        return make(folder)

    def tear(self, folder: Path) -> bool:
        """Cut the end off the journal, as a crash of the machine may; False where none can be cut.

        The default cuts files that end in ".jsonl". A store of other files overrides this.
        """
        journals = sorted(folder.rglob("*.jsonl"))
        for path in journals:
            os.truncate(path, path.stat().st_size - 9)
        return bool(journals)

    # ---- events ---------------------------------------------------------------------------

    def test_what_was_appended_is_read(self, make: MakeStore, folder: Path) -> None:
        store = make(folder)
        for event in one_of_each():
            store.append([event])
        assert difference(one_of_each(), list(store.events()), "events") == ""
        store.close()

    def test_a_reopened_store_goes_on(self, make: MakeStore, folder: Path) -> None:
        for batch in range(3):
            store = make(folder)
            store.append(reports(batch))
            store.close()
        read = read_all(make, folder)
        assert difference([e for b in range(3) for e in reports(b)], read, "events") == ""

    def test_reads_from_a_number_on(self, make: MakeStore, folder: Path) -> None:
        store = make(folder)
        store.append(reports(0))
        store.append(reports(1))
        both = [*reports(0), *reports(1)]
        for start in range(len(both) + 2):
            assert difference(both[start:], list(store.events(start)), f"from {start}") == ""
        store.close()

    def test_an_empty_store_has_nothing(self, make: MakeStore, folder: Path) -> None:
        store = make(folder)
        store.append([])
        assert list(store.events()) == []
        assert store.load_snapshot() is None
        store.close()

    def test_a_batch_is_stored_whole_or_not_at_all(self, make: MakeStore, folder: Path) -> None:
        store = make(folder)
        store.append(reports(0))
        unwritable = Reported(at=1.0, trial=0, metrics={"loss": object()})
        with pytest.raises(StoreError):
            store.append([*reports(1), unwritable])
        assert difference(reports(0), list(store.events()), "events") == ""
        store.append(reports(2))
        store.close()
        expected = [*reports(0), *reports(2)]
        assert difference(expected, read_all(make, folder), "events") == ""

    def test_what_is_read_is_nobody_elses(self, make: MakeStore, folder: Path) -> None:
        store = make(folder)
        metrics = {"loss": 1.0}
        store.append([Reported(at=0.0, trial=0, metrics=metrics)])
        metrics["loss"] = 2.0
        (first,) = store.events()
        assert isinstance(first, Reported)
        assert first.metrics == {"loss": 1.0}
        store.close()

    # ---- readers and crashes --------------------------------------------------------------

    def test_two_readers_see_all_that_was_written(
        self, make: MakeStore, reader: MakeStore, folder: Path
    ) -> None:
        writer = make(folder)
        writer.append(reports(0))
        one, two = reader(folder), reader(folder)
        half = one.events()
        next(half)
        writer.append(reports(1))
        both = [*reports(0), *reports(1)]
        assert difference(both, list(two.events()), "events of the second reader") == ""
        rest = list(half)[: len(reports(0)) - 1]
        assert difference(reports(0)[1:], rest, "a reading begun") == ""
        assert difference(both, list(one.events()), "events of the first reader") == ""
        for store in (one, two, writer):
            store.close()

    def test_a_torn_last_line_is_dropped_and_not_fatal(self, make: MakeStore, folder: Path) -> None:
        store = make(folder)
        for batch in range(3):
            store.append(reports(batch))
        store.close()
        torn = self.tear(folder)
        kept = [e for batch in range(2 if torn else 3) for e in reports(batch)]
        assert difference(kept, read_all(make, folder), "events after the crash") == ""
        store = make(folder)
        store.append(reports(7))
        assert difference([*kept, *reports(7)], list(store.events()), "events") == ""
        store.close()

    def test_a_killed_writer_leaves_whole_batches(self, make: MakeStore, folder: Path) -> None:
        make(folder).close()
        written = in_a_killed_process(lambda: write_on(make(folder)))
        read = read_all(make, folder)
        size = len(reports(0))
        whole, rest = divmod(len(read), size)
        assert rest == 0, "half a batch is on record"
        expected = [event for batch in range(whole) for event in reports(batch)]
        assert difference(expected, read, "events") == ""
        if self.outlives_processes:
            assert whole >= written, "a batch whose append had returned is lost"

    # ---- snapshots ------------------------------------------------------------------------

    def test_the_newest_snapshot_is_loaded(self, make: MakeStore, folder: Path) -> None:
        store = make(folder)
        for batch in range(4):
            store.append(reports(batch))
        for n_events in (2, 5, 11):
            store.save_snapshot(Snapshot(n_events=n_events, state=state(n_events)))
            loaded = store.load_snapshot()
            assert loaded is not None
            assert loaded.n_events == n_events
            assert difference(state(n_events), loaded.state, "the state") == ""
        store.close()
        store = make(folder)
        assert difference(state(11), snapshot_of(store).state, "the state") == ""
        store.close()

    def test_a_snapshot_is_not_the_writers_any_more(self, make: MakeStore, folder: Path) -> None:
        store = make(folder)
        store.append(reports(0))
        given: dict[str, Any] = {"rungs": [1, 2], "rows": np.zeros(2)}
        store.save_snapshot(Snapshot(n_events=1, state=given))
        given["rungs"].append(3)
        given["rows"][0] = 9.0
        expected = {"rungs": [1, 2], "rows": np.zeros(2)}
        assert difference(expected, snapshot_of(store).state, "the state") == ""
        store.close()

    def test_a_snapshot_is_atomic(self, make: MakeStore, folder: Path) -> None:
        store = make(folder)
        store.save_snapshot(Snapshot(n_events=0, state=state(0)))
        store.close()
        written = in_a_killed_process(lambda: snapshot_on(make(folder)))
        store = make(folder)
        loaded = snapshot_of(store)
        assert difference(state(loaded.n_events), loaded.state, "the state") == ""
        if self.outlives_processes:
            assert loaded.n_events >= written, "a snapshot whose saving had returned is lost"
        store.close()

    def test_a_spoilt_snapshot_is_not_fatal(self, make: MakeStore, folder: Path) -> None:
        store = make(folder)
        store.append(reports(0))
        for n_events in (1, 2):
            store.save_snapshot(Snapshot(n_events=n_events, state=state(n_events)))
        store.close()
        for path in sorted(folder.rglob("snapshot-2*")):
            os.truncate(path, path.stat().st_size // 2)
        store = make(folder)
        loaded = store.load_snapshot()
        if loaded is not None:
            assert difference(state(loaded.n_events), loaded.state, "the state") == ""
        assert difference(reports(0), list(store.events()), "events") == ""
        store.close()

    def test_what_cannot_be_stored_is_refused_by_its_place(
        self, make: MakeStore, folder: Path
    ) -> None:
        store = make(folder)
        store.append(reports(0))
        with pytest.raises(StoreError, match="culprit"):
            store.save_snapshot(Snapshot(n_events=1, state={"culprit": object()}))
        assert store.load_snapshot() is None
        store.close()

    def test_may_be_closed_twice(self, make: MakeStore, folder: Path) -> None:
        store = make(folder)
        store.close()
        store.close()


def read_all(make: MakeStore, folder: Path) -> list[Event]:
    store = make(folder)
    events = list(store.events())
    store.close()
    return events


def snapshot_of(store: ResultStore) -> Snapshot:
    snapshot = store.load_snapshot()
    assert snapshot is not None, "no snapshot could be loaded"
    return snapshot
