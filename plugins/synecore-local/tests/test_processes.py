from __future__ import annotations

import mmap
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from synecore_local import processes as module
from synecore_local.processes import Seen, group_has_gone, memory_of, processes, trees

MIB = 1 << 20
# A leader, a child in its group, and one in a session of its own, all of which hold memory.
FAMILY = """
import os, subprocess, sys
child = "import sys; held = b'x' * (40 << 20); print('ready', flush=True); sys.stdin.read()"
held = b"x" * (30 << 20)
children = [subprocess.Popen([sys.executable, "-c", child], start_new_session=own,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE) for own in (0, 1)]
for process in children:
    process.stdout.readline()
print(*[process.pid for process in children], flush=True)
sys.stdin.read()
"""
# A parent whose memory its forks only share.
FORKS = """
import os, sys
held = b"x" * (60 << 20)
for _ in range(3):
    if os.fork() == 0:
        sys.stdin.read()
        os._exit(0)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def started() -> Iterator[Any]:
    running: list[subprocess.Popen[str]] = []

    def start(body: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", body],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        with process:
            assert process.stdin is not None
            process.stdin.close()


def test_this_process_is_seen() -> None:
    (own,) = (process for process in processes() if process.pid == os.getpid())
    assert own[:4] == (os.getpid(), os.getppid(), os.getpgid(0), os.getsid(0))
    assert 5 * MIB < own.resident < 10_000 * MIB


def test_systems_without_proc_are_asked_by_ps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ps = tmp_path / "ps"
    ps.write_text(
        "#!/bin/sh\n"
        "[ \"$*\" = '-A -o pid= -o ppid= -o pgid= -o rss= -o stat=' ] || exit 1\n"
        "echo '    1     0     1  1024 Ss'\n"
        "echo '  312     1   311    20 R+'\n"
        "echo '  313   312   311     0 Z'\n"
    )
    ps.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(module.os.path, "exists", lambda _: False)
    assert processes() == [Seen(1, 0, 1, 1, MIB), Seen(312, 1, 311, 311, 20 * 1024)]


def test_those_that_wait_to_be_reaped_are_not_seen() -> None:
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert process.pid not in {seen.pid for seen in processes()}
    process.wait()


def test_a_tree_has_the_group_the_session_and_all_descendants() -> None:
    seen = [
        Seen(1, 0, 1, 1, 0),
        Seen(10, 1, 10, 10, 0),  # the leader
        Seen(11, 10, 10, 10, 0),
        Seen(12, 1, 10, 10, 0),  # its parent has ended
        Seen(13, 1, 13, 10, 0),  # a group of its own, as a shell makes them
        Seen(14, 11, 14, 14, 0),  # a session of its own
        Seen(15, 14, 14, 14, 0),
        Seen(20, 1, 20, 20, 0),
        Seen(21, 20, 20, 20, 0),
    ]
    found = trees([10, 20, 30], seen)
    assert {leader: sorted(p.pid for p in tree) for leader, tree in found.items()} == {
        10: [10, 11, 12, 13, 14, 15],
        20: [20, 21],
        30: [],
    }


def test_the_memory_of_a_tree_is_that_of_all_its_processes(started: Any) -> None:
    process = started(FAMILY)
    pids = {process.pid, *map(int, process.stdout.readline().split())}
    tree = trees([process.pid], processes())[process.pid]
    assert {seen.pid for seen in tree} == pids
    for enough in (0, 1 << 60):
        assert 110 * MIB < memory_of(tree, enough) < 200 * MIB


def test_memory_that_processes_share_counts_once(started: Any) -> None:
    process = started(FORKS)
    process.stdout.readline()
    tree = trees([process.pid], processes())[process.pid]
    assert len(tree) == 4
    assert memory_of(tree, enough=1 << 60) > 240 * MIB, "a quick look overestimates"
    assert 60 * MIB < memory_of(tree, enough=100 * MIB) < 100 * MIB


def test_a_process_that_ended_meanwhile_holds_nothing() -> None:
    process = subprocess.Popen(["sleep", "1000"])
    seen = [Seen(process.pid, os.getpid(), 0, 0, 100 * MIB)] * 2
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert memory_of(seen, enough=0) == 0
    process.wait()


def test_where_the_system_cannot_tell_what_is_shared_the_sum_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = [Seen(-5, 0, 0, 0, 3 * mmap.PAGESIZE)] * 2
    assert memory_of(seen, enough=0) == 6 * mmap.PAGESIZE


def test_a_group_has_gone_when_no_process_of_it_runs(started: Any) -> None:
    process = started("import sys; print(flush=True); sys.stdin.read()")
    process.stdout.readline()
    assert not group_has_gone(process.pid)
    process.stdin.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert group_has_gone(process.pid), "though its leader has not been reaped"
    process.wait()
    assert group_has_gone(process.pid)
