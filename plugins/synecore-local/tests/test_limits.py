from __future__ import annotations

import logging
import math
import os
from types import SimpleNamespace
from typing import Any

import pytest

from synecore_local import limits as module
from synecore_local.limits import Limits
from synecore_local.processes import Seen

MIB = 1 << 20


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> dict[int, float]:
    """MiB that processes hold."""
    held: dict[int, float] = {}
    monkeypatch.setattr(
        module, "processes",
        lambda: [Seen(pid, 1, pid, pid, int(mib * MIB)) for pid, mib in held.items()],
    )  # fmt: skip
    return held


def test_without_limits_nothing_is_looked_at(
    clock: Any, held: dict[int, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(module, "processes")
    limits = Limits(None, None)
    limits.begin(0, os.getpid())
    assert limits.next_look() == math.inf
    assert limits.passed() == {}
    limits.end(0)


def test_a_trial_may_run_for_so_long(clock: Any) -> None:
    limits = Limits(60.0, None)
    limits.begin(0, 1)
    clock.now = 130.0
    limits.begin(1, 2)
    assert limits.next_look() == 160.0
    clock.now = 159.9
    assert limits.passed() == {}
    clock.now = 160.0
    assert limits.passed() == {0: "its time_limit of 60 s was reached"}
    assert limits.next_look() == 190.0
    assert limits.passed() == {}, "it is said once"


def test_all_starts_of_a_trial_count_and_waiting_does_not(clock: Any) -> None:
    limits = Limits(60.0, None)
    for _ in range(2):
        limits.begin(0, 1)
        clock.now += 25.0
        limits.end(0)
        clock.now += 1000.0
    limits.begin(0, 1)
    assert limits.next_look() == clock.now + 10.0


def test_memory_is_looked_at_once_a_second(clock: Any, held: dict[int, float]) -> None:
    limits = Limits(None, 100.0)
    limits.begin(0, 7)
    limits.begin(1, 8)
    held |= {7: 100.0, 8: 20.0}
    assert limits.passed() == {}
    assert limits.next_look() == 101.0
    held[7] = 130.0
    clock.now = 100.9
    assert limits.passed() == {}
    clock.now = 101.0
    assert limits.passed() == {0: "its memory_limit of 100 MiB was reached: it held 130 MiB"}
    limits.end(0)
    limits.end(1)
    assert limits.next_look() == math.inf


def test_looking_takes_a_small_part_of_the_time(
    clock: Any, held: dict[int, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow() -> list[Seen]:
        clock.now += 0.2
        return []

    monkeypatch.setattr(module, "processes", slow)
    limits = Limits(None, 100.0)
    limits.begin(0, 7)
    limits.passed()
    assert limits.next_look() == pytest.approx(110.0)


def test_where_memory_cannot_be_read_trials_go_on(
    clock: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> list[Seen]:
        raise FileNotFoundError(2, "No such file or directory", "ps")

    monkeypatch.setattr(module, "processes", fail)
    limits = Limits(60.0, 100.0)
    limits.begin(0, 7)
    with caplog.at_level(logging.WARNING):
        assert limits.passed() == {}
    assert "'ps'; trials run without memory_limit from now on" in caplog.text
    assert limits.next_look() == 160.0
