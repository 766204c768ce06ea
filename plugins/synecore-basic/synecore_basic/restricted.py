"""Random proposals from a given list of configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from synecore import seeds
from synecore.actions import Status
from synecore.errors import OptionError
from synecore.problem import Array, SearchSpace, TrialView
from synecore.protocols import State
from synecore_basic.shelf import Shelf

FAILED = int(Status.FAILED)


class Restricted:
    """Takes points from a list: each once in random order, or with replacement.

    With replacement, only configurations of failed trials are passed over.
    """

    def __init__(self, X: Array, rng: np.random.Generator, *, allow_duplicates: bool) -> None:
        self._X = X
        self._keys = {x.tobytes() for x in X}
        self._rng = rng
        self._shelf: Shelf | None = None
        if not allow_duplicates:
            self._shelf = Shelf(lambda i: X[i], len(X), rng.permutation(len(X)))

    def take(self, n: int, trials: TrialView) -> list[Array]:
        """Return up to n distinct points; fewer only where the list is used up."""
        if self._shelf is not None:
            return self._shelf.take(n, trials, set())
        failed = {
            x.tobytes() for x in trials.trial("x")[trials.trial("status") == FAILED]
        }  # fmt: skip
        usable = [i for i, x in enumerate(self._X) if x.tobytes() not in failed]
        chosen = self._rng.choice(len(usable), min(n, len(usable)), replace=False)
        return [self._X[usable[i]] for i in chosen]

    def contains(self, X: Array) -> npt.NDArray[np.bool_]:
        """(n,) which snapped rows are in the list."""
        return np.array([x.tobytes() in self._keys for x in X], bool)

    def state_dict(self) -> State:
        if self._shelf is not None:
            return {"shelf": self._shelf.state_dict()}
        return {"rng": seeds.state_of(self._rng)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if self._shelf is not None:
            self._shelf.load_state_dict(state["shelf"])
        else:
            seeds.restore(self._rng, state["rng"])

    def rebuild(self, trials: TrialView) -> None:
        """Look at the whole list again."""
        if self._shelf is not None:
            self._shelf.clear()


def read_configurations(space: SearchSpace, configs: Sequence[Mapping[str, Any]]) -> Array:
    """Return the snapped points (k, d) of `restrict_configurations`, repeated ones left out."""
    if not configs:
        raise OptionError(
            "'restrict_configurations' is empty, so there would be nothing to propose: []. "
            "Give at least one configuration, or leave the option out."
        )
    names = list(space.names)
    for i, config in enumerate(configs):
        if not space.contains(config):
            shown = {name: config.get(name) for name in names if name in config}
            raise OptionError(
                f"'restrict_configurations' must lie in the configuration space: number {i} is "
                f"{shown!r:.300}."
            )
    X = space.snap(space.encode(configs))
    _, first = np.unique([x.tobytes() for x in X], return_index=True)
    chosen: Array = X[np.sort(first)]
    return chosen
