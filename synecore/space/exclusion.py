"""Configurations that are not to be suggested again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from synecore.space.search_space import SearchSpace


class ExclusionList:
    """A set of configurations of a space, compared by their encoding.

    Configurations may hold more than the parameters, such as a resource; only these count.
    """

    def __init__(
        self, space: SearchSpace, configurations: Iterable[Mapping[str, Any]] = ()
    ) -> None:
        self.space = space
        self._rows: dict[bytes, None] = {}
        for config in configurations:
            self.add(config)

    def _key(self, config: Mapping[str, Any]) -> bytes:
        return self.space.snap(self.space.encode([config])).tobytes()

    def contains(self, config: Mapping[str, Any]) -> bool:
        """Say whether the configuration was added."""
        return self._key(config) in self._rows

    def add(self, config: Mapping[str, Any]) -> None:
        """Add a configuration of the space."""
        self._rows[self._key(config)] = None

    def copy(self) -> ExclusionList:
        """Return an independent copy."""
        new = ExclusionList(self.space)
        new._rows = dict(self._rows)
        return new

    def config_space_exhausted(self) -> bool:
        """Say whether every configuration of a finite space was added."""
        return self.space.size is not None and len(self._rows) >= self.space.size

    def __len__(self) -> int:
        return len(self._rows)

    def get_state(self) -> dict[str, Any]:
        """Return what `clone_from_state` reads: the rows, as an array (n, d)."""
        rows = [np.frombuffer(key) for key in self._rows]
        return {"rows": np.array(rows).reshape(-1, self.space.dimension)}

    def clone_from_state(self, state: Mapping[str, Any]) -> ExclusionList:
        """Return a list for the same space with the rows of `state`."""
        new = ExclusionList(self.space)
        new._rows = {row.tobytes(): None for row in np.asarray(state["rows"], dtype=float)}
        return new
