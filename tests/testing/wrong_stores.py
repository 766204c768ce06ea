"""Stores that are wrong in one way each, and one that is right; run by test_store_suite.py."""

from __future__ import annotations

import copy

import pytest

from synecore.testing.fakes import MemoryDisk, MemoryStore
from synecore.testing.suites.store import StoreSuite
from synecore.tuning.journal import decode_batch, encode_batch


class Base(StoreSuite):
    outlives_processes = False
    store = MemoryStore

    @pytest.fixture
    def make(self):
        disks = {}
        return lambda folder: self.store(disks.setdefault(folder, MemoryDisk()))


class TestRight(Base):
    pass


class LosesTheLastEvent(MemoryStore):
    def events(self, start=0):
        kept = list(super().events(start))
        yield from kept[:-1] if len(kept) > 3 else kept


class TestLosesTheLastEvent(Base):
    store = LosesTheLastEvent


class RoundsNumbers(MemoryStore):
    def append(self, events):
        super().append(events)
        for written in self._disk.events:
            if isinstance(written.get("at"), float):
                written["at"] = round(written["at"], 6)


class TestRoundsNumbers(Base):
    store = RoundsNumbers


class ForgetsWhenReopened(MemoryStore):
    def __init__(self, disk):
        disk.events.clear()
        super().__init__(disk)


class TestForgetsWhenReopened(Base):
    store = ForgetsWhenReopened


class IgnoresStart(MemoryStore):
    def events(self, start=0):
        return super().events(0)


class TestIgnoresStart(Base):
    store = IgnoresStart


class StoresHalfABatch(MemoryStore):
    def append(self, events):
        for event in events:
            super().append([event])


class TestStoresHalfABatch(Base):
    store = StoresHalfABatch


class LoadsTheFirstSnapshot(MemoryStore):
    def save_snapshot(self, snapshot):
        if self._disk.snapshot is None:
            super().save_snapshot(snapshot)


class TestLoadsTheFirstSnapshot(Base):
    store = LoadsTheFirstSnapshot


class KeepsTheWritersSnapshot(MemoryStore):
    def save_snapshot(self, snapshot):
        super().save_snapshot(snapshot)
        self._disk.snapshot = snapshot


class TestKeepsTheWritersSnapshot(Base):
    store = KeepsTheWritersSnapshot


class TakesAnySnapshot(MemoryStore):
    def save_snapshot(self, snapshot):
        self._check_open()
        self._disk.snapshot = copy.deepcopy(snapshot)


class TestTakesAnySnapshot(Base):
    store = TakesAnySnapshot


class ReadsOnlyWhatWasThereWhenOpened(MemoryStore):
    def __init__(self, disk):
        super().__init__(disk)
        self._seen = len(disk.events)
        self._writes = False

    def append(self, events):
        self._writes = True
        super().append(events)

    def events(self, start=0):
        every = list(super().events(start))
        return iter(every if self._writes else every[: self._seen - start])


class TestReadsOnlyWhatWasThereWhenOpened(Base):
    store = ReadsOnlyWhatWasThereWhenOpened


class FileStore(MemoryStore):
    """One line a batch in a file; a torn line is dropped before it goes on."""

    tidy = True

    def __init__(self, folder):
        super().__init__()
        self.path = folder / "journal.jsonl"
        self.path.touch()
        if self.tidy:
            self.path.write_bytes(b"".join(self._whole()))

    def _whole(self):
        return [line for line in self.path.read_bytes().splitlines(True) if line.endswith(b"\n")]

    def append(self, events):
        if events:
            line = encode_batch(events) + b"\n"
            with open(self.path, "ab") as file:
                file.write(line)

    def events(self, start=0):
        lines = self._whole() if self.tidy else self.path.read_bytes().splitlines()
        yield from [event for line in lines for event in decode_batch(line)][start:]


class FileBase(StoreSuite):
    store = FileStore

    @pytest.fixture
    def make(self):
        return self.store


class TestFileRight(FileBase):
    """Right but for the snapshots, which it keeps in memory."""


class FailsOnATornLine(FileStore):
    tidy = False


class TestFailsOnATornLine(FileBase):
    store = FailsOnATornLine


class WritesABatchEventByEvent(FileStore):
    def append(self, events):
        for event in events:
            super().append([event])


class TestWritesABatchEventByEvent(FileBase):
    store = WritesABatchEventByEvent


class WritesLate(FileStore):
    """Keeps a hundred batches in memory."""

    def __init__(self, folder):
        super().__init__(folder)
        self.held = []

    def append(self, events):
        self.held.append(events)
        if len(self.held) > 100:
            self.flush()

    def flush(self):
        for events in self.held:
            super().append(events)
        self.held = []

    def events(self, start=0):
        self.flush()
        return super().events(start)

    def close(self):
        self.flush()


class TestWritesLate(FileBase):
    store = WritesLate
