"""Which processes there are, how they belong together, and the memory they hold."""

from __future__ import annotations

import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

_PAGE = os.sysconf("SC_PAGE_SIZE")  # bytes
_PSS = re.compile(rb"^Pss:\s+(\d+) kB$", re.MULTILINE)
_PATIENCE = 10.0  # seconds, for `ps`


class Seen(NamedTuple):
    """A process that runs."""

    pid: int
    parent: int
    group: int
    session: int  # where the system does not say: the group
    resident: int  # bytes


def processes() -> list[Seen]:
    """Return all processes that run; those that ended and wait to be reaped do not."""
    return list(_from_proc() if os.path.exists("/proc/self/stat") else _from_ps())


def _from_proc() -> Iterator[Seen]:
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                line = file.read()
        except OSError:  # it ended meanwhile
            continue
        fields = line[line.rindex(b")") + 2 :].split()  # its name may contain anything
        if fields[0] not in (b"Z", b"X"):
            parent, group, session, pages = (int(fields[i]) for i in (1, 2, 3, 21))
            yield Seen(int(name), parent, group, session, pages * _PAGE)


def _from_ps() -> Iterator[Seen]:
    done = subprocess.run(
        ["ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "pgid=", "-o", "rss=", "-o", "stat="],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=True,
    )  # fmt: skip
    for line in done.stdout.splitlines():
        *numbers, state = line.split()
        if not state.startswith(b"Z"):
            pid, parent, group, kibibytes = map(int, numbers)
            yield Seen(pid, parent, group, group, kibibytes * 1024)


def trees(leaders: Iterable[int], seen: Iterable[Seen]) -> dict[int, list[Seen]]:
    """Return, for each leader, the processes of its session and group, and all their descendants.

    Args:
        leaders: Processes, each of which leads a session and a group.
        seen: All processes.
    """
    members, children = defaultdict(list), defaultdict(list)
    for process in seen:
        children[process.parent].append(process)
        for leader in {process.session, process.group}:
            members[leader].append(process)
    found = {}
    for leader in leaders:
        tree: dict[int, Seen] = {}
        left = members[leader]
        while left:
            process = left.pop()
            if process.pid not in tree:
                tree[process.pid] = process
                left += children[process.pid]
        found[leader] = list(tree.values())
    return found


def memory_of(tree: Collection[Seen], enough: int) -> int:
    """Return the bytes that processes hold in memory.

    Memory that several of them share counts once, which takes longer to find out: it is not looked
    at if the sum over all is at most `enough`.
    """
    total = sum(process.resident for process in tree)
    if total <= enough or len(tree) < 2:
        return total
    return sum(_proportional(process) for process in tree)


def _proportional(process: Seen) -> int:
    """Return the bytes a process holds, where what n processes share is an n-th for each."""
    try:
        with open(f"/proc/{process.pid}/smaps_rollup", "rb") as file:
            found = _PSS.search(file.read())
    except ProcessLookupError:  # it ends
        return 0
    except OSError:  # the system cannot tell
        found = None
    return int(found[1]) * 1024 if found is not None else process.resident


def group_has_gone(group: int) -> bool:
    """Has every process of a group ended?"""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # macOS, of a group of zombies
        pass
    return all(process.group != group for process in processes())
