"""Posteriors that are known everywhere, for acquisition functions."""

from __future__ import annotations

import attrs
import numpy as np

from synecore.problem import Array
from synecore.protocols import Posterior


@attrs.frozen
class Fixed:
    """A posterior that is the same everywhere; mean and variance are (m,)."""

    mean: Array
    variance: Array

    def moments(self, X: Array, resource: Array | None = None) -> tuple[Array, Array]:
        shape = (len(X), len(self.mean))
        return np.broadcast_to(self.mean, shape), np.broadcast_to(self.variance, shape)

    def moments_grad(
        self, x: Array, resource: float | None = None
    ) -> tuple[Array, Array, Array, Array]:
        flat = np.zeros((1, len(self.mean), len(x)))
        return self.mean[None], self.variance[None], flat, flat

    def sample(
        self, X: Array, s: int, rng: np.random.Generator, resource: Array | None = None
    ) -> Array:
        normal = rng.standard_normal((s, len(X), len(self.mean)))
        return np.asarray(self.mean + np.sqrt(self.variance) * normal)

    def condition_on(self, X: Array, Y: Array, resource: Array | None = None) -> Posterior:
        return self


class Sloped(Fixed):
    """Unit variance, and a mean that rises with the first parameter."""

    def __init__(self, m: int) -> None:
        super().__init__(np.zeros(m), np.ones(m))

    def moments(self, X: Array, resource: Array | None = None) -> tuple[Array, Array]:
        mean, variance = super().moments(X, resource)
        return mean + 4.0 * X[:, :1], variance

    def sample(
        self, X: Array, s: int, rng: np.random.Generator, resource: Array | None = None
    ) -> Array:
        return super().sample(X, s, rng, resource) + 4.0 * X[:, :1]
