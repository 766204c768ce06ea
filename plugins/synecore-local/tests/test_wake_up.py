from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from synecore_local import wake_up as module
from synecore_local.output import Output
from synecore_local.process import ColdProcess, TrialProcess
from synecore_local.wake_up import Events, Polling, WakeUp, wake_up_by

SLEEP = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(1000)"]


@pytest.fixture(params=[Events, Polling])
def wake_up(request: pytest.FixtureRequest) -> Iterator[WakeUp]:
    wake_up = request.param()
    yield wake_up
    wake_up.close()


@pytest.fixture
def trial(tmp_path: Path, wake_up: WakeUp) -> Iterator[Callable[[int], Any]]:
    begun = []

    def begin(number: int) -> tuple[Path, TrialProcess]:
        out = tmp_path / f"{number}.out"
        process = ColdProcess(SLEEP, os.environ, out, tmp_path / f"{number}.err")
        output = Output(out, number)
        output.open()
        wake_up.watch(number, output, process)
        begun.append((output, process))
        return out, process

    yield begin
    for output, process in begun:
        process.reap()
        output.close()


def append(path: Path) -> None:
    with open(path, "ab") as stream:
        stream.write(b"x\n")


def settle(wake_up: WakeUp) -> None:
    while wake_up.wait(0.05):
        pass


def test_tells_who_wrote(wake_up: WakeUp, trial: Any) -> None:
    outs = {number: trial(number)[0] for number in (3, 5, 8)}
    settle(wake_up)
    append(outs[5])
    assert wake_up.wait(10.0) == {5}
    append(outs[3])
    append(outs[8])
    seen: set[int] = set()
    while len(seen) < 2:
        seen |= wake_up.wait(10.0)
    assert seen == {3, 8}
    assert wake_up.wait(0.0) == set()


def test_tells_who_ended_until_it_is_no_longer_watched(wake_up: WakeUp, trial: Any) -> None:
    trial(1)
    _, process = trial(2)
    settle(wake_up)
    process.kill()
    assert wake_up.wait(10.0) == {2}
    assert wake_up.wait(10.0) == {2}
    wake_up.unwatch(2)
    process.reap()
    assert wake_up.wait(0.05) == set()


def test_wakes_at_once(wake_up: WakeUp, trial: Any) -> None:
    out, _ = trial(0)
    settle(wake_up)
    sent = []

    def write() -> None:
        time.sleep(0.1)
        sent.append(time.monotonic())
        append(out)

    thread = threading.Thread(target=write)
    thread.start()
    assert wake_up.wait(10.0) == {0}
    late = time.monotonic() - sent[0]
    thread.join()
    assert late < 5.0  # of ten


def test_gives_up_at_the_timeout(wake_up: WakeUp, trial: Any) -> None:
    trial(0)
    settle(wake_up)
    began = time.monotonic()
    assert wake_up.wait(0.1) == set()
    assert time.monotonic() - began > 0.09


def test_waits_with_nobody_to_watch(wake_up: WakeUp) -> None:
    assert wake_up.wait(0.01) == set()


def test_many_writes_are_one_wake_up(wake_up: WakeUp, trial: Any) -> None:
    out, _ = trial(0)
    settle(wake_up)
    for _ in range(1000):
        append(out)
    wakes = 0
    while wake_up.wait(0.05):
        wakes += 1
    assert 1 <= wakes < 50


def test_a_lost_count_wakes_for_everyone(monkeypatch: pytest.MonkeyPatch) -> None:
    events = Events()
    monkeypatch.setattr(events._inotify, "read", lambda: None)
    events._watches.update({1: (0, 0), 2: (0, 0)})
    monkeypatch.setattr(
        events._selector, "select", lambda _: [(type("Key", (), {"data": None})(), 1)]
    )
    assert events.wait(0.0) == {1, 2}
    events._watches.clear()
    events.close()


@pytest.mark.parametrize("lost", ["inotify", "pidfd"])
def test_systems_without_events_are_looked_at(lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError("no inotify here")

    if lost == "inotify":
        monkeypatch.setattr(module, "Inotify", refuse)
    else:
        monkeypatch.delattr(os, "pidfd_open")
    assert isinstance(wake_up_by("auto"), Polling)


def test_looking_is_a_choice() -> None:
    assert isinstance(wake_up_by("polling"), Polling)
    events = wake_up_by("auto")
    assert isinstance(events, Events)
    events.close()


def test_a_failed_watch_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(pid: int) -> int:
        raise OSError(24, "Too many open files")

    events = Events()
    out = tmp_path / "out"
    process = ColdProcess(SLEEP, os.environ, out, tmp_path / "err")
    with Output(out, 0) as output:
        monkeypatch.setattr(os, "pidfd_open", refuse)
        with pytest.raises(OSError, match="Too many open files"):
            events.watch(0, output, process)
        append(out)
        assert events.wait(0.02) == set()
    process.reap()
    events.close()


def test_looking_is_frequent_after_news_and_rare_without() -> None:
    polling = Polling()
    began = time.monotonic()
    assert polling.interval(began) == 0.002
    assert polling.interval(began + 1.0) == pytest.approx(0.05, rel=0.1)
    assert polling.interval(began + 1000.0) == 0.06
