from __future__ import annotations

from pathlib import Path

import pytest

from synecore import make_backend
from synecore.testing.suites.backend import BackendSuite, MakeBackend
from synecore.testing.workers import work, write_worker
from synecore_local.in_process import turns


class TestWithEvents(BackendSuite):
    @pytest.fixture
    def make(self, tmp_path: Path) -> MakeBackend:
        script = write_worker(tmp_path)
        return lambda: make_backend("local", entry_point=script)


class TestLooking(BackendSuite):
    @pytest.fixture
    def make(self, tmp_path: Path) -> MakeBackend:
        script = write_worker(tmp_path)
        return lambda: make_backend("local", entry_point=script, wake_up="polling")


class TestForked(BackendSuite):
    @pytest.fixture
    def make(self, tmp_path: Path) -> MakeBackend:
        script = write_worker(tmp_path)
        return lambda: make_backend("local", entry_point=script, warm=True)


class TestInProcess(BackendSuite):
    keeps_reports = False  # nothing of a call outlives its process

    @pytest.fixture
    def make(self, monkeypatch: pytest.MonkeyPatch) -> MakeBackend:
        monkeypatch.setattr(turns, "LONG", 0.1)
        return lambda: make_backend("python", tune_function=work, in_process=True, stop_grace=0.1)
