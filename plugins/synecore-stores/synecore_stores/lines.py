"""A journal file of lines, one a batch: {"first":12,"count":2,"events":[{…},{…}]}.

`first` is the number of the line's first event, `count` how many it holds. With them the end of a
file of any length is found by reading its last line, and any event by bisection.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import attrs

from synecore.actions import Event
from synecore.errors import StoreError
from synecore.tuning.journal import decode_batch, encode_batch

_HEAD = re.compile(rb'\{"first":(\d+),"count":(\d+),"events":')
_HEAD_SIZE = 80  # bytes, enough for any head
_NEAR = 1 << 16  # bytes: below this, reading line by line beats another seek


@attrs.frozen
class End:
    size: int  # bytes up to the end of the last whole line
    n_events: int
    torn: int  # bytes after it, of a line that was not written to its end


def format_line(first: int, events: Sequence[Event]) -> bytes:
    return b'{"first":%d,"count":%d,"events":%b}\n' % (first, len(events), encode_batch(events))


def find_end(file: BinaryIO, path: Path) -> End:
    """Find where the journal ends, from its last lines alone.

    Only the last line can be torn: each is written, and with sync="batch" synced, before the next.

    Raises:
        StoreError: The last whole line is not one of a journal.
    """
    size = file.seek(0, io.SEEK_END)
    end = _line_start(file, size)
    if 0 < end == size:
        begin = _line_start(file, end - 1)
        if not _is_json(_slice(file, begin, end)):
            end = begin  # its end reached the disk, something before it did not
    if end == 0:
        return End(0, 0, size)
    begin = _line_start(file, end - 1)
    line = _slice(file, begin, end)
    head = _HEAD.match(line)
    if head is None or not _is_json(line):
        raise damaged(path, begin, "it is not a batch of events")
    return End(end, int(head[1]) + int(head[2]), size - end)


def read_events(path: Path, start: int, end: int) -> Iterator[Event]:
    """Yield the events from number `start` on, of the first `end` bytes of the file.

    Raises:
        StoreError: A line is damaged, missing or there twice.
    """
    with open(path, "rb") as file:
        position = _find_line(file, start, end)
        expected = 0 if position == 0 else None
        while position < end:
            line = file.readline()
            head = _HEAD.match(line)
            if head is None or not line.endswith(b"}\n"):
                raise damaged(path, position, "it is not a batch of events")
            first, count = int(head[1]), int(head[2])
            if expected is not None and first != expected:
                raise damaged(
                    path,
                    position,
                    f"it begins with event {first}, where event {expected} is due",
                )
            expected = first + count
            if expected > start:
                try:
                    events = decode_batch(line[head.end() : -2])
                except StoreError as error:
                    raise damaged(path, position, str(error)) from error
                if len(events) != count:
                    raise damaged(path, position, f"it holds {len(events)} events, not {count}")
                yield from events[max(0, start - first) :]
            position += len(line)


def damaged(path: Path, position: int, reason: str) -> StoreError:
    """Return an error that names the line at byte `position` and says what to do."""
    with open(path, "rb") as file:
        number = 1 + sum(chunk.count(b"\n") for chunk in _chunks(file, position))
    return StoreError(
        f"{path}, line {number} is damaged: {reason}. Put back a copy of the file, or keep what "
        f"stands before it (head -n {number - 1} {path.name}) and resume from there"
    )


def _find_line(file: BinaryIO, start: int, end: int) -> int:
    """Move to the beginning of a line at or shortly before event `start`; return its position."""
    low, high = 0, end  # a line begins at low, and its first event is at most `start`
    while high - low > _NEAR:
        middle = (low + high) // 2
        file.seek(middle)
        begin = middle + len(file.readline())
        head = _HEAD.match(file.read(_HEAD_SIZE)) if begin < high else None
        if head is not None and int(head[1]) <= start:
            low = begin
        else:
            high = middle
    file.seek(low)
    return low


def _line_start(file: BinaryIO, end: int) -> int:
    """Return where the line begins that the byte before `end` belongs to."""
    while end > 0:
        begin = max(0, end - _NEAR)
        found = _slice(file, begin, end).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def _slice(file: BinaryIO, begin: int, end: int) -> bytes:
    file.seek(begin)
    return file.read(end - begin)


def _chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0 and (chunk := file.read(min(size, _NEAR))):
        size -= len(chunk)
        yield chunk


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
