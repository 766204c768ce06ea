"""Commands to a running tuner from another terminal: small files in the experiment's folder.

A command is written to `commands/<id>.json` (under a temporary name first), the tuner carries it
out and writes `commands/<id>.reply`. Nothing listens on a port, and it works wherever the folder
is shared.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from synecore.errors import ExperimentError
from synecore.names import random_string
from synecore.tuning.lock import is_running

_FOLDER = "commands"
_LOOK_EVERY = 0.5  # seconds of real time between two looks


@attrs.frozen
class UserCommand:
    """What a user asks of a running tuner: stop, stop_trial, add."""

    do: str
    values: Mapping[str, Any]
    path: Path

    def reply(self, text: str, *, ok: bool = True) -> None:
        """Answer the one who asked, and forget the command."""
        _write(self.path.with_suffix(".reply"), {"ok": ok, "text": text})
        self.path.unlink(missing_ok=True)


class CommandBox:
    """The tuner's end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / _FOLDER
        self._next_look = 0.0

    def look(self) -> Iterator[UserCommand]:
        """New commands, oldest first; nothing at all most of the time."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_EVERY
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.glob("*.json")):
            try:
                values = json.loads(path.read_text(encoding="utf-8"))
                command = UserCommand(values.pop("do"), values, path)
            except (ValueError, KeyError, AttributeError, OSError) as error:
                UserCommand("", {}, path).reply(f"not a command: {error}", ok=False)
                continue
            yield command


def send(folder: Path, do: str, *, wait: float = 10.0, **values: Any) -> str:
    """Give a command to the tuner that runs in `folder` and return its reply.

    Raises ExperimentError if none runs there, if it refuses, or if it does not answer within
    `wait` seconds.
    """
    if not is_running(folder):
        raise ExperimentError(
            f"no tuner is running on experiment '{folder.name}'; "
            f"`synecore resume {folder.name}` starts one"
        )
    box = folder / _FOLDER
    box.mkdir(exist_ok=True)
    path = box / f"{time.time_ns()}-{random_string(6)}.json"
    _write(path, {"do": do, **values})
    answer = path.with_suffix(".reply")
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):
            reply = json.loads(answer.read_text(encoding="utf-8"))
            answer.unlink()
            if not reply["ok"]:
                raise ExperimentError(reply["text"])
            return str(reply["text"])
        time.sleep(0.05)
    path.unlink(missing_ok=True)
    raise ExperimentError(
        f"the tuner of '{folder.name}' did not answer within {wait:g} s; it may be busy "
        "with a decision"
    )


def _write(path: Path, values: Mapping[str, Any]) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(values), encoding="utf-8")
    os.replace(temporary, path)
