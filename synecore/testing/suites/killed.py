"""Work in a process that is killed in the middle of it."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator

from synecore.protocols import ResultStore, Snapshot
from synecore.testing.suites.samples import reports, state


def write_on(store: ResultStore) -> Iterator[int]:
    """Append without end; yields the number of batches after each append."""
    for batch in itertools.count():
        store.append(reports(batch))
        yield batch + 1


def snapshot_on(store: ResultStore) -> Iterator[int]:
    """Save without end; yields the number of events in each snapshot after it was saved."""
    for n in itertools.count(1):
        store.append(reports(n)[:1])
        store.save_snapshot(Snapshot(n_events=n, state=state(n)))
        yield n


def in_a_killed_process(steps: Callable[[], Iterator[int]]) -> int:
    """Take steps in a process of their own and kill it with SIGKILL; return the last one taken."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            for _ in steps():
                os.write(write_end, b".")
        finally:
            os._exit(1)
    os.close(write_end)
    time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    done = b""
    while chunk := os.read(read_end, 65536):
        done += chunk
    os.close(read_end)
    return len(done)
