"""Folders to write to, and folders that cannot be written to."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synecore.actions import Event, Reported
from synecore.plugins import Setup
from synecore_stores.jsonl import JsonlStore
from synecore_stores.options import StoreOptions
from synecore_stores.sqlite import SqliteStore

NOBODY = 65534
SMALL = 512 * 1024  # bytes of a small disk

MakeStore = Callable[..., Any]


@pytest.fixture(params=["jsonl", "sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(kind: str, make_kind: MakeStore) -> MakeStore:
    """Make a store of the kind under test in a folder; closed at the end of the test."""
    return lambda folder, **options: make_kind(kind, folder, **options)


@pytest.fixture
def make_kind() -> Iterator[MakeStore]:
    made: list[Any] = []

    def make_kind(kind: str, folder: Path, **options: Any) -> Any:
        target = {"jsonl": JsonlStore, "sqlite": SqliteStore}[kind]
        setup = Setup(problem=None, seed=np.random.SeedSequence(0), make=None)
        store = target(setup, StoreOptions(folder=folder, **options))
        made.append(store)
        return store

    yield make_kind
    for store in made:
        store.close()


@pytest.fixture
def batch() -> Callable[..., list[Event]]:
    """A batch of `n` events, the first of which is number `first`."""

    def batch(first: int, n: int = 1, padding: str = "") -> list[Event]:
        return [
            Reported(at=float(first + i), trial=0, metrics={"i": i, "of": n, "padding": padding})
            for i in range(n)
        ]

    return batch


@pytest.fixture(params=["disk", "limit"])
def little_room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder on a small disk; where none can be mounted, a limit on the size of files."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)]
    if request.param == "disk" and _works(mount):
        yield folder
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, before[1]))
    yield folder
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def make_read_only() -> Iterator[Callable[[Path], None]]:
    """Make a folder read-only for this process, for the rest of the test, also for root."""
    was = os.geteuid()

    def make_read_only(folder: Path) -> None:
        folder.chmod(0o555)
        if was == 0:
            os.seteuid(NOBODY)

    yield make_read_only
    os.seteuid(was)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for path in [folder, *folder.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
