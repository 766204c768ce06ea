from __future__ import annotations

from pathlib import Path

import pytest

from synecore.errors import OptionError
from synecore_integrations.booster_checkpoint import BoosterCheckpoint, written


def test_it_is_due_every_so_many_rounds(tmp_path: Path) -> None:
    checkpoint = BoosterCheckpoint(tmp_path, 3, "model")
    assert [rounds for rounds in range(1, 10) if checkpoint.is_due(rounds)] == [3, 6, 9]


def test_the_newest_is_found_and_alone(tmp_path: Path) -> None:
    folder = tmp_path / "not made yet"
    checkpoint = BoosterCheckpoint(folder, 1, "model")
    assert written(folder, "model") is None
    checkpoint.write(b"one")
    checkpoint.write(b"two")
    path = written(folder, "model")
    assert path is not None
    assert Path(path).read_bytes() == b"two"
    assert len(list(folder.iterdir())) == 1


def test_without_a_folder_there_is_none() -> None:
    checkpoint = BoosterCheckpoint(None, 1, "model")
    checkpoint.write(b"lost")
    assert not checkpoint.is_due(1)
    assert written(None, "model") is None


def test_a_round_is_the_least_there_can_be(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="checkpoint_every: 0 rounds between two checkpoints"):
        BoosterCheckpoint(tmp_path, 0, "model")
