"""One event file of TensorBoard, to which records are appended.

A record is its length (8 bytes, little endian), a checksum of these, the data, a checksum of the
data; the first one of a file says its version. What was cut short is cut off when the file is
opened again, and the records that follow are those that are missing.
"""

from __future__ import annotations

import os
import struct
from functools import cache, lru_cache
from pathlib import Path

_HEAD = struct.Struct("<QI")
_CHECK = struct.Struct("<I")
_POLYNOMIAL = 0x82F63B78  # of CRC-32C (Castagnoli), bits reversed: RFC 3720, appendix B.4
_MASK = 0xA282EAD8  # added to a rotated checksum, so that checksums of checksums do not agree
_WORD = 0xFFFFFFFF
FILE_NAME = "events.out.tfevents.synecore"  # TensorBoard looks for "tfevents" in a name


class EventFile:
    """Appends records to the event file of a folder, which is made where it is missing.

    It is open only while it is written to: there may be thousands of them.

    Args:
        folder: A run in TensorBoard's words.
        version: The record that a new file begins with.

    Attributes:
        n_held: Records found in the file, without the first one.

    Raises:
        OSError: if the file cannot be read or written.
    """

    def __init__(self, folder: Path, version: bytes) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / FILE_NAME
        self._waiting: list[bytes] = []
        count = _mend(self._path)
        if count == 0:
            self.add(version)
        self.n_held = max(count - 1, 0)

    def add(self, data: bytes) -> None:
        """Append a record; it is in the file after `flush`."""
        self._waiting.append(frame(data))

    def flush(self) -> None:
        """Write what waits. It is not synced: a killed process loses nothing, a machine might."""
        if not self._waiting:
            return
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            rest = memoryview(b"".join(self._waiting))
            self._waiting.clear()
            while rest:  # more than once only where the disk cuts a write short
                rest = rest[os.write(handle, rest) :]
        finally:
            os.close(handle)


def frame(data: bytes) -> bytes:
    """Return data as a record."""
    return b"".join((_head(len(data)), data, _CHECK.pack(checksum(data))))


@lru_cache(maxsize=1024)
def _head(length: int) -> bytes:
    """Nearly all records of a file have one of a few lengths."""
    size = length.to_bytes(8, "little")
    return size + _CHECK.pack(checksum(size))


def checksum(data: bytes) -> int:
    """Return the masked CRC-32C of data."""
    single, double = _tables()
    value = _WORD
    for word in struct.unpack_from(f"<{len(data) >> 1}H", data):
        value = double[(value ^ word) & 0xFFFF] ^ (value >> 16)
    if len(data) & 1:
        value = single[(value ^ data[-1]) & 0xFF] ^ (value >> 8)
    value ^= _WORD
    return (((value >> 15) | (value << 17)) + _MASK) & _WORD


@cache
def _tables() -> tuple[list[int], list[int]]:
    """Remainders of every byte, and of every two bytes: two a step take half the time of one."""
    single = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        single.append(value)
    double = []
    for pair in range(1 << 16):
        value = single[pair & 0xFF] ^ (pair >> 8)
        double.append(single[value & 0xFF] ^ (value >> 8))
    return single, double


def _mend(path: Path) -> int:
    """Return how many whole records a file has, after cutting off what follows them."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return 0
    count = end = 0
    while end + _HEAD.size <= len(content):
        length, check = _HEAD.unpack_from(content, end)
        following = end + _HEAD.size + length + _CHECK.size
        if following > len(content) or check != checksum(content[end : end + 8]):
            break
        count, end = count + 1, following
    if end < len(content):
        os.truncate(path, end)
    return count
