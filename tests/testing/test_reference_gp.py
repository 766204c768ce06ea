"""The reference process against formulas written a second time, with autograd."""

from __future__ import annotations

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad

from synecore.protocols import Conditionable, Dataset, Differentiable
from synecore.testing.reference_gp import ReferenceGP


def data(n=7, m=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(n, 3))
    Y = np.stack([np.sin(3.0 * X[:, 0]) + X[:, 1], 5.0 * X[:, 2] ** 2 - 100.0], axis=1)
    return Dataset(X=X, Y=Y[:, :m])


def by_hand(posterior, output):
    """Mean and variance of one output at x, from the definition, in autograd's numpy."""
    Z, Y = posterior.Z, posterior.Y[0][:, output]

    def kernel(a, b):
        r2 = anp.sum((a[:, None, :] - b[None, :, :]) ** 2, axis=2) / posterior.ell**2
        r = anp.sqrt(5.0 * r2 + 1e-30)
        return (1.0 + r + r**2 / 3.0) * anp.exp(-r)

    K = kernel(Z, Z) + np.diag(posterior.noise[:, output])
    weights = np.linalg.inv(K)

    def mean(x):
        k = kernel(x[None, :], Z)[0]
        return posterior.shift[output] + anp.dot(k, anp.dot(weights, Y - posterior.shift[output]))

    def variance(x):
        k = kernel(x[None, :], Z)[0]
        return posterior.v[output] * (1.0 - anp.dot(k, anp.dot(weights, k)))

    return mean, variance


def test_moments_and_gradients_match_autograd():
    posterior = ReferenceGP().fit(data())
    for x in np.random.default_rng(1).uniform(size=(5, 3)):
        mean, variance, dmean, dvariance = posterior.moments_grad(x)
        plain_mean, plain_variance = posterior.moments(x[None])
        for output in range(2):
            m, v = by_hand(posterior, output)
            assert plain_mean[0, output] == pytest.approx(m(x), rel=1e-8)
            assert plain_variance[0, output] == pytest.approx(v(x), rel=1e-4, abs=1e-9)
            assert mean[0, output] == pytest.approx(m(x), rel=1e-8)
            assert variance[0, output] == pytest.approx(v(x), rel=1e-4, abs=1e-9)
            assert dmean[0, output] == pytest.approx(grad(m)(x), rel=1e-5, abs=1e-6)
            assert dvariance[0, output] == pytest.approx(grad(v)(x), rel=1e-3, abs=1e-5)


def test_offers_what_the_optional_protocols_ask_for():
    posterior = ReferenceGP().fit(data())
    assert isinstance(posterior, Differentiable)
    assert isinstance(posterior, Conditionable)


def test_conditioning_equals_a_refit_with_the_same_parameters():
    known = data()
    posterior = ReferenceGP().fit(known)
    X = np.random.default_rng(2).uniform(size=(3, 3))
    Y = np.random.default_rng(3).normal(size=(2, 3, 2))
    mean, variance = posterior.condition_on(X, Y).moments(X + 0.01)
    for f in range(2):
        joined = Dataset(X=np.concatenate([known.X, X]), Y=np.concatenate([known.Y, Y[f]]))
        refit = posterior.refit(joined).moments(X + 0.01)
        assert mean[f] == pytest.approx(refit[0], rel=1e-12)
        assert variance[f] == pytest.approx(refit[1], rel=1e-12)


def test_samples_are_joint():
    posterior = ReferenceGP().fit(data())
    X = np.array([[0.5, 0.5, 0.5], [0.5, 0.5, 0.501]])
    drawn = posterior.sample(X, 2000, np.random.default_rng(0))
    assert np.corrcoef(drawn[:, 0, 0], drawn[:, 1, 0])[0, 1] > 0.999


def test_a_categorical_column_counts_as_same_or_different():
    model = ReferenceGP(np.array([False, True]))
    X = np.array([[0.2, 0.0], [0.2, 1.0], [0.2, 4.0], [0.8, 0.0]])
    mean, _ = model.fit(Dataset(X=X, Y=np.array([[0.0], [1.0], [2.0], [0.0]]))).moments(
        np.array([[0.2, 2.0], [0.2, 3.0]])
    )
    assert mean[0] == mean[1]


def test_inactive_parameters_are_missing_values():
    X = np.array([[0.1, np.nan], [0.9, np.nan], [0.5, 0.3]])
    posterior = ReferenceGP().fit(Dataset(X=X, Y=np.array([[1.0], [2.0], [5.0]])))
    mean, variance = posterior.moments(X)
    assert mean[:, 0] == pytest.approx([1.0, 2.0, 5.0], abs=0.2)
    assert (variance > 0.0).all()
    dmean = posterior.moments_grad(X[0])[2]
    assert dmean[0, 0, 1] == 0.0


def test_resource_and_task_are_inputs_too():
    X = np.tile(np.linspace(0.0, 1.0, 4)[:, None], (2, 1))
    resource = np.repeat([1.0, 9.0], 4)
    Y = np.where(resource == 1.0, 3.0, 1.0)[:, None] + X
    posterior = ReferenceGP().fit(Dataset(X=X, Y=Y, resource=resource))
    low, _ = posterior.moments(X[:4], np.full(4, 1.0))
    high, _ = posterior.moments(X[:4], np.full(4, 9.0))
    default, _ = posterior.moments(X[:4])
    assert (low > high + 1.0).all()
    assert default == pytest.approx(high)

    task = np.repeat([0, -1], 4)
    other = ReferenceGP().fit(Dataset(X=X, Y=Y, task=task))
    assert other.moments(X[4:])[0] == pytest.approx(Y[4:], abs=0.3)


def test_known_noise_is_added():
    exact = data(m=1)
    noisy = Dataset(X=exact.X, Y=exact.Y, noise=np.full((7, 1), 100.0))
    _, narrow = ReferenceGP().fit(exact).moments(exact.X)
    _, wide = ReferenceGP().fit(noisy).moments(exact.X)
    assert (wide > 10.0 * narrow).all()


def test_prefers_a_long_scale_for_a_smooth_function():
    X = np.linspace(0.0, 1.0, 25)[:, None]
    smooth = ReferenceGP().fit(Dataset(X=X, Y=X))
    rough = ReferenceGP().fit(Dataset(X=X, Y=np.sin(30.0 * X)))
    assert smooth.ell > rough.ell
