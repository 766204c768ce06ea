"""Streams of random numbers, keyed by role and not by the order in which they are made.

Random search and the initial design of every other searcher draw from "searcher/initial", so
one seed gives the same first configurations under every method.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import OptionError

MAX_SEED = 2**32 - 1  # what the documented system accepts, and what fits in a metadata file


def draw_seed() -> int:
    """Return a fresh seed in [0, MAX_SEED], for a user who gave none."""
    return int(np.random.SeedSequence().entropy) % (MAX_SEED + 1)  # type: ignore[arg-type]


def sequence(seed: int | np.random.SeedSequence) -> np.random.SeedSequence:
    """Return the seed sequence of an experiment or a component."""
    if isinstance(seed, np.random.SeedSequence):
        return seed
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise OptionError(f"random_seed: {seed!r} is not an integer >= 0.")
    return np.random.SeedSequence(int(seed))


def child(seed: np.random.SeedSequence, role: str) -> np.random.SeedSequence:
    """Return the seed sequence of `role`, the same however often and whenever it is asked for."""
    digest = hashlib.sha256(role.encode()).digest()
    key = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
    return np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, *key))


def stream(seed: np.random.SeedSequence, role: str) -> np.random.Generator:
    """Return a generator at the start of the stream of `role`, such as "searcher/initial"."""
    return np.random.Generator(np.random.PCG64(child(seed, role)))


def state_of(rng: np.random.Generator) -> dict[str, Any]:
    """Return the generator's state as JSON values; `restore` goes on from it."""
    return dict(_plain(rng.bit_generator.state))


def restore(rng: np.random.Generator, state: Mapping[str, Any]) -> None:
    """Put `rng` into a state made by `state_of`, after JSON if need be.

    Raises OptionError for a state of another kind of generator.
    """
    kind = type(rng.bit_generator).__name__
    if state.get("bit_generator") != kind:
        raise OptionError(
            f"state of a generator: made by {state.get('bit_generator')!r}, "
            f"but this generator is a {kind!r}."
        )
    rng.bit_generator.state = dict(state)


def seed_to_json(seed: np.random.SeedSequence) -> dict[str, Any]:
    """Return what `seed_from_json` needs to make an equal sequence."""
    entropy = seed.entropy
    return {
        "entropy": [int(e) for e in entropy] if isinstance(entropy, (list, tuple)) else entropy,
        "spawn_key": [int(k) for k in seed.spawn_key],
    }


def seed_from_json(data: Mapping[str, Any]) -> np.random.SeedSequence:
    return np.random.SeedSequence(data["entropy"], spawn_key=tuple(data["spawn_key"]))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return [int(item) for item in value]
    return int(value) if isinstance(value, np.integer) else value
