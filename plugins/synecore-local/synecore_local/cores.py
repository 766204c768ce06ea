"""The CPU cores of trials: which there are, and who is bound to them."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Collection, Iterator

logger = logging.getLogger(__name__)


class Cores:
    """Hands out cores, the least used first; where there are too few, trials share them.

    Args:
        cores: Numbers of the cores, as the system counts them.
        per_trial: How many a trial gets; all, if that is more than there are.
    """

    def __init__(self, cores: Collection[int], per_trial: int) -> None:
        self.per_trial = min(per_trial, len(cores))
        self._users = dict.fromkeys(sorted(cores), 0)

    def take(self) -> frozenset[int]:
        taken = frozenset(sorted(self._users, key=self._users.__getitem__)[: self.per_trial])
        for core in taken:
            self._users[core] += 1
        return taken

    def give_back(self, cores: Collection[int]) -> None:
        """The trial that was bound to these cores is over."""
        for core in cores:
            self._users[core] -= 1


def cores_of_trials(per_trial: int | None, n_workers: int) -> Cores | None:
    """Return the cores that this process may use; None where trials are not to be bound to any.

    A warning says if `n_workers` trials of `per_trial` cores each have to share.
    """
    if per_trial is None:
        return None
    cores: Collection[int] = (
        os.sched_getaffinity(0)
        if hasattr(os, "sched_getaffinity")  # not on macOS
        else range(os.cpu_count() or 1)
    )
    if per_trial * n_workers > len(cores):
        logger.warning(
            "%d workers with num_cpus_per_trial=%d need %d cores, and the tuner may use %d: trials "
            "share them and slow each other down; use fewer workers, or fewer cores a trial",
            n_workers, per_trial, per_trial * n_workers, len(cores),
        )  # fmt: skip
    return Cores(cores, per_trial)


@contextlib.contextmanager
def bound_to(cores: Collection[int] | None) -> Iterator[None]:
    """Bind this thread to `cores` meanwhile, and with it every process it starts.

    So the process needs no code of ours before its own, and Popen can use vfork.
    """
    if cores is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
