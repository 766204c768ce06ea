"""A trial's standard output, read as it grows."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synecore.report import TAG, parse_line
from synecore.unread import TAG as UNREAD_TAG
from synecore.unread import Unread, parse_unread

logger = logging.getLogger(__name__)

_TAG = TAG.encode()
_UNREAD_TAG = UNREAD_TAG.encode()
_CHUNK = 1 << 18  # bytes read at a time
_ROUND = 1 << 22  # bytes read before other trials get their turn
_TAIL = 1 << 16  # bytes in which to look for what a script says at its very end
LONGEST_LINE = 1 << 24  # bytes; what is longer is no report, whatever it says


class Output:
    """Reads the reports of one trial from the file that its process appends to.

    Nothing is read twice: `read` goes on where it stopped, over all starts of the trial.
    """

    def __init__(self, path: Path, trial: int) -> None:
        self.path = path
        self.trial = trial
        self.line = 0  # complete lines read
        self._offset = 0
        self._fd = -1
        self._partial: list[bytes] = []  # the beginning of a line whose end is not there yet
        self._partial_size = 0
        self._warned = False

    def open(self) -> None:
        self._fd = os.open(self.path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Output:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        return self._fd

    def read_all(self) -> list[Mapping[str, Any]]:
        """Return all reports there are, of a file that no process writes any more."""
        reports: list[Mapping[str, Any]] = []
        with self:
            more = True
            while more:
                found, more = self.read()
                reports += found
        return reports + self.finish()

    def skip(self) -> None:
        """Pass over what is there already."""
        while chunk := self._next_chunk():
            self.line += chunk.count(b"\n")

    def read(self) -> tuple[list[Mapping[str, Any]], bool]:
        """Return the reports of the lines completed since the last call, and if there is more."""
        reports: list[Mapping[str, Any]] = []
        start = self._offset
        while chunk := self._next_chunk():
            self._take(chunk, reports)
            if self._offset - start >= _ROUND:
                return reports, True
        return reports, False

    def finish(self) -> list[Mapping[str, Any]]:
        """Return the report in the last line, where the process ended without a line break."""
        line = b"".join(self._partial)
        self._partial, self._partial_size = [], 0
        reports: list[Mapping[str, Any]] = []
        if _TAG in line:
            self._parse(line, self.line + 1, reports)
        return reports

    def unread(self) -> Unread | None:
        """Return what an ended script said it never read of its configuration; None if nothing.

        It is looked for once and at the end, so that reading reports costs no more for it.
        """
        tail = os.pread(self._fd, _TAIL, max(self._offset - _TAIL, 0))
        _, tag, text = tail.rpartition(_UNREAD_TAG)
        return parse_unread(tag + text.partition(b"\n")[0])

    def _next_chunk(self) -> bytes:
        chunk = os.pread(self._fd, _CHUNK, self._offset)
        if not chunk and os.fstat(self._fd).st_size < self._offset:
            self._offset = 0  # someone emptied the file
            chunk = os.pread(self._fd, _CHUNK, 0)
        self._offset += len(chunk)
        return chunk

    def _take(self, chunk: bytes, reports: list[Mapping[str, Any]]) -> None:
        end = chunk.rfind(b"\n") + 1
        if end:
            block = b"".join((*self._partial, chunk[:end]))
            self._partial, self._partial_size = [], 0
            if _TAG in block:
                for number, line in enumerate(block[:-1].split(b"\n"), self.line + 1):
                    if _TAG in line:
                        self._parse(line, number, reports)
            self.line += block.count(b"\n")
        rest = chunk[end:]
        if rest and self._partial_size <= LONGEST_LINE:  # of a longer line, the rest is not kept
            self._partial.append(rest)
            self._partial_size += len(rest)

    def _parse(self, line: bytes, number: int, reports: list[Mapping[str, Any]]) -> None:
        metrics = parse_line(line) if len(line) <= LONGEST_LINE else None
        if metrics is not None:
            reports.append(metrics)
        elif not self._warned and line.lstrip().startswith(_TAG):
            self._warned = True
            logger.warning(
                "trial %d: line %d of %s begins like a report but cannot be read as one: %.200r. "
                "It is passed over, and so are further ones of this trial. A report is one line, "
                '[tune-metric]: {"name": value, ...}, in JSON.',
                self.trial, number, self.path, line.decode("utf-8", "replace"),
            )  # fmt: skip
