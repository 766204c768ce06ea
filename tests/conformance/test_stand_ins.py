"""The stand-ins of `synecore.testing` keep the contracts of what they stand in for."""

from __future__ import annotations

import pytest

from synecore.testing import (
    AcquisitionSuite,
    BackendSuite,
    InlineBackend,
    MemoryDisk,
    MemoryStore,
    ReferenceEI,
    ReferenceGP,
    StoreSuite,
    SurrogateSuite,
)
from synecore.testing.workers import evaluate


class TestMemoryStore(StoreSuite):
    outlives_processes = False

    @pytest.fixture
    def make(self):
        disks = {}
        return lambda folder: MemoryStore(disks.setdefault(folder, MemoryDisk()))


class TestInlineBackend(BackendSuite):
    @pytest.fixture
    def make(self):
        return lambda: InlineBackend(evaluate, seconds=0.01)


class TestInlineBackendInBlocks(BackendSuite):
    decides = "milestones"

    @pytest.fixture
    def make(self):
        return lambda: InlineBackend(evaluate, seconds=0.01, blocks=True)


class TestReferenceGP(SurrogateSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: ReferenceGP(problem.space.is_categorical)

    @pytest.fixture
    def refit(self):
        return lambda posterior, data: posterior.refit(data)


class TestReferenceEI(AcquisitionSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: ReferenceEI()
