from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from synecore_local.cores import Cores, bound_to, cores_of_trials


def test_trials_get_the_least_used_cores() -> None:
    cores = Cores([5, 3, 4, 8], 2)
    first, second = cores.take(), cores.take()
    assert (first, second) == ({3, 4}, {5, 8})
    cores.give_back(second)
    assert cores.take() == {5, 8}, "3 and 4 are in use"


def test_too_few_cores_are_shared_evenly() -> None:
    cores = Cores(range(3), 2)
    taken = [cores.take() for _ in range(6)]
    assert [sum(core in some for some in taken) for core in range(3)] == [4, 4, 4]


def test_more_cores_than_there_are_means_all() -> None:
    cores = Cores([0, 1], 8)
    assert cores.per_trial == 2
    assert cores.take() == {0, 1}


def test_nobody_is_bound_unless_asked_for() -> None:
    assert cores_of_trials(None, 4) is None


def test_only_cores_of_the_tuner_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {2, 6, 7})
    cores = cores_of_trials(1, 3)
    assert cores is not None
    assert [cores.take() for _ in range(3)] == [{2}, {6}, {7}]


def test_a_warning_says_that_cores_are_shared(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)))
    cores_of_trials(2, 2)
    assert caplog.text == ""
    cores_of_trials(2, 3)
    (record,) = caplog.records
    assert record.getMessage().startswith(
        "3 workers with num_cpus_per_trial=2 need 6 cores, and the tuner may use 4: trials share"
    )


def test_where_nothing_can_be_bound_cores_are_only_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.delattr(os, "sched_setaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    cores = cores_of_trials(3, 1)
    assert cores is not None
    assert cores.per_trial == 3
    with bound_to({0}):
        pass


def test_only_this_thread_is_bound_and_only_meanwhile() -> None:
    before = os.sched_getaffinity(0)
    core = min(before)
    seen: list[Any] = []
    entered, left = threading.Event(), threading.Event()

    def other() -> None:
        entered.wait(10)
        seen.append(os.sched_getaffinity(0))
        left.set()

    thread = threading.Thread(target=other)
    thread.start()

    def fail() -> None:
        with bound_to({core}):
            entered.set()
            left.wait(10)
            seen.append(os.sched_getaffinity(0))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    thread.join()
    assert seen == [before, {core}]
    assert os.sched_getaffinity(0) == before
