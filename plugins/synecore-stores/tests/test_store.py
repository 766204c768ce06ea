"""What both stores do alike."""

from __future__ import annotations

import itertools
import json
import logging
import math
import os
import random
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synecore.actions import Asked, Decided, Ended, Reported, ReportedBlock, Started, Status
from synecore.errors import StoreError
from synecore.protocols import Snapshot

WRITER = Path(__file__).with_name("writer.py")
FILES = {"jsonl": "journal.jsonl", "sqlite": "journal.sqlite"}


def times(events: Any) -> list[float]:
    return [event.at for event in events]


def check_whole_batches(events: Any) -> int:
    """Check that these are events 0, 1, 2 … in whole batches, as writer.py stores them."""
    n = 0
    left = 0
    for event in events:
        assert event.at == n
        assert event.metrics["i"] == (0 if left == 0 else event.metrics["of"] - left)
        left = (left or event.metrics["of"]) - 1
        n += 1
    assert left == 0
    return n


def test_what_was_appended_is_read(tmp_path: Path, make: Any) -> None:
    events = [
        Asked(at=0.0, n=1),
        Started(at=0.0, trial=0, config={"lr": 0.1, "s": "NaN"}, until=math.inf, milestone=1.0),
        Reported(at=1.0, trial=0, metrics={"loss": math.inf, "epoch": 1}),
        Decided(at=1.0, trial=0, action="stop", why={"rank": 3}),
        Ended(at=2.0, trial=0, exit="killed", status=Status.STOPPED),
    ]
    store = make(tmp_path)
    store.append(events[:2])
    store.append([])
    store.append(events[2:])
    assert store.n_events == 5
    assert list(store.events()) == events
    assert list(store.events()) == events
    store.close()
    again = make(tmp_path)
    assert again.n_events == 5
    assert list(again.events()) == events


def test_blocks_of_reports_come_back(tmp_path: Path, make: Any) -> None:
    store = make(tmp_path)
    store.append([ReportedBlock(trial=1, at=np.array([1.0, 2.0]), metrics={"loss": [1.0, 2.0]})])
    (block,) = store.events()
    assert block.at.tolist() == [1.0, 2.0]
    assert block.metrics == {"loss": [1.0, 2.0]}


def test_a_new_store_is_empty(tmp_path: Path, make: Any) -> None:
    store = make(tmp_path / "a" / "b")
    assert store.n_events == 0
    assert list(store.events()) == []
    assert store.load_snapshot() is None


@pytest.mark.parametrize("sync", ["batch", "none"])
def test_reads_from_any_event_on(tmp_path: Path, make: Any, batch: Any, sync: str) -> None:
    store = make(tmp_path, sync=sync)
    for n in itertools.islice(itertools.cycle([1, 3, 2]), 30):
        store.append(batch(store.n_events, n))
    assert store.n_events == 60
    for start in range(63):
        assert times(store.events(start)) == list(range(start, 60))


def test_finds_events_far_into_a_long_journal(tmp_path: Path, make: Any, batch: Any) -> None:
    store = make(tmp_path, sync="none")
    rng = random.Random(1)
    while store.n_events < 3000:
        n = rng.choice([1, 1, 4, 20])
        store.append(batch(store.n_events, n, "x" * rng.choice([0, 100, 3000])))
    total = store.n_events
    for start in [0, 1, 2, total - 1, total, *(rng.randrange(total) for _ in range(60))]:
        assert times(itertools.islice(store.events(start), 25)) == list(
            range(start, min(total, start + 25))
        )


def test_reading_sees_what_was_stored_when_it_began(tmp_path: Path, make: Any, batch: Any) -> None:
    store = make(tmp_path)
    store.append(batch(0, 3))
    reading = store.events()
    assert next(reading).at == 0
    store.append(batch(3, 2))
    assert times(reading) == [1, 2]
    assert times(store.events()) == [0, 1, 2, 3, 4]


def test_reading_needs_little_memory(tmp_path: Path, make: Any, batch: Any) -> None:
    store = make(tmp_path, sync="none")
    for _ in range(200):
        store.append(batch(store.n_events, 4, "x" * 10_000))
    tracemalloc.start()
    try:
        assert sum(1 for _ in store.events()) == 800
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) > 8_000_000
    assert peak < 2_000_000


def test_two_readers_follow_a_writer(tmp_path: Path, make: Any, batch: Any) -> None:
    writer = make(tmp_path)
    readers = [make(tmp_path, mode="r"), make(tmp_path, mode="r")]
    for n in (1, 2, 3):
        writer.append(batch(writer.n_events, n))
        for reader in readers:
            assert times(reader.events()) == list(range(writer.n_events))
    writer.close()
    assert times(readers[0].events(4)) == [4, 5]
    readers[0].close()
    assert times(readers[1].events(5)) == [5]


def test_a_reader_writes_nothing(tmp_path: Path, make: Any, batch: Any) -> None:
    make(tmp_path).append(batch(0))
    reader = make(tmp_path, mode="r")
    assert reader.n_events == 1
    for act in (
        lambda: reader.append(batch(1)),
        lambda: reader.save_snapshot(Snapshot(n_events=1, state={})),
    ):
        with pytest.raises(StoreError, match="was opened for reading; open it with mode='a'"):
            act()


def test_a_reader_of_nothing_says_where_it_looked(tmp_path: Path, make: Any, kind: str) -> None:
    with pytest.raises(StoreError) as caught:
        make(tmp_path / "missing", mode="r")
    assert str(caught.value) == (
        f"there is no journal to read at {tmp_path / 'missing' / FILES[kind]}; "
        "give the folder of an experiment that was started with this store"
    )
    assert not (tmp_path / "missing").exists()


def test_a_closed_store_says_so(tmp_path: Path, make: Any, batch: Any) -> None:
    store = make(tmp_path)
    store.append(batch(0))
    store.close()
    store.close()
    snapshot = Snapshot(n_events=0, state={})
    for act in (
        lambda: store.append(batch(1)),
        lambda: store.events(),
        lambda: store.save_snapshot(snapshot),
        lambda: store.load_snapshot(),
    ):
        with pytest.raises(StoreError, match="the store is closed; make a new one"):
            act()


def test_a_negative_start_is_refused(tmp_path: Path, make: Any) -> None:
    with pytest.raises(StoreError, match="events are counted from 0, 'start' is -1"):
        make(tmp_path).events(-1)


def test_a_batch_with_a_bad_event_stores_nothing(tmp_path: Path, make: Any, batch: Any) -> None:
    store = make(tmp_path)
    with pytest.raises(
        StoreError, match=r"Reported of trial 9: metrics\['x'\] is \{1\} of type set"
    ):
        store.append([*batch(0, 2), Reported(at=0.0, trial=9, metrics={"x": {1}})])
    store.append(batch(0, 2))
    assert times(store.events()) == [0, 1]


def test_a_second_writer_is_noticed(tmp_path: Path, make: Any, batch: Any) -> None:
    first, second = make(tmp_path), make(tmp_path)
    first.append(batch(0, 2))
    with pytest.raises(StoreError, match="Only one tuner may use an experiment's folder at a time"):
        second.append(batch(0, 1))
    first.append(batch(2))
    assert times(first.events()) == [0, 1, 2]


def test_paths_with_strange_names_work(tmp_path: Path, make: Any, batch: Any) -> None:
    folder = tmp_path / "50% ?#:ü x"
    make(folder).append(batch(0))
    assert times(make(folder, mode="r").events()) == [0]


# ---- failures ----------------------------------------------------------------------------


def test_a_full_disk_loses_nothing_that_was_stored(
    little_room: Path, make: Any, kind: str, batch: Any
) -> None:
    store = make(little_room)
    message = ""
    while not message:
        try:
            store.append(batch(store.n_events, 3, "x" * 5000))
        except StoreError as error:
            message = str(error)
    assert FILES[kind] in message
    assert any(
        words in message for words in ("No space left", "File too large", "full", "disk I/O")
    )
    stored = store.n_events
    assert stored >= 15
    assert check_whole_batches(store.events()) == stored
    with pytest.raises(StoreError):
        store.append(batch(stored, 3, "x" * 300_000))
    assert check_whole_batches(store.events()) == stored
    assert check_whole_batches(make(little_room, mode="r").events()) == stored


def test_after_a_full_disk_the_same_batch_can_be_stored(
    little_room: Path, make: Any, batch: Any
) -> None:
    ballast = little_room / "ballast"
    ballast.write_bytes(b"x" * (300 * 1024))
    store = make(little_room)
    store.append(batch(0, 2))
    failing = batch(2, 2, "x" * 600_000)
    with pytest.raises(StoreError):
        store.append(failing)
    ballast.unlink()
    store.append(batch(2, 2))
    store.close()
    again = make(little_room)
    assert check_whole_batches(again.events()) == again.n_events == 4


def test_a_full_disk_spares_the_snapshot_before(little_room: Path, make: Any, batch: Any) -> None:
    store = make(little_room)
    store.append(batch(0, 2))
    store.save_snapshot(Snapshot(n_events=1, state={"n": 1}))
    with pytest.raises(StoreError, match=r"snapshot-2\.json could not be written"):
        store.save_snapshot(Snapshot(n_events=2, state={"x": np.zeros(100_000)}))
    snapshot = store.load_snapshot()
    assert snapshot.state == {"n": 1}
    assert sorted(p.name for p in little_room.glob("*snapshot*")) == ["snapshot-1.json"]


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path, make: Any) -> None:
    (tmp_path / "folder").write_text("")
    with pytest.raises(StoreError) as caught:
        make(tmp_path / "folder")
    assert str(caught.value) == (
        f"the folder {tmp_path / 'folder'} for a journal cannot be made: File exists; "
        "a file stands where the folder should be; choose another folder"
    )
    with pytest.raises(StoreError, match="Not a directory; a file stands where a folder should be"):
        make(tmp_path / "folder" / "below")


def test_a_folder_in_place_of_the_journal_is_an_error(tmp_path: Path, make: Any, kind: str) -> None:
    (tmp_path / FILES[kind]).mkdir()
    with pytest.raises(StoreError, match=rf"{FILES[kind]} cannot be opened.*choose another"):
        make(tmp_path)
    with pytest.raises(StoreError, match="no journal to read"):
        make(tmp_path, mode="r")


def test_a_read_only_folder_is_an_error(
    open_folder: Path, make: Any, make_read_only: Any, kind: str
) -> None:
    folder = open_folder / "experiment"
    folder.mkdir()
    make_read_only(folder)
    with pytest.raises(
        StoreError, match=rf"experiment/{FILES[kind]} cannot be opened.*choose another (folder|one)"
    ):
        make(folder)
    with pytest.raises(
        StoreError, match="below for a journal cannot be made: Permission denied; m"
    ):
        make(folder / "below")


def test_a_read_only_experiment_can_be_read(
    open_folder: Path, make: Any, make_read_only: Any, kind: str, batch: Any
) -> None:
    folder = open_folder / "experiment"
    store = make(folder)
    store.append(batch(0, 3))
    store.save_snapshot(Snapshot(n_events=3, state={"x": np.arange(3)}))
    store.load_snapshot()  # imports what nobody may not read where root has its own interpreter
    store.close()
    for path in folder.iterdir():
        path.chmod(0o444)
    make_read_only(folder)
    reader = make(folder, mode="r")
    assert reader.n_events == 3
    assert times(reader.events()) == [0, 1, 2]
    assert reader.load_snapshot().state["x"].tolist() == [0, 1, 2]
    with pytest.raises(StoreError, match=rf"{FILES[kind]} cannot be opened"):
        make(folder)


@pytest.mark.parametrize("sync", ["batch", "none"])
def test_a_killed_writer_loses_nothing_it_said_was_stored(
    tmp_path: Path, make: Any, kind: str, sync: str, caplog: pytest.LogCaptureFixture
) -> None:
    rng = random.Random(7)
    for round_ in range(5):
        command = [sys.executable, str(WRITER), kind, str(tmp_path), sync, str(round_)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            acknowledged = 0
            for _ in range(rng.randrange(1, 40)):
                acknowledged = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            acknowledged = max([acknowledged, *map(int, process.stdout.read().split())])
        assert process.returncode == -signal.SIGKILL
        before = make(tmp_path, mode="r")
        assert check_whole_batches(before.events()) >= acknowledged
        before.close()
        store = make(tmp_path)
        stored = check_whole_batches(store.events())
        assert store.n_events == stored >= acknowledged
        snapshot = store.load_snapshot()
        if snapshot is not None:
            assert snapshot.state["n"] == snapshot.n_events <= stored
            assert len(snapshot.state["rows"]) == snapshot.n_events
        store.close()


def test_readers_never_see_part_of_a_batch(tmp_path: Path, make: Any, kind: str) -> None:
    make(tmp_path).close()
    command = [sys.executable, str(WRITER), kind, str(tmp_path), "none", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seen = 0
        for _ in range(30):
            reader = make(tmp_path, mode="r")
            found = check_whole_batches(reader.events())
            assert found >= seen
            seen = found
            reader.close()
            os.read(process.stdout.fileno(), 1 << 16)  # it waits when nobody reads
            if seen > 400:
                break
        process.kill()
    assert seen > 1


# ---- snapshots ---------------------------------------------------------------------------


def test_the_newest_two_snapshots_are_kept(tmp_path: Path, make: Any, batch: Any) -> None:
    store = make(tmp_path)
    (tmp_path / ".snapshot-3.json.123.tmp").write_text("of a writer that was killed")
    for n in range(1, 13):
        store.append(batch(n - 1))
        store.save_snapshot(Snapshot(n_events=n, state={"x": np.arange(n)}))
    assert sorted(path.name for path in tmp_path.glob("*snapshot*")) == [
        "snapshot-11.json",
        "snapshot-11.npz",
        "snapshot-12.json",
        "snapshot-12.npz",
    ]
    snapshot = store.load_snapshot()
    assert snapshot.n_events == 12
    assert snapshot.state["x"].tolist() == list(range(12))


def test_a_snapshot_can_be_written_again(tmp_path: Path, make: Any, batch: Any) -> None:
    store = make(tmp_path)
    store.append(batch(0, 5))
    for value in (1, 2):
        store.save_snapshot(Snapshot(n_events=5, state={"x": np.full(3, value)}))
    assert store.load_snapshot().state["x"].tolist() == [2, 2, 2]


@pytest.mark.parametrize("ending", ["json", "npz"])
def test_a_corrupt_snapshot_is_passed_over(
    tmp_path: Path, make: Any, batch: Any, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = make(tmp_path)
    store.append(batch(0, 9))
    for n in (4, 9):
        store.save_snapshot(Snapshot(n_events=n, state={"x": np.arange(n)}))
    path = tmp_path / f"snapshot-9.{ending}"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with caplog.at_level(logging.WARNING):
        assert store.load_snapshot().n_events == 4
    assert "snapshot-9.json cannot be read" in caplog.text
    assert "damaged" in caplog.text
    (tmp_path / "snapshot-4.json").write_text("")
    assert store.load_snapshot() is None


def test_a_snapshot_beyond_the_journal_is_refused(tmp_path: Path, make: Any, batch: Any) -> None:
    store = make(tmp_path)
    store.append(batch(0, 2))
    with pytest.raises(StoreError, match="a snapshot of 3 events was given, but 2 are stored"):
        store.save_snapshot(Snapshot(n_events=3, state={}))


def test_a_snapshot_of_lost_events_does_not_return(
    tmp_path: Path, make: Any, kind: str, batch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    store = make(tmp_path)
    store.append(batch(0, 2))
    store.save_snapshot(Snapshot(n_events=2, state={"of": "kept"}))
    store.append(batch(2, 3))
    store.save_snapshot(Snapshot(n_events=5, state={"of": "lost"}))
    store.close()
    _forget_last_batch(tmp_path, kind)
    reader = make(tmp_path, mode="r")
    assert reader.load_snapshot().state == {"of": "kept"}
    with caplog.at_level(logging.WARNING):
        store = make(tmp_path)
    assert "snapshot-5.json covers 5 events, but the journal holds 2: deleted" in caplog.text
    store.append(batch(2, 4))
    assert store.load_snapshot().state == {"of": "kept"}


def _forget_last_batch(folder: Path, kind: str) -> None:
    """Leave the journal as a crash of the machine might, with sync="none"."""
    path = folder / FILES[kind]
    if kind == "jsonl":
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:-1]))
        return
    import sqlite3

    connection = sqlite3.connect(path)
    connection.execute("delete from batches where first = (select max(first) from batches)")
    connection.commit()
    connection.close()


def test_the_files_are_json_without_pickles(tmp_path: Path, make: Any, batch: Any) -> None:
    store = make(tmp_path)
    store.append(batch(0, 2))
    store.save_snapshot(Snapshot(n_events=2, state={"x": np.arange(3), "nan": math.nan}))
    json.loads((tmp_path / "snapshot-2.json").read_text(), parse_constant=pytest.fail)
    with np.load(tmp_path / "snapshot-2.npz", allow_pickle=False) as arrays:
        assert [array.tolist() for array in arrays.values()] == [[0, 1, 2]]
