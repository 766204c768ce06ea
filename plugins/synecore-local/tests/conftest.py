from __future__ import annotations

import math
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from synecore import make_backend
from synecore.actions import Ended, Reported
from synecore.protocols import Job, RunContext, Unfinished
from synecore_local.backend import LocalBackend

PATIENCE = 60.0  # seconds; only a test that fails waits so long
HEAD = """\
import json, os, signal, sys, time
def report(**metrics):
    os.write(1, b"[tune-metric]: " + json.dumps(metrics).encode() + b"\\n")
"""


class Happened(list[Any]):
    """Events of a backend, in order."""

    def reports(self, trial: int = 0) -> list[dict[str, Any]]:
        return [dict(e.metrics) for e in self if isinstance(e, Reported) and e.trial == trial]

    def ends(self, trial: int = 0) -> list[Ended]:
        return [e for e in self if isinstance(e, Ended) and e.trial == trial]

    def end(self, trial: int = 0) -> Ended:
        (end,) = self.ends(trial)
        return end


class Workshop:
    """Writes scripts, opens backends and waits for what happens, for one test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.experiment = path / "experiment"
        self._backends: list[LocalBackend] = []

    def script(self, source: str, name: str = "train.py", mode: int = 0o644) -> Path:
        path = self.path / name
        path.write_text(source)
        path.chmod(mode)
        return path

    def python(self, body: str) -> Path:
        """Write a Python script that has `report` at hand and imports in a few milliseconds."""
        return self.script(HEAD + body)

    def job(self, trial: int = 0, config: dict[str, Any] | None = None, **changes: Any) -> Job:
        fields: dict[str, Any] = {
            "until": math.inf,
            "milestone": math.inf,
            "checkpoint_of": None,
            "resumes": False,
        }
        return Job(trial=trial, config=config or {}, **{**fields, **changes})

    def unfinished(self, trial: int = 0, n_reports: int = 0, **changes: Any) -> Unfinished:
        return Unfinished(
            job=self.job(trial, **changes), since=0.0, n_reports=n_reports, stopping=False
        )

    def context(self, **changes: Any) -> RunContext:
        problem: Any = SimpleNamespace(space=SimpleNamespace(constants={}), fidelity=None)
        fields: dict[str, Any] = {
            "folder": self.experiment,
            "problem": problem,
            "seed": np.random.SeedSequence(0),
            "n_workers": 4,
            "decides": "reports",
            "now": 0.0,
        }
        return RunContext(**{**fields, **changes})

    def closed_backend(self, entry_point: Path, **options: Any) -> LocalBackend:
        return self._made("local", entry_point=entry_point, **options)

    def function_backend(
        self, function: Callable[..., Any], context: dict[str, Any] | None = None, **options: Any
    ) -> LocalBackend:
        backend = self._made("python", tune_function=function, **options)
        backend.open(self.context(**(context or {})))
        return backend

    def _made(self, name: str, **options: Any) -> LocalBackend:
        backend = make_backend(name, **options)
        assert isinstance(backend, LocalBackend)
        self._backends.append(backend)
        return backend

    def backend(
        self, entry_point: Path, context: dict[str, Any] | None = None, **options: Any
    ) -> LocalBackend:
        backend = self.closed_backend(entry_point, **options)
        backend.open(self.context(**(context or {})))
        return backend

    def run(self, body: str, config: dict[str, Any] | None = None, **options: Any) -> Happened:
        """Run one trial of a Python script to its end."""
        backend = self.backend(self.python(body), **options)
        backend.start(self.job(config=config))
        return self.collect(backend)

    def one_by_one(self, backend: LocalBackend, configs: Sequence[dict[str, Any]]) -> Happened:
        """Run a trial of each configuration, each after the end of the one before it."""
        events = Happened()
        for trial, config in enumerate(configs):
            backend.start(self.job(trial, config))
            events += self.collect(backend)
        return events

    def cold_and_warm(
        self, source: str, configs: Sequence[dict[str, Any]]
    ) -> list[list[dict[str, Any]]]:
        """Run trials of a script cold, then warm; return all that there is to see of them."""
        script, seen = self.script(source), []
        for warm in (False, True):
            backend = self.backend(script, warm=warm)
            events = self.one_by_one(backend, configs)
            assert not warm or self.zygote(backend) is not None
            backend.close()
            seen.append([self._trace(backend, events, trial) for trial in range(len(configs))])
            shutil.rmtree(self.experiment)
        return seen

    def _trace(self, backend: LocalBackend, events: Happened, trial: int) -> dict[str, Any]:
        end, folder = events.end(trial), backend.trial_path(trial)

        def plain(lines: list[str]) -> list[str]:
            return [re.sub(r"\b0x[0-9a-f]+", "0x", line) for line in lines]  # addresses

        return {
            "exit": end.exit,
            "error": plain([end.error])[0],
            "reports": events.reports(trial),
            "out": plain(backend.stdout(trial)),
            "err": plain(backend.stderr(trial)),
            "logs": {log.name: log.read_text() for log in folder.glob("log*")},
        }

    def zygote(self, backend: LocalBackend) -> Any:
        """Return the process that forks the trials of a backend with `warm=True`, if any."""
        assert backend._session is not None
        return getattr(backend._session._launcher._starter, "_zygote", None)

    def collect(self, backend: LocalBackend, n_ends: int = 1) -> Happened:
        """Poll until so many trials have ended."""
        events = Happened()
        deadline = time.monotonic() + PATIENCE
        while sum(isinstance(event, Ended) for event in events) < n_ends:
            assert time.monotonic() < deadline, f"only {events} so far"
            events += backend.poll(1.0)
        return events

    def first(self, backend: LocalBackend, n_reports: int = 1) -> Happened:
        """Poll until there are so many reports."""
        events = Happened()
        deadline = time.monotonic() + PATIENCE
        while len(events) < n_reports:
            assert time.monotonic() < deadline, f"only {events} so far"
            events += backend.poll(1.0)
        return events

    def wait(self, condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def processes(self, word: str) -> list[int]:
        """Return the processes with `word` among their arguments."""
        found = []
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and word.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    def close(self) -> None:
        for backend in self._backends:
            backend.close()


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.close()
