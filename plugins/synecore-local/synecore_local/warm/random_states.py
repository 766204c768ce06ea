"""Random numbers of a forked trial: its own, as those of a process that was started for it.

Python, NumPy and PyTorch have a generator each that is seeded by the system when it is made. A fork
has a copy of it, and forks would all draw the same numbers. So it is seeded anew, unless an import
has seeded it: then a process that was started for the trial has that state, too.
"""

from __future__ import annotations

import random
import sys
from typing import Any

_BLOCK = 624  # words that the Mersenne Twister makes at a time
_MOST_BLOCKS = 64  # drawn while importing; beyond it they are taken for those of another seed
_LEAST_ENTROPY = 1 << 32  # a seed of the system's is larger, but for one in two millions


class RandomStates:
    """The state of Python's generator before any import, to be compared with that after it."""

    def __init__(self) -> None:
        self._before = random.getstate()
        self._kept: Any = None

    def look(self) -> None:
        """Everything is imported: find out what was seeded by it."""
        now = random.getstate()
        if not _python_drew(self._before, now):
            self._kept = now
        modules = sys.modules
        numpy, torch = modules.get("numpy.random"), modules.get("torch")
        self._numpy = numpy if numpy is not None and not _numpy_is_seeded(numpy) else None
        self._torch = torch if torch is not None and not _torch_is_seeded(torch) else None

    def renew(self) -> None:
        """Give a fork states of its own."""
        if self._kept is not None:  # else the module `random` has seen to it
            random.setstate(self._kept)
        if self._numpy is not None:
            self._numpy.seed()
        if self._torch is not None:
            self._torch.default_generator.seed()


def _python_drew(before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    """Can `now` be reached from `before` by drawing, without a seed?"""
    generator = random.Random()
    generator.setstate(before)
    for _ in range(_MOST_BLOCKS):
        if generator.getstate()[1][:_BLOCK] == now[1][:_BLOCK]:
            return True
        generator.getrandbits(32 * _BLOCK)
    return False


def _numpy_is_seeded(numpy_random: Any) -> bool:
    """Was the global generator seeded? It forgets the sequence that it began with then."""
    try:
        return numpy_random.mtrand._rand._bit_generator.seed_seq is None
    except AttributeError:  # of a version that has it elsewhere
        return False


def _torch_is_seeded(torch: Any) -> bool:
    try:
        seed: int = torch.initial_seed()
    except AttributeError:  # a module of that name, half imported
        return True
    return seed < _LEAST_ENTROPY
