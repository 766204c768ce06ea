"""The sqlite store's own file: its tables, its settings, and what damage looks like."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from synecore.actions import Asked, Reported
from synecore.errors import StoreError


@pytest.fixture
def make(make_kind: Any) -> Any:
    return lambda folder, **options: make_kind("sqlite", folder, **options)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def run_sql(journal: Path, *statements: str) -> list[Any]:
    with closing(sqlite3.connect(journal)) as connection:
        rows: list[Any] = []
        for statement in statements:
            rows = connection.execute(statement).fetchall()
        connection.commit()
        return rows


def times(events: Any) -> list[float]:
    return [event.at for event in events]


def test_a_row_holds_a_batch_and_where_it_stands(journal: Path, make: Any) -> None:
    store = make(journal.parent)
    store.append([Asked(at=0.0, n=1)])
    store.append([Reported(at=1.0, trial=0, metrics={"loss": 0.5}), Asked(at=1.0, n=1)])
    assert run_sql(journal, "select * from batches") == [
        (0, 1, '[{"e":"asked","at":0.0,"n":1}]'),
        (
            1,
            2,
            '[{"e":"reported","at":1.0,"trial":0,"metrics":{"loss":0.5}},'
            '{"e":"asked","at":1.0,"n":1}]',
        ),
    ]
    assert run_sql(journal, "pragma journal_mode") == [("wal",)]
    assert run_sql(journal, "pragma integrity_check") == [("ok",)]


@pytest.mark.parametrize(("sync", "level"), [("batch", 2), ("none", 1)])
def test_the_disk_is_waited_for_only_with_sync_batch(
    journal: Path, make: Any, sync: str, level: int
) -> None:
    store = make(journal.parent, sync=sync)
    assert store._connection.execute("pragma synchronous").fetchone() == (level,)


def test_closing_leaves_one_file(journal: Path, make: Any, batch: Any) -> None:
    store = make(journal.parent)
    store.append(batch(0, 3))
    store.close()
    assert [path.name for path in journal.parent.iterdir()] == ["journal.sqlite"]
    assert times(make(journal.parent, mode="r").events()) == [0, 1, 2]


def test_a_torn_log_leaves_whole_batches(tmp_path: Path, make: Any, batch: Any) -> None:
    store = make(tmp_path / "live")
    for n in (1, 2, 3):
        store.append(batch(store.n_events, n))
    main = (tmp_path / "live" / "journal.sqlite").read_bytes()
    log = (tmp_path / "live" / "journal.sqlite-wal").read_bytes()
    found = set()
    for size in (*range(0, len(log), 251), len(log)):
        crashed = tmp_path / f"crashed-{size}"
        crashed.mkdir()
        (crashed / "journal.sqlite").write_bytes(main)
        (crashed / "journal.sqlite-wal").write_bytes(log[:size])
        store = make(crashed)
        found.add(store.n_events)
        assert times(store.events()) == list(range(store.n_events))
        store.append(batch(store.n_events, 2))
        assert times(store.events()) == list(range(store.n_events))
        store.close()
    assert found == {0, 1, 3, 6}


def test_a_file_of_something_else_is_left_alone(journal: Path, make: Any) -> None:
    journal.write_text("a text file, and not a short one\n" * 100)
    for mode in ("a", "r"):
        with pytest.raises(
            StoreError, match=r"journal\.sqlite cannot be opened: file is not a database; the file"
        ):
            make(journal.parent, mode=mode)
    assert journal.read_text().startswith("a text file")
    journal.unlink()
    run_sql(journal, "create table mine (x)")
    for mode in ("a", "r"):
        with pytest.raises(StoreError, match="is a SQLite database of something else, not a jour"):
            make(journal.parent, mode=mode)
    assert run_sql(journal, "select name from sqlite_master") == [("mine",)]


def test_an_empty_file_becomes_a_journal(journal: Path, make: Any, batch: Any) -> None:
    journal.touch()
    with pytest.raises(StoreError, match="is empty: nothing was ever stored in it"):
        make(journal.parent, mode="r")
    make(journal.parent).append(batch(0))
    assert times(make(journal.parent, mode="r").events()) == [0]


def test_a_newer_format_is_refused(journal: Path, make: Any) -> None:
    make(journal.parent).close()
    run_sql(journal, "pragma user_version=2")
    with pytest.raises(StoreError, match="is of format 2, written by a newer synecore-stores"):
        make(journal.parent)


def test_a_damaged_page_is_an_error_that_says_what_to_do(
    journal: Path, make: Any, batch: Any
) -> None:
    store = make(journal.parent)
    for _ in range(50):
        store.append(batch(store.n_events, 2, "x" * 500))
    store.close()
    data = bytearray(journal.read_bytes())
    data[4096 * 5 : 4096 * 6] = b"\xff" * 4096
    journal.write_bytes(data)
    with pytest.raises(StoreError, match=r"cannot be read: .*malformed; the file is damaged: put"):
        list(make(journal.parent).events())


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (
            "delete from batches where first = 1",
            "event 1 is damaged: event 3 follows where event 1",
        ),
        (
            "update batches set count = 3 where first = 1",
            "event 1 is damaged: it holds 2 events, n",
        ),
        ("update batches set events = '[{' where first = 1", "event 1 is damaged: not a line of J"),
        (
            "delete from batches where first = 0",
            "event 0 is damaged: event 1 follows where event 0",
        ),
    ],
)
def test_a_damaged_batch_is_named(
    journal: Path, make: Any, batch: Any, statement: str, reason: str
) -> None:
    store = make(journal.parent)
    for n in (1, 2, 3):
        store.append(batch(store.n_events, n))
    store.close()
    run_sql(journal, statement)
    with pytest.raises(StoreError, match=reason) as caught:
        list(make(journal.parent).events())
    assert "Put back a copy of the file, or delete what follows (sqlite3" in str(caught.value)


def test_a_locked_database_is_an_error(
    journal: Path, make: Any, batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synecore_stores.sqlite._WAIT", 0.05)
    store = make(journal.parent)
    store.append(batch(0))
    with closing(sqlite3.connect(journal)) as other:
        other.execute("begin immediate")
        with pytest.raises(StoreError, match="database is locked; another process writes to it"):
            store.append(batch(1))
        other.rollback()
    store.append(batch(1))
    assert times(store.events()) == [0, 1]


def test_a_full_database_takes_the_batch_later(journal: Path, make: Any, batch: Any) -> None:
    store = make(journal.parent)
    store.append(batch(0))
    store._connection.execute("pragma max_page_count=4")
    with pytest.raises(StoreError, match="database or disk is full; free some space on its disk"):
        store.append(batch(1, 3, "x" * 50_000))
    store._connection.execute("pragma max_page_count=100000")
    store.append(batch(1, 3, "x" * 50_000))
    assert times(store.events()) == [0, 1, 2, 3]


def test_a_reader_does_not_hold_up_the_writer(journal: Path, make: Any, batch: Any) -> None:
    store = make(journal.parent)
    store.append(batch(0, 2))
    reading = make(journal.parent, mode="r").events()
    assert next(reading).at == 0
    store.append(batch(2))
    store._connection.execute("pragma busy_timeout=0")
    blocked, _, _ = store._connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    assert blocked == 0
    assert times(reading) == [1]


def test_the_file_names_itself(journal: Path, make: Any) -> None:
    make(journal.parent).close()
    assert journal.read_bytes()[68:72] == b"SYNE"
    assert subprocess.run(
        ["head", "-c", "15", journal], capture_output=True, check=True
    ).stdout == (b"SQLite format 3")
