from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synecore.protocols import Job
from synecore_local import waiting_room as module
from synecore_local.checkpoint_copy import CheckpointCopy
from synecore_local.options import LocalOptions
from synecore_local.place import Place, Places
from synecore_local.waiting_room import Waiting, WaitingRoom


def places(n_gpus: int, per_trial: int = 1, **values: Any) -> Places:
    options = LocalOptions(entry_point=Path("x.py"), num_gpus_per_trial=per_trial, **values)
    return Places(options, [str(gpu) for gpu in range(n_gpus)], n_workers=1)


def waiting(trial: int, copy: Any = None, **changes: Any) -> Waiting:
    fields: dict[str, Any] = {"checkpoint_of": None, "resumes": False, **changes}
    return Waiting(Job(trial=trial, config={}, until=1.0, milestone=1.0, **fields), copy)


class Copy:
    """Stands in for the copying of a checkpoint."""

    def __init__(self, done: bool = False) -> None:
        self.done = done
        self.waited = self.abandoned = False

    def is_done(self) -> bool:
        return self.done

    def wait(self) -> None:
        self.waited = True

    def abandon(self) -> None:
        self.abandoned = True


def begun(room: WaitingRoom) -> dict[int, Place]:
    """Let all begin that can."""
    found = {}
    while (item := room.next()) is not None:
        found[item[0].job.trial] = item[1]
    return found


@given(data=st.data(), n_gpus=st.integers(1, 6), n_steps=st.integers(1, 40))
def test_gpus_are_never_shared_never_idle_and_go_to_trials_in_order(
    data: st.DataObject, n_gpus: int, n_steps: int
) -> None:
    per_trial = data.draw(st.integers(1, n_gpus))
    room = WaitingRoom(places(n_gpus, per_trial))
    running: dict[int, Place] = {}
    queue: list[int] = []
    assigned = {str(gpu): 0 for gpu in range(n_gpus)}
    for trial in range(n_steps):
        step = data.draw(st.sampled_from(["start", "start", "end", "leave the queue"]))
        if step == "start":
            room.add(waiting(trial))
            queue.append(trial)
        elif step == "end" and running:
            ended = data.draw(st.sampled_from(sorted(running)))
            room.leave(running.pop(ended))
        elif step == "leave the queue" and queue:
            gone = data.draw(st.sampled_from(queue))
            queue.remove(gone)
            assert room.remove(gone)
        while (found := room.next()) is not None:
            first, place = found
            taken = {gpu for other in running.values() for gpu in other.devices}
            free = assigned.keys() - taken
            assert first.job.trial == queue.pop(0)
            assert len(set(place.devices)) == per_trial
            assert free.issuperset(place.devices), "never two trials on one"
            left = free.difference(place.devices)
            assert max(assigned[gpu] for gpu in place.devices) <= min(
                (assigned[gpu] for gpu in left), default=math.inf
            )
            for gpu in place.devices:
                assigned[gpu] += 1
            running[first.job.trial] = place
        assert not queue or n_gpus - len(running) * per_trial < per_trial, "nobody waits in vain"


def test_a_machine_without_gpus_lets_nobody_wait() -> None:
    room = WaitingRoom(places(0))
    for trial in range(50):
        room.add(waiting(trial))
    assert begun(room) == dict.fromkeys(range(50), Place())


def test_all_trials_may_share_all_gpus() -> None:
    shared = places(2, rotate_gpus=False)
    assert shared.visible == ["0", "1"]
    assert [shared.take() for _ in range(3)] == [Place()] * 3


def test_who_leaves_the_queue_begins_no_more() -> None:
    room = WaitingRoom(places(1))
    copy = Copy(done=True)
    for item in (waiting(0), waiting(1, copy), waiting(2)):
        room.add(item)
    (place,) = begun(room).values()
    assert room.attempt_of(1) == 0
    assert room.remove(1)
    assert copy.abandoned
    assert room.attempt_of(1) is None
    assert not room.remove(1)
    room.leave(place)
    assert list(begun(room)) == [2]


def test_a_trial_whose_checkpoint_is_being_copied_lets_others_pass() -> None:
    room = WaitingRoom(places(1))
    copy = Copy()
    room.add(waiting(0, copy))
    room.add(waiting(1))
    (place,) = begun(room).values()
    assert room.next_look() < time.monotonic() + 0.1, "nobody else says when it is copied"
    copy.done = True
    assert begun(room) == {}
    assert room.next_look() == math.inf, "the end of the other trial will be noticed"
    room.leave(place)
    assert list(begun(room)) == [0]


def test_a_checkpoint_can_be_waited_for_that_is_being_copied() -> None:
    room = WaitingRoom(places(1))
    copies = [Copy(), Copy()]
    for trial, copy in enumerate(copies):
        room.add(waiting(trial, copy, checkpoint_of=7 + trial))
    room.copied(8)
    assert [copy.waited for copy in copies] == [False, True]


def test_nobody_waits_after_the_end() -> None:
    room = WaitingRoom(places(1))
    copy = Copy()
    room.add(waiting(0, copy))
    room.clear()
    assert copy.abandoned
    assert room.next() is None


@pytest.fixture
def survivor() -> Any:
    """A process that is left of a group whose leader has ended."""
    body = (
        "import os, time\n"
        "if os.fork() == 0:\n    os.write(1, b'x'); os.close(1); time.sleep(1000)\n"
    )
    leader = subprocess.Popen(
        [sys.executable, "-c", body], stdout=subprocess.PIPE, start_new_session=True
    )
    assert leader.stdout is not None
    assert leader.stdout.read() == b"x"
    leader.stdout.close()
    leader.wait()
    yield leader.pid
    try:
        os.killpg(leader.pid, 9)
    except ProcessLookupError:
        return


def test_gpus_are_free_when_the_last_process_has_gone(survivor: int) -> None:
    room = WaitingRoom(places(1))
    room.add(waiting(0))
    (place,) = begun(room).values()
    room.leave(place, survivor)
    room.add(waiting(1))
    assert begun(room) == {}
    assert room.next_look() < math.inf
    os.killpg(survivor, 9)
    deadline = time.monotonic() + 10.0
    while not (found := begun(room)):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert found == {1: place}


def test_a_process_that_will_not_go_is_waited_for_for_a_while(
    survivor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    room = WaitingRoom(places(1))
    room.add(waiting(0))
    (place,) = begun(room).values()
    room.leave(place, survivor)
    room.add(waiting(1))
    assert begun(room) == {1: place}


def test_copies_of_checkpoints_are_what_is_waited_for() -> None:
    """The stand-in above has the methods of the real one that are used."""
    assert {"is_done", "wait", "abandon"} <= set(dir(CheckpointCopy))
