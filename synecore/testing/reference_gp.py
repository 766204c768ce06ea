"""A small dense Gaussian process, written to be read and checked rather than to be fast.

Notation
--------
n  observations   d  columns of X   m  outputs   q  query points   f  fantasies   s  samples
r = |x - x'| / ell; the correlation is Matern-5/2: (1 + sqrt(5) r + 5 r^2 / 3) exp(-sqrt(5) r)
(Rasmussen and Williams 2006, equation 4.17). A categorical column, a task, and a parameter that is
active on one side only count as distance 1 where they differ.
K  (m, n, n)  correlation of the observations plus their relative noise, one an output
v  (m,)       prior variance of each output, in its own units
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from synecore.problem import Array
from synecore.protocols import Dataset

LENGTH_SCALES = (0.1, 0.2, 0.4, 0.8, 1.6)
NOISE_LEVELS = (1e-6, 1e-4, 1e-2)  # relative to the prior variance
SMALLEST_VARIANCE = 1e-12  # relative to the prior variance; rounding may give less than none


class ReferenceGP:
    """Gaussian process whose length scale and noise are the most likely of a small grid.

    `is_categorical` is (d,), as in `SearchSpace`; None means that all columns are numeric.
    """

    def __init__(self, is_categorical: npt.NDArray[np.bool_] | None = None) -> None:
        self._is_categorical = is_categorical

    def fit(self, data: Dataset) -> ReferencePosterior:
        """Posterior of the latent outputs, given `data` (n >= 1 rows)."""
        shift = data.Y.mean(axis=0)
        spread = data.Y.std(axis=0)
        scale = np.where(spread > 1e-9 * (1.0 + np.abs(shift)), spread, 1.0)
        inputs = Inputs.of(data, self._is_categorical)
        Z = inputs.columns(data.X, data.resource, data.task)
        candidates = [
            _posterior(inputs, Z, data, shift, scale, ell, noise)
            for ell in LENGTH_SCALES
            for noise in NOISE_LEVELS
        ]
        return max(candidates, key=lambda p: p.log_likelihood())

    def state_dict(self) -> Mapping[str, Any]:
        """Nothing: each fit starts afresh."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing to restore."""


@attrs.frozen
class Inputs:
    """How X, resource and task become the columns that the correlation sees."""

    discrete: npt.NDArray[np.bool_]  # (columns,)
    d: int
    top: float | None  # highest resource in the data
    has_task: bool

    @classmethod
    def of(cls, data: Dataset, is_categorical: npt.NDArray[np.bool_] | None) -> Inputs:
        d = data.X.shape[1]
        discrete = np.zeros(d, dtype=bool) if is_categorical is None else is_categorical
        extra = [False] * (data.resource is not None) + [True] * (data.task is not None)
        return cls(
            np.concatenate([discrete, np.array(extra, dtype=bool)]),
            d,
            None if data.resource is None else float(data.resource.max()),
            data.task is not None,
        )

    def columns(self, X: Array, resource: float | Array | None = None, task: Any = None) -> Array:
        """(q, d) -> (q, columns); resource defaults to the highest seen, task to this one."""
        parts = [X]
        if self.top is not None:
            level = np.broadcast_to(
                np.asarray(self.top if resource is None else resource, dtype=float), (len(X),)
            )
            parts.append((np.log1p(level) / math.log1p(self.top))[:, None])
        if self.has_task:
            parts.append(np.broadcast_to(-1.0 if task is None else task, (len(X),))[:, None])
        return np.concatenate(parts, axis=1)

    def differences(self, A: Array, B: Array) -> Array:
        """(a, columns), (b, columns) -> (a, b, columns)."""
        left, right = A[:, None, :], B[None, :, :]
        gap = np.where(self.discrete, (left != right).astype(float), left - right)
        absent = np.isnan(left).astype(float) - np.isnan(right)
        both = np.isnan(left) & np.isnan(right)
        return np.where(both, 0.0, np.where(absent != 0.0, 1.0, gap))


@attrs.frozen(eq=False)
class ReferencePosterior:
    """Posterior under fixed parameters. With fantasies, Y has a leading axis f of its own."""

    inputs: Inputs
    Z: Array  # (n, columns)
    Y: Array  # (f, n, m)
    noise: Array  # (n, m) relative to the prior variance
    shift: Array  # (m,)
    v: Array  # (m,)
    ell: float
    new_noise: float  # relative noise of points to condition on
    has_fantasies: bool
    factor: Array = attrs.field(init=False)  # (m, n, n) Cholesky factor of K
    alpha: Array = attrs.field(init=False)  # (f, m, n): K^-1 (y - shift)

    def __attrs_post_init__(self) -> None:
        M = self._correlation(self.Z, self.Z)
        K = M[None] + self.noise.T[:, :, None] * np.eye(len(M))
        residual = (self.Y - self.shift).transpose(2, 1, 0)  # (m, n, f)
        object.__setattr__(self, "factor", np.linalg.cholesky(K))
        object.__setattr__(self, "alpha", np.linalg.solve(K, residual).transpose(2, 0, 1))

    def log_likelihood(self) -> float:
        """Of all outputs together, up to a constant; the mean over fantasies."""
        residual = (self.Y - self.shift).transpose(0, 2, 1)  # (f, m, n)
        fit = (residual * self.alpha).sum(axis=2).mean(axis=0) / self.v
        logs = 2.0 * np.log(np.diagonal(self.factor, axis1=1, axis2=2)).sum(axis=1)
        return float(-0.5 * (fit + logs + len(self.Z) * np.log(self.v)).sum())

    def moments(self, X: Array, resource: Array | None = None) -> tuple[Array, Array]:
        """(q, d) -> mean and variance, each (q, m), or (f, q, m) under fantasies."""
        k = self._correlation(self.inputs.columns(X, resource), self.Z)
        mean = self.shift + np.einsum("qn,fmn->fqm", k, self.alpha)
        half = np.linalg.solve(self.factor, k.T[None])  # (m, n, q)
        left = np.maximum(1.0 - (half**2).sum(axis=1), SMALLEST_VARIANCE)
        variance = np.broadcast_to((self.v[:, None] * left).T, mean.shape).copy()
        return (mean, variance) if self.has_fantasies else (mean[0], variance[0])

    def moments_grad(
        self, x: Array, resource: float | None = None
    ) -> tuple[Array, Array, Array, Array]:
        """At x (d,): mean and variance (f, m), and their gradients (f, m, d)."""
        z = self.inputs.columns(x[None], resource)
        gaps = self.inputs.differences(z, self.Z)[0]  # (n, columns)
        r = np.sqrt((gaps**2).sum(axis=1)) / self.ell
        root = math.sqrt(5.0) * r
        k = (1.0 + root + root**2 / 3.0) * np.exp(-root)  # (n,)
        slope = -(5.0 / 3.0) * (1.0 + root) * np.exp(-root) / self.ell**2
        smooth = gaps * ~(self.inputs.discrete | np.isnan(z[0]))
        dk = (slope[:, None] * smooth)[:, : self.inputs.d]  # (n, d)
        mean = self.shift + self.alpha @ k
        half = np.linalg.solve(self.factor, np.broadcast_to(k, (len(self.v), len(k)))[..., None])
        back = np.linalg.solve(self.factor.transpose(0, 2, 1), half)[..., 0]  # K^-1 k (m, n)
        left = np.maximum(1.0 - (half[..., 0] ** 2).sum(axis=1), SMALLEST_VARIANCE)
        dv = -2.0 * self.v[:, None] * (back @ dk)
        return (
            mean,
            np.broadcast_to(self.v * left, mean.shape).copy(),
            self.alpha @ dk,
            np.broadcast_to(dv, (len(mean), *dv.shape)).copy(),
        )

    def sample(
        self, X: Array, s: int, rng: np.random.Generator, resource: Array | None = None
    ) -> Array:
        """(s, q, m) joint samples of the latent outputs, dealt out in turn over the fantasies."""
        z = self.inputs.columns(X, resource)
        k = self._correlation(z, self.Z)
        half = np.linalg.solve(self.factor, k.T[None])  # (m, n, q)
        joint = self._correlation(z, z)[None] - half.transpose(0, 2, 1) @ half
        root = np.linalg.cholesky(joint + 1e-9 * np.eye(len(X)))  # (m, q, q)
        mean = self.shift + np.einsum("qn,fmn->fqm", k, self.alpha)
        normal = rng.standard_normal((s, len(X), len(self.v)))
        noise = np.einsum("mqp,spm->sqm", root, normal) * np.sqrt(self.v)
        picked: Array = mean[np.arange(s) % len(mean)] + noise
        return picked

    def condition_on(self, X: Array, Y: Array, resource: Array | None = None) -> ReferencePosterior:
        """Posterior after fantasy outcomes Y (f, q, m) at X (q, d); parameters unchanged."""
        f = max(len(self.Y), len(Y))
        known = np.broadcast_to(self.Y, (f, *self.Y.shape[1:]))
        fantasies = np.broadcast_to(Y, (f, *Y.shape[1:]))
        return attrs.evolve(
            self,
            Z=np.concatenate([self.Z, self.inputs.columns(X, resource)]),
            Y=np.concatenate([known, fantasies], axis=1),
            noise=np.concatenate([self.noise, np.full((len(X), len(self.v)), self.new_noise)]),
            has_fantasies=True,
        )

    def refit(self, data: Dataset) -> ReferencePosterior:
        """Posterior of `data` under the parameters of this one: an oracle for conditioning."""
        noise = np.full(data.Y.shape, self.new_noise)
        if data.noise is not None:
            noise += data.noise / self.v
        Z = self.inputs.columns(data.X, data.resource, data.task)
        return attrs.evolve(self, Z=Z, Y=data.Y[None], noise=noise, has_fantasies=False)

    def _correlation(self, A: Array, B: Array) -> Array:
        squares = (self.inputs.differences(A, B) ** 2).sum(axis=2)
        root = np.sqrt(5.0 * squares) / self.ell
        correlation: Array = (1.0 + root + root**2 / 3.0) * np.exp(-root)
        return correlation


def _posterior(
    inputs: Inputs, Z: Array, data: Dataset, shift: Array, scale: Array, ell: float, noise: float
) -> ReferencePosterior:
    """Prior variance by its most likely value, drawn a little towards the spread of the data,
    which keeps it positive for one row and for constant targets."""
    relative = np.full(data.Y.shape, noise)
    if data.noise is not None:
        relative += data.noise / scale**2
    trial = ReferencePosterior(
        inputs, Z, data.Y[None], relative, shift, scale**2, ell, noise, has_fantasies=False
    )
    explained = ((data.Y - shift).T * trial.alpha[0]).sum(axis=1) / scale**2  # (m,)
    v = scale**2 * (explained + 1.0) / (len(Z) + 1.0)
    return attrs.evolve(trial, v=v)
