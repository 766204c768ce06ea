"""What holds for every test of the repository, those of the plugins included."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def experiments_in_a_temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep experiments out of the home folder; subprocesses inherit the variable.

    Not by `monkeypatch`: a test that takes that too could undo this.
    """
    before = {name: os.environ.get(name) for name in ("SYNECORE_FOLDER", "SYNETUNE_FOLDER")}
    os.environ["SYNECORE_FOLDER"] = str(tmp_path_factory.mktemp("experiments"))
    os.environ.pop("SYNETUNE_FOLDER", None)
    yield
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@pytest.fixture(autouse=True, scope="session")
def no_gpus() -> Iterator[None]:
    """Hide the machine's GPUs, for which trials of the local backend would wait."""
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    yield
    del os.environ["CUDA_VISIBLE_DEVICES"]
    if before is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = before


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Refuse connections to other machines: a test that needs one would fail elsewhere."""
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            if not host.startswith(LOOPBACK):
                raise OSError(f"tests may not use the network: connection to {host} refused")
        connect(self, address)

    socket.socket.connect = local_only  # type: ignore[method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]
