"""The stand-ins of `synecore.testing` keep the contracts of what they stand in for."""

from __future__ import annotations

import pytest

from synecore.testing.fakes import MemoryDisk, MemoryStore
from synecore.testing.suites.store import StoreSuite


class TestMemoryStore(StoreSuite):
    outlives_processes = False

    @pytest.fixture
    def make(self):
        disks = {}
        return lambda folder: MemoryStore(disks.setdefault(folder, MemoryDisk()))
