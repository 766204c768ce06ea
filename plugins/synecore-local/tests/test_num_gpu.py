from __future__ import annotations

import logging
from pathlib import Path

import pytest

import synecore_local
from synecore_local import num_gpu
from synecore_local.num_gpu import get_num_gpus

LISTING = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)
  MIG 1g.5gb      Device  0: (UUID: MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f)
  MIG 1g.5gb      Device  1: (UUID: MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-15d0f5a1-6b27-4a0c-8f7e-0a6c2c3b1d11)
"""


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that stands in for nvidia-smi, once it is written."""
    folder = tmp_path / "a folder; with $(odd) characters"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "nvidia-smi"


def write(program: Path, body: str) -> None:
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)


def test_gpus_are_counted_as_nvidia_smi_lists_them(nvidia_smi: Path) -> None:
    write(nvidia_smi, f"[ \"$*\" = --list-gpus ] && cat <<'END'\n{LISTING}END")
    assert get_num_gpus() == 2
    assert synecore_local.get_num_gpus() == 2


def test_without_nvidia_smi_there_are_none(nvidia_smi: Path) -> None:
    assert get_num_gpus() == 0


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("exit 9", "returned non-zero exit status 9"),
        ("exec sleep 1000", "timed out after 0.1 seconds"),
    ],
)
def test_where_nvidia_smi_fails_there_are_none_and_a_warning_says_so(
    nvidia_smi: Path,
    body: str,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    write(nvidia_smi, body)
    monkeypatch.setattr(num_gpu, "_PATIENCE", 0.1)
    with caplog.at_level(logging.WARNING):
        assert get_num_gpus() == 0
    assert text in caplog.text
    assert "The option num_gpus says how many there are" in caplog.text
