"""Event files read back record by record, with the protocol buffers of tensorboardX."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import masked_crc32c


def records(path: Path) -> list[bytes]:
    """Return the records of a file, each with both its checksums checked."""
    content, found = path.read_bytes(), []
    while content:
        length, check = struct.unpack("<QI", content[:12])
        assert check == masked_crc32c(content[:8])
        data, rest = content[12 : 12 + length], content[12 + length :]
        assert rest[:4] == struct.pack("<I", masked_crc32c(data))
        found.append(data)
        content = rest[4:]
    return found


def read_runs(folder: Path) -> dict[str, list[Any]]:
    """Return run -> its events, without the first one, which says the version."""
    found = {}
    for path in sorted(folder.rglob("*tfevents*")):
        first, *others = map(Event.FromString, records(path))
        assert first.file_version == "brain.Event:2"
        assert path.parent.name not in found, "one file a run"
        found[path.parent.name] = others
    return found


def curves_of(events: list[Any]) -> dict[str, list[tuple[int, float]]]:
    """Return tag -> (step, value) of every scalar."""
    found: dict[str, list[tuple[int, float]]] = {}
    for event in events:
        for value in event.summary.value:
            if value.WhichOneof("value") == "simple_value":
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


@pytest.fixture
def runs_of() -> Callable[[Path], dict[str, list[Any]]]:
    return read_runs


@pytest.fixture
def curves() -> Callable[[list[Any]], dict[str, list[tuple[int, float]]]]:
    return curves_of


@pytest.fixture
def records_of() -> Callable[[Path], list[bytes]]:
    return records
