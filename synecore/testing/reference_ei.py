"""Expected improvement (Mockus 1978; Jones, Schonlau and Welch 1998), by its definition.

Notation: z = (best - mean) / sd; EI = sd (z Phi(z) + phi(z)), averaged over fantasies, and times
the probability that every constraint holds, Phi(-mean_c / sd_c) (Gardner et al. 2014).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from synecore.problem import Array
from synecore.protocols import AcquisitionInputs, Differentiable, Posterior

SMALLEST_SD = 1e-12


class ReferenceEI:
    """Expected improvement of one objective; the chance of feasibility where none is known yet."""

    def __call__(self, inputs: AcquisitionInputs) -> ReferenceScore:
        return ReferenceScore(inputs)

    def state_dict(self) -> Mapping[str, Any]:
        """Nothing to keep."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing to restore."""


@attrs.frozen
class ReferenceScore:
    """Score of points under one set of inputs."""

    inputs: AcquisitionInputs

    def __call__(self, X: Array) -> Array:
        """(q, d) -> (q,), larger is better."""
        resource = self.inputs.resource
        levels = None if resource is None else np.broadcast_to(resource, (len(X),))
        mean, sd = _with_fantasies(self.inputs.objective, X, levels)
        gain = _improvement(mean, sd, self._best(len(mean)))[0].sum(axis=2)  # (f, q)
        if self.inputs.constraint is not None:
            chance_mean, chance_sd = _with_fantasies(self.inputs.constraint, X, levels)
            gain = gain * _cdf(-chance_mean / chance_sd).prod(axis=2)
        score: Array = gain.mean(axis=0)
        return score

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        """Score at x (d,) and its gradient (d,)."""
        mean, sd, dmean, dsd = _gradients(self.inputs.objective, x, self.inputs.resource)
        gain, by_mean, by_sd = _improvement(
            mean[:, None], sd[:, None], self._best(len(mean))
        )  # (f, 1, m)
        value = gain[:, 0].sum(axis=1)  # (f,)
        grad = (by_mean[:, 0, :, None] * dmean + by_sd[:, 0, :, None] * dsd).sum(axis=1)  # (f, d)
        if self.inputs.constraint is not None:
            cm, cs, dcm, dcs = _gradients(self.inputs.constraint, x, self.inputs.resource)
            z = -cm / cs  # (f, k)
            chances = _cdf(z)
            dz = -(dcm + z[..., None] * dcs) / cs[..., None]
            each = _pdf(z)[..., None] * dz / np.maximum(chances, 1e-300)[..., None]
            chance = chances.prod(axis=1)
            grad = chance[:, None] * grad + (value * chance)[:, None] * each.sum(axis=1)
            value = value * chance
        return float(value.mean()), grad.mean(axis=0)

    def _best(self, f: int) -> Array | None:
        """(f, 1, m), or None where nothing feasible is known."""
        if self.inputs.incumbent is None:
            return None
        best = np.broadcast_to(self.inputs.incumbent, (f, self.inputs.incumbent.shape[1]))
        return best[:, None, :]


def _with_fantasies(posterior: Posterior, X: Array, levels: Array | None) -> tuple[Array, Array]:
    """Mean and standard deviation, each (f, q, m)."""
    mean, variance = posterior.moments(X, levels)
    if mean.ndim == 2:
        mean, variance = mean[None], variance[None]
    return mean, np.maximum(np.sqrt(variance), SMALLEST_SD)


def _gradients(
    posterior: Posterior, x: Array, resource: float | Array | None
) -> tuple[Array, Array, Array, Array]:
    """Mean, standard deviation (f, m) and their gradients (f, m, d)."""
    if not isinstance(posterior, Differentiable):
        raise TypeError(f"{type(posterior).__name__} has no moments_grad, so EI has no gradient")
    level = None if resource is None else float(np.asarray(resource).reshape(-1)[0])
    mean, variance, dmean, dvariance = posterior.moments_grad(x, level)
    sd = np.maximum(np.sqrt(variance), SMALLEST_SD)
    return mean, sd, dmean, dvariance / (2.0 * sd[..., None])


def _improvement(mean: Array, sd: Array, best: Array | None) -> tuple[Array, Array, Array]:
    """EI and its derivatives by mean and sd, each (f, q, m); 1 without an incumbent."""
    if best is None:
        return np.ones_like(mean), np.zeros_like(mean), np.zeros_like(mean)
    z = (best - mean) / sd
    return sd * (z * _cdf(z) + _pdf(z)), -_cdf(z), _pdf(z)


def _pdf(z: Array) -> Array:
    density: Array = np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
    return density


def _cdf(z: Array) -> Array:
    tails = np.vectorize(math.erfc, otypes=[float])(-z / math.sqrt(2.0))
    return np.asarray(0.5 * tails, dtype=float)
