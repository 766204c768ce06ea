"""What was told to runs of Weights & Biases, noted in the experiment's folder.

wandb has a run's file complete when the run is finished, not sooner: of one that was open when its
process was killed, anything may be missing. So what counts is what was told to a run when it was
finished. The files of one that was not are set aside, and what they should hold is told again.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

NAME = "synecore.jsonl"  # a line a run that begins or is finished
ASIDE = "unfinished-"  # before the name of a folder; `wandb sync` passes it over


class Notes:
    """Lines in a file, written at once.

    Args:
        folder: Where wandb's folders are; made where it is missing.

    Attributes:
        held: Run -> how often it was told something until it was last finished.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        path = folder / NAME
        self.held: Counter[str] = Counter()
        for unfinished in self._read(path):
            if unfinished.startswith("offline-run-") and (folder / unfinished).is_dir():
                (folder / unfinished).rename(folder / f"{ASIDE}{unfinished}")
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)

    def begins(self, run: str, folder: str) -> None:
        """A run writes to a folder from now on."""
        self._write({"run": run, "begins": folder})

    def finished(self, run: str, told: int) -> None:
        """A run is finished, and was told something `told` times since it first began."""
        self._write({"run": run, "told": told})

    def close(self) -> None:
        os.close(self._handle)

    def _write(self, note: dict[str, str | int]) -> None:
        os.write(self._handle, f"{json.dumps(note)}\n".encode())

    def _read(self, path: Path) -> list[str]:
        """Take in what was told, and return the folders of runs that were not finished."""
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return []
        end = text.rfind(b"\n") + 1
        if end < len(text):  # a line that was cut short
            os.truncate(path, end)
        begun: dict[str, str] = {}
        for line in text[:end].splitlines():
            note = json.loads(line)
            if "begins" in note:
                begun[note["run"]] = note["begins"]
            else:
                self.held[note["run"]] = note["told"]
                begun.pop(note["run"], None)
        return list(begun.values())
