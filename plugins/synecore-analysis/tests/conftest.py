"""Experiments written by hand, event by event, and a terminal to run programs in."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from synecore.actions import Decided, Ended, Event, Reported, Resumed, Started, Status
from synecore.plugins import ExperimentView
from synecore.plugins.make import make_store
from synecore.problem import Problem
from synecore.space import choice, loguniform, randint
from synecore.trials import TrialTable
from synecore.tuning.status import TuningStatus

SPACE = {"lr": loguniform(1e-4, 1.0), "width": randint(2, 64), "act": choice(["relu", "tanh"])}
CREATED = 1_700_000_000.0


class Journal:
    """A run that is written down as it should have happened; each call takes one second."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.events: list[Event] = []
        self.now = 0.0
        self.n_trials = 0

    def start(self, **config: Any) -> int:
        trial, self.n_trials = self.n_trials, self.n_trials + 1
        defaults = {"lr": 0.1, "width": 8, "act": "relu"}
        self._add(
            Started(at=self.now, trial=trial, config={**defaults, **config}, until=27, milestone=1)
        )
        return trial

    def report(self, trial: int, epoch: int, loss: Any, **metrics: Any) -> None:
        name = self.problem.objectives[0].name
        self.now += 1.0
        self._add(
            Reported(at=self.now, trial=trial, metrics={"epoch": epoch, name: loss, **metrics})
        )

    def end(self, trial: int, status: Status = Status.COMPLETED, error: str = "") -> None:
        words = {Status.STOPPED: "stop", Status.PAUSED: "pause"}
        if status in words:
            why = {"rung": 1, "rank": 2, "of": 2, "cutoff": 0.4, "value": 0.5}
            self._add(Decided(at=self.now, trial=trial, action=words[status], why=why))
        exits = {Status.COMPLETED: "ok", Status.FAILED: "failed"}
        self._add(
            Ended(at=self.now, trial=trial, exit=exits.get(status, "killed"), status=status,
                  error=error)
        )  # fmt: skip

    def resume(self, trial: int) -> None:
        self._add(Resumed(at=self.now, trial=trial, until=27, milestone=9))

    def _add(self, event: Any) -> None:
        self.events.append(event)

    def status(self) -> TuningStatus:
        """The table and status that a tuner would have now."""
        status = TuningStatus(TrialTable(self.problem))
        for event in self.events:
            status.table.apply(event)
            if isinstance(event, Reported):
                status.update(event)
        status.wallclock_time = self.now
        return status

    def view(self, **metadata: Any) -> ExperimentView:
        return ExperimentView(
            name="a-run", problem=self.problem, trials=self.status().table, metadata=metadata,
            folder=Path("experiments/a-run"), status=self.status(),
        )  # fmt: skip


@pytest.fixture
def journal() -> Callable[..., Journal]:
    def make(**words: Any) -> Journal:
        defaults = {"metric": "loss", "mode": "min", "resource_attr": "epoch", "max_t": 27}
        space = {**SPACE, **words.pop("space", {})}
        return Journal(Problem.create(space, **{**defaults, **words}))

    return make


@pytest.fixture
def asha(journal: Callable[..., Journal]) -> Journal:
    """Three trials: one stopped, one paused, one completed with the best value, 0.1 at epoch 3."""
    run = journal()
    first, second, third = run.start(lr=0.5), run.start(lr=0.01, width=32), run.start(act="tanh")
    run.report(first, 1, 0.9)
    run.end(first, Status.STOPPED)
    run.report(second, 1, 0.4)
    run.report(third, 1, 0.5)
    run.end(third, Status.PAUSED)
    run.report(second, 2, 0.2)
    run.report(second, 3, 0.1)
    run.report(second, 4, 0.15)
    run.end(second)
    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a run as an experiment's folder below `tmp_path`."""

    def write(run: Journal, name: str = "a-run", **metadata: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        objectives = run.problem.objectives
        written = {
            "format": 1, "name": folder.name, "st_tuner_creation_timestamp": CREATED,
            "metric_names": [o.name for o in objectives],
            "metric_mode": [o.goal.value for o in objectives],
            "entry_point_name": "train", "entry_point_path": "code/train.py", "backend": "local",
            "scheduler_name": "asha", "problem": run.problem.to_json(), "tags": {},
            "store": {"name": "jsonl"}, "stop_criterion": {"max_wallclock_time": 60}, **metadata,
        }  # fmt: skip
        (folder / "metadata.json").write_text(json.dumps(written))
        store = make_store("jsonl", folder=str(folder), sync="none")
        store.append(run.events)
        store.close()
        return folder

    return write


# ---- a terminal --------------------------------------------------------------------------

_TOKEN = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")
_REDRAW = re.compile(r"(?=\r\x1b\[2K\x1b\[1A)")


class Screen:
    """What a terminal shows, as far as rich's control sequences go."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.lines: list[str] = [""]
        self.cursor_visible = True
        self._x = self._y = 0

    def feed(self, text: str) -> None:
        for arguments, command, control, letters in _TOKEN.findall(text):
            if letters:
                for letter in letters:
                    self._put(letter)
            elif control == "\r":
                self._x = 0
            elif control == "\n":
                self._move(self._y + 1)
            elif command == "A":
                self._move(max(self._y - int(arguments or 1), 0))
            elif command == "K":
                self.lines[self._y] = ""
            elif command in ("h", "l") and arguments == "?25":
                self.cursor_visible = command == "h"

    def _put(self, letter: str) -> None:
        if self._x == self.columns:
            self._x = 0
            self._move(self._y + 1)
        line = self.lines[self._y].ljust(self._x)
        self.lines[self._y] = line[: self._x] + letter + line[self._x + 1 :]
        self._x += 1

    def _move(self, y: int) -> None:
        self._y = y
        self.lines += [""] * (y + 1 - len(self.lines))

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines).rstrip()


class Terminal:
    """A program's life in a terminal: `screen` as it was left, and the `frames` before that."""

    def __init__(self, output: str, columns: int, code: int) -> None:
        self.output, self.code = output, code
        self.screen = Screen(columns)
        self.frames: list[str] = []
        for part in _REDRAW.split(output):
            self.screen.feed(part)
            self.frames.append(self.screen.text)


@pytest.fixture
def in_terminal(tmp_path: Path) -> Callable[..., Terminal]:
    """Run Python code in a pseudo-terminal; `send` maps an output to wait for to a signal."""

    def run(
        code: str,
        columns: int = 90,
        rows: int = 30,
        send: Mapping[str, signal.Signals] | None = None,
    ) -> Terminal:
        script = tmp_path / "program.py"
        script.write_text(code)
        pid, handle = pty.fork()
        if pid == 0:
            size = struct.pack("HHHH", rows, columns, 0, 0)
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            # All of it given: readline, where it is loaded, sets COLUMNS behind Python's back.
            unwanted = ("COLUMNS", "LINES", "NO_COLOR", "SYNECORE_DISPLAY")
            environment = {k: v for k, v in os.environ.items() if k not in unwanted}
            environment["TERM"] = "xterm-256color"
            os.execve(sys.executable, [sys.executable, str(script)], environment)
        wanted = dict(send or {})
        output = b""
        for chunk in _read(handle):
            output += chunk
            for words in [w for w in wanted if w.encode() in output]:
                os.kill(pid, wanted.pop(words))
        _, status = os.waitpid(pid, 0)
        os.close(handle)
        return Terminal(output.decode(), columns, os.waitstatus_to_exitcode(status))

    return run


def _read(handle: int, patience: float = 60.0) -> Iterator[bytes]:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        ready, _, _ = select.select([handle], [], [], 1.0)
        if not ready:
            continue
        try:
            chunk = os.read(handle, 1 << 16)
        except OSError:  # the program has ended
            return
        if not chunk:
            return
        yield chunk
    raise TimeoutError(f"the program did not end within {patience:g} s")
