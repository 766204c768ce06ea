"""Both stores keep to what synecore asks of any store."""

from __future__ import annotations

import pytest

from synecore import make_store
from synecore.testing.suites.store import MakeStore, StoreSuite


class TestJsonl(StoreSuite):
    @pytest.fixture
    def make(self) -> MakeStore:
        return lambda folder: make_store("jsonl", folder=folder)

    @pytest.fixture
    def reader(self) -> MakeStore:
        return lambda folder: make_store("jsonl", folder=folder, mode="r")


class TestSqlite(StoreSuite):
    @pytest.fixture
    def make(self) -> MakeStore:
        return lambda folder: make_store("sqlite", folder=folder)

    @pytest.fixture
    def reader(self) -> MakeStore:
        return lambda folder: make_store("sqlite", folder=folder, mode="r")
