from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from synecore.errors import OptionError
from synecore_local import devices as module
from synecore_local.devices import Devices, devices_of_trials
from synecore_local.options import LocalOptions

UUIDS = "GPU-5d5ba0d6-d33d,MIG-c6d4f1ef-42e4"


@pytest.fixture(autouse=True)
def four_gpus(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the machine have four GPUs; return a list that grows when they are counted."""
    counted: list[int] = []

    def count() -> int:
        counted.append(4)
        return 4

    monkeypatch.setattr(module, "get_num_gpus", count)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return counted


def options(**values: Any) -> LocalOptions:
    return LocalOptions(entry_point=Path("train.py"), **values)


def devices(**values: Any) -> tuple[str, ...]:
    return devices_of_trials(options(**values))


def test_trials_use_all_gpus_or_those_named() -> None:
    assert devices() == ("0", "1", "2", "3")
    assert devices(num_gpus=2) == ("0", "1")
    assert devices(gpus_to_use=[3, 1]) == ("3", "1")
    assert devices(gpus_to_use=[1], rotate_gpus=False) == ("1",)
    assert devices(num_gpus=0) == ()


def test_gpus_are_counted_only_where_it_matters(
    four_gpus: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    devices(rotate_gpus=False)
    devices(num_gpus=2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert devices() == ()
    assert four_gpus == []


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        ("2,3", ("2", "3")),
        (" 3 , 0 ", ("3", "0")),
        (UUIDS, tuple(UUIDS.split(","))),
        ("0,1,-1,2", ("0", "1")),
        ("0,7,1", ("0",)),
        ("-1", ()),
        ("NoDevFiles", ()),
        ("1,1", ("1",)),
    ],
)
def test_of_the_tuner_s_own_gpus_as_cuda_reads_them(
    visible: str, expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert devices() == expected


def test_numbers_count_among_the_tuner_s_own_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", UUIDS)
    assert devices(gpus_to_use=[1]) == ("MIG-c6d4f1ef-42e4",)


def test_a_machine_without_gpus_has_none_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert devices(num_gpus=0) == ()


@pytest.mark.parametrize(
    ("values", "visible", "text"),
    [
        (
            {"gpus_to_use": [0, 4]},
            None,
            "gpus_to_use names GPU 4, counted from 0, but nvidia-smi lists 4; if that is wrong, "
            "state the number by num_gpus",
        ),
        (
            {"gpus_to_use": [0], "num_gpus": 0},
            None,
            "gpus_to_use names GPU 0, counted from 0, but num_gpus is 0",
        ),
        (
            {"gpus_to_use": [2]},
            "2,3",
            "gpus_to_use names GPU 2, counted from 0, but CUDA_VISIBLE_DEVICES is '2,3' for the "
            "tuner",
        ),
        (
            {"num_gpus_per_trial": 5},
            None,
            "num_gpus_per_trial is 5, more than trials may use: nvidia-smi lists 4",
        ),
        (
            {"num_gpus_per_trial": 2, "num_gpus": 0},
            None,
            "num_gpus_per_trial is 2, more than trials may use: num_gpus is 0",
        ),
        (
            {"num_gpus_per_trial": 2, "gpus_to_use": [3]},
            None,
            "num_gpus_per_trial is 2, more than trials may use: gpus_to_use is [3]",
        ),
    ],
)
def test_more_than_there_are_cannot_be_had(
    values: dict[str, Any], visible: str | None, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with pytest.raises(OptionError, match=re.escape(text)):
        devices(**values)


@pytest.mark.parametrize("value", [[], [1, 1], [0, -1]])
def test_which_gpus_to_use_is_checked_at_once(value: list[int]) -> None:
    text = f"'gpus_to_use' must be different numbers of GPUs, at least one, counted from 0: {value}"
    with pytest.raises(ValueError, match=re.escape(text)):
        options(gpus_to_use=value)


def test_a_free_gpu_that_was_used_least_comes_first() -> None:
    pool = Devices(["a", "b", "c"], 1, n_workers=3)
    assert [pool.take() for _ in range(4)] == [("a",), ("b",), ("c",), None]
    pool.give_back(["b"])
    assert pool.take() == ("b",)
    pool.give_back(["a"])
    pool.give_back(["b"])
    assert pool.take() == ("a",), "b was used twice"


def test_several_gpus_a_trial_come_in_the_machine_s_order() -> None:
    pool = Devices(["3", "1", "2"], 2, n_workers=1)
    assert pool.take() == ("3", "1")
    assert pool.take() is None
    pool.give_back(["3", "1"])
    assert pool.take() == ("3", "2")


def test_a_warning_says_that_trials_will_wait(caplog: pytest.LogCaptureFixture) -> None:
    Devices(["0", "1"], 1, n_workers=2)
    assert caplog.text == ""
    Devices(["0", "1"], 2, n_workers=2)
    assert "2 workers with 2 GPU(s) a trial need 4, and trials may use 2: some will" in caplog.text
