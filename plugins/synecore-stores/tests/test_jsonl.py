"""The jsonl store's own file: torn lines, damaged lines, writes that fail half-way."""

from __future__ import annotations

import errno
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from synecore.actions import Asked, Ended, Reported, Started, Status
from synecore.errors import StoreError
from synecore.tuning.journal import encode_batch


@pytest.fixture
def make(make_kind: Any) -> Any:
    return lambda folder, **options: make_kind("jsonl", folder, **options)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def times(events: Any) -> list[float]:
    return [event.at for event in events]


def test_a_line_holds_a_batch_and_where_it_stands(journal: Path, make: Any) -> None:
    store = make(journal.parent)
    store.append([Asked(at=0.0, n=1, reply="wait")])
    batch = [
        Reported(at=1.0, trial=0, metrics={"loss": 0.5}),
        Ended(at=2.0, trial=0, exit="ok", status=Status.COMPLETED),
    ]
    store.append(batch)
    assert journal.read_bytes() == (
        b'{"first":0,"count":1,"events":[{"e":"asked","at":0.0,"n":1,"reply":"wait"}]}\n'
        b'{"first":1,"count":2,"events":' + encode_batch(batch) + b"}\n"
    )


@pytest.mark.parametrize("left", ["cut", "zeros", "foreign"])
def test_a_batch_torn_at_any_byte_is_dropped(
    journal: Path, make: Any, batch: Any, left: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = make(journal.parent, sync="none")
    store.append(batch(0, 2))
    whole = journal.stat().st_size
    store.append([Started(at=2.0, trial=1, config={"ü": "NaN"}, until=9.0, milestone=1.0)])
    store.append(batch(3))  # so that cutting also meets the end of a line before the last
    store.close()
    good = journal.read_bytes()
    second = good.index(b"\n", whole) + 1
    # With its last byte kept, a line is damaged and not torn; two of those are an error.
    for size in range(second if left == "foreign" else whole, len(good) - (left == "foreign")):
        rest = len(good) - size
        after = {"cut": b"", "zeros": b"\x00" * rest, "foreign": b"\xff" * (rest - 1) + b"\n"}[left]
        journal.write_bytes(good[:size] + after)
        kept = 2 if size < second else 3
        torn = size + len(after) - (whole if kept == 2 else second)
        caplog.clear()
        reader = make(journal.parent, mode="r")
        assert reader.n_events == kept
        assert times(reader.events()) == list(range(kept))
        assert caplog.records == []
        with caplog.at_level(logging.WARNING):
            store = make(journal.parent, sync="none")
        if torn:
            assert f"cut off {torn} bytes at its end" in caplog.text
            assert f"{kept} events are on record" in caplog.text
        else:
            assert caplog.records == []
        assert store.n_events == kept
        store.append(batch(kept, 2))
        assert times(store.events()) == list(range(kept + 2))
        store.close()
        assert journal.read_bytes().count(b"\n") == kept


def test_a_file_with_nothing_but_a_torn_batch_is_emptied(
    journal: Path, make: Any, batch: Any
) -> None:
    for text in (b"{", b'{"first":0,"count":1,"events":[{"e":"rep', b"\x00\x00", b"{}garbage\n"):
        journal.write_bytes(text)
        store = make(journal.parent)
        assert store.n_events == 0
        assert journal.read_bytes() == b""
        store.append(batch(0))
        assert times(store.events()) == [0]
        store.close()


def test_a_torn_batch_longer_than_what_is_read_at_a_time_is_dropped(
    journal: Path, make: Any, batch: Any
) -> None:
    store = make(journal.parent)
    store.append(batch(0, 2, "x" * 300_000))
    store.append(batch(2, 2, "x" * 300_000))
    store.close()
    os.truncate(journal, journal.stat().st_size - 1)
    store = make(journal.parent)
    assert times(store.events()) == [0, 1]


def test_a_reader_leaves_a_torn_batch_in_place(journal: Path, make: Any, batch: Any) -> None:
    store = make(journal.parent)
    store.append(batch(0))
    with journal.open("ab") as file:
        file.write(b'{"first":1,')
    assert times(make(journal.parent, mode="r").events()) == [0]
    assert journal.read_bytes().endswith(b'{"first":1,')


# ---- damage that is not a torn end -------------------------------------------------------


def damaged(journal: Path, make: Any, batch: Any, old: bytes, new: bytes) -> Any:
    store = make(journal.parent)
    for n in (1, 2, 3):
        store.append(batch(store.n_events, n))
    store.close()
    data = journal.read_bytes()
    assert data.count(old) == 1
    journal.write_bytes(data.replace(old, new))
    return make(journal.parent)


def test_a_damaged_line_is_named_with_what_to_do(journal: Path, make: Any, batch: Any) -> None:
    store = damaged(journal, make, batch, b'"at":2.0', b'"at":2.0"')
    assert store.n_events == 6
    events = store.events()
    assert next(events).at == 0
    with pytest.raises(StoreError) as caught:
        next(events)
    message = str(caught.value)
    assert message.startswith(f"{journal}, line 2 is damaged: not a line of JSON (")
    assert message.endswith(
        ". Put back a copy of the file, or keep what stands before it "
        "(head -n 1 journal.jsonl) and resume from there"
    )


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            b'{"first":1,',
            b'{"first":2,',
            "line 2 is damaged: it begins with event 2, where event 1",
        ),
        (b'{"first":1,"count":2,', b"garbage", "line 2 is damaged: it is not a batch of events"),
        (b'"count":2,', b'"count":3,', "line 2 is damaged: it holds 2 events, not 3"),
        (b'{"e":"reported","at":1.0,', b'{"e":"rumoured","at":1.0,', "line 2 .* kind 'rumoured'"),
        (b'{"first":1,', b'\n{"first":1,', "line 2 is damaged: it is not a batch of events"),
    ],
)
def test_every_kind_of_damage_is_found(
    journal: Path, make: Any, batch: Any, old: bytes, new: bytes, reason: str
) -> None:
    store = damaged(journal, make, batch, old, new)
    with pytest.raises(StoreError, match=reason):
        list(store.events())


def test_a_missing_and_a_doubled_line_are_found(journal: Path, make: Any, batch: Any) -> None:
    store = make(journal.parent)
    for n in range(4):
        store.append(batch(n))
    lines = journal.read_bytes().splitlines(keepends=True)
    for order, reason in (
        ([0, 2, 3], "line 2 is damaged: it begins with event 2, where event 1 is due"),
        ([1, 2, 3], "line 1 is damaged: it begins with event 1, where event 0 is due"),
        ([0, 1, 1, 2, 3], "line 3 is damaged: it begins with event 1, where event 2 is due"),
    ):
        journal.write_bytes(b"".join(lines[i] for i in order))
        with pytest.raises(StoreError, match=reason):
            list(make(journal.parent).events())


def test_a_long_journal_is_opened_and_entered_without_being_read(
    journal: Path, make: Any, batch: Any
) -> None:
    store = make(journal.parent, sync="none")
    for _ in range(2000):
        store.append(batch(store.n_events, 2, "x" * 100))
    store.close()
    data = bytearray(journal.read_bytes())
    third = len(data) // 3
    data[third : third + 2000] = b"?" * 2000
    journal.write_bytes(data)
    store = make(journal.parent)
    assert store.n_events == 4000
    assert times(store.events(3990)) == list(range(3990, 4000))
    line = data[:third].count(b"\n") + 1
    with pytest.raises(StoreError, match=rf"journal\.jsonl, line {line} is damaged"):
        list(store.events())


@pytest.mark.parametrize("text", ['{"some": "thing"}\n', "[1, 2]\n", "5\n"])
def test_a_file_of_something_else_is_left_alone(journal: Path, make: Any, text: str) -> None:
    journal.write_text(text)
    for mode in ("a", "r"):
        with pytest.raises(StoreError, match="line 1 is damaged: it is not a batch of events"):
            make(journal.parent, mode=mode)
    assert journal.read_text() == text


# ---- writes that fail --------------------------------------------------------------------


def failing_write(monkeypatch: pytest.MonkeyPatch, written: int, number: int) -> None:
    """Let `os.write` write so many bytes, then fail."""
    real = os.write
    room = written

    def write(handle: int, data: Any) -> int:
        nonlocal room
        part = bytes(data)[:room]
        if not part:
            raise OSError(number, os.strerror(number))
        room -= len(part)
        return real(handle, part)

    monkeypatch.setattr("os.write", write)


@pytest.mark.parametrize("written", [0, 1, 40, 100])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_write_cut_short_is_taken_back(
    journal: Path, make: Any, batch: Any, monkeypatch: pytest.MonkeyPatch, written: int, number: int
) -> None:
    store = make(journal.parent)
    store.append(batch(0, 2))
    good = journal.read_bytes()
    with monkeypatch.context() as patch:
        failing_write(patch, written, number)
        with pytest.raises(StoreError, match=os.strerror(number)):
            store.append(batch(2, 2))
    assert journal.read_bytes() == good
    store.append(batch(2, 2))
    assert times(store.events()) == [0, 1, 2, 3]


def test_the_message_of_a_full_disk(
    journal: Path, make: Any, batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make(journal.parent)
    store.append(batch(0, 5))
    failing_write(monkeypatch, 10, errno.ENOSPC)
    with pytest.raises(StoreError) as caught:
        store.append(batch(5, 2))
    assert str(caught.value) == (
        f"2 events could not be stored in {journal}: No space left on device; free some space on "
        "its disk and store again. The 5 events before are unharmed"
    )


def test_a_short_write_without_an_error_is_finished(
    journal: Path, make: Any, batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr("os.write", lambda handle, data: real(handle, bytes(data)[:7]))
    store = make(journal.parent)
    store.append(batch(0, 2))
    store.append(batch(2, 1))
    assert times(store.events()) == [0, 1, 2]


def test_what_cannot_be_taken_back_at_once_is_before_the_next_batch(
    journal: Path, make: Any, batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(handle: int, size: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    store = make(journal.parent)
    store.append(batch(0, 2))
    with monkeypatch.context() as patch:
        failing_write(patch, 30, errno.ENOSPC)
        patch.setattr("os.ftruncate", broken)
        for _ in range(2):
            with pytest.raises(StoreError):
                store.append(batch(2, 2))
        assert times(store.events()) == [0, 1]
        assert times(make(journal.parent, mode="r").events()) == [0, 1]
    store.append(batch(2, 1))
    assert times(store.events()) == [0, 1, 2]
    json.loads(journal.read_bytes().splitlines()[-1])


def test_an_interrupt_stores_all_or_nothing(
    journal: Path, make: Any, batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make(journal.parent)
    store.append(batch(0))

    def interrupted(handle: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.fdatasync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.append(batch(1, 2))
    assert times(store.events()) == [0]
    store.append(batch(1))
    assert times(store.events()) == [0, 1]


def test_a_batch_is_synced_before_append_returns(
    journal: Path, make: Any, batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real = os.fdatasync

    def count(handle: int) -> None:
        real(handle)
        synced.append(os.fstat(handle).st_size)

    monkeypatch.setattr("os.fdatasync", count)
    store = make(journal.parent)
    for n in (1, 2):
        store.append(batch(store.n_events, n))
        assert synced[-1] == journal.stat().st_size
    assert len(synced) == 2
    other = make(journal.parent / "unsynced", sync="none")
    other.append(batch(0))
    assert len(synced) == 2


def test_a_deleted_journal_is_noticed(journal: Path, make: Any, batch: Any) -> None:
    store = make(journal.parent)
    store.append(batch(0))
    journal.unlink()
    with pytest.raises(StoreError, match="was deleted or replaced while in use"):
        store.append(batch(1))
    with pytest.raises(StoreError, match=r"journal\.jsonl cannot be read: No such file or dir"):
        list(store.events())


def test_a_journal_changed_by_others_is_left_alone(journal: Path, make: Any, batch: Any) -> None:
    store = make(journal.parent)
    store.append(batch(0))
    with journal.open("ab") as file:
        file.write(b"note of mine\n")
    changed = journal.read_bytes()
    with pytest.raises(StoreError, match="was changed by somebody else: it has 1"):
        store.append(batch(1))
    assert journal.read_bytes() == changed
