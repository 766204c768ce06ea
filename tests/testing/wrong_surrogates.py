"""Surrogates that are wrong in one way each; see test_surrogate_suite.py."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from synecore.testing import ReferenceGP, SurrogateSuite
from synecore.testing.reference_gp import ReferencePosterior


class Base(SurrogateSuite):
    surrogate = ReferenceGP
    posterior = ReferencePosterior

    @pytest.fixture
    def make(self):
        def build(problem, seed):
            surrogate = self.surrogate(problem.space.is_categorical)
            fit, posterior = surrogate.fit, self.posterior

            def fit_and_wrap(data):
                found = fit(data)
                values = attrs.asdict(found, recurse=False, filter=lambda field, value: field.init)
                return posterior(**values)

            surrogate.fit = fit_and_wrap
            return surrogate

        return build

    @pytest.fixture
    def refit(self):
        return lambda posterior, data: ReferencePosterior.refit(posterior, data)


class TestRight(Base):
    pass


class DropsAnAxis(ReferencePosterior):
    def moments(self, X, resource=None):
        mean, variance = super().moments(X, resource)
        return mean[..., 0], variance[..., 0]


class TestDropsAnAxis(Base):
    posterior = DropsAnAxis


class FantasiesLast(ReferencePosterior):
    def moments(self, X, resource=None):
        mean, variance = super().moments(X, resource)
        if mean.ndim == 3:
            return mean.transpose(1, 2, 0), variance.transpose(1, 2, 0)
        return mean, variance


class TestFantasiesLast(Base):
    posterior = FantasiesLast


class NegativeVariance(ReferencePosterior):
    def moments(self, X, resource=None):
        mean, variance = super().moments(X, resource)
        return mean, variance - 1e-3 * self.v


class TestNegativeVariance(Base):
    posterior = NegativeVariance


class SameVarianceEverywhere(ReferencePosterior):
    def moments(self, X, resource=None):
        mean, variance = super().moments(X, resource)
        return mean, np.broadcast_to(self.v, variance.shape)


class TestSameVarianceEverywhere(Base):
    posterior = SameVarianceEverywhere


class MeanOfTheData(ReferencePosterior):
    def moments(self, X, resource=None):
        mean, variance = super().moments(X, resource)
        return np.broadcast_to(self.shift, mean.shape), variance


class TestMeanOfTheData(Base):
    posterior = MeanOfTheData


class WrongGradient(ReferencePosterior):
    """Forgets the square of the length scale, as is easily done."""

    def moments_grad(self, x, resource=None):
        mean, variance, dmean, dvariance = super().moments_grad(x, resource)
        return mean, variance, dmean * self.ell, dvariance * self.ell


class TestWrongGradient(Base):
    posterior = WrongGradient


class ForgetsTheNoise(ReferencePosterior):
    def condition_on(self, X, Y, resource=None):
        found = super().condition_on(X, Y, resource)
        noise = found.noise.copy()
        noise[len(self.noise) :] = 0.3
        return attrs.evolve(found, noise=noise)


class TestForgetsTheNoise(Base):
    posterior = ForgetsTheNoise


class ConditionsOnTheFirstPoint(ReferencePosterior):
    def condition_on(self, X, Y, resource=None):
        level = None if resource is None else resource[:1]
        return super().condition_on(X[:1], Y[:, :1], level)


class TestConditionsOnTheFirstPoint(Base):
    posterior = ConditionsOnTheFirstPoint


class ConditionsInPlace(ReferencePosterior):
    def condition_on(self, X, Y, resource=None):
        found = super().condition_on(X, Y, resource)
        object.__setattr__(self, "factor", self.factor * 1.01)
        return found


class TestConditionsInPlace(Base):
    posterior = ConditionsInPlace


class SamplesTooWide(ReferencePosterior):
    def sample(self, X, s, rng, resource=None):
        mean, _ = self.moments(X, resource)
        return mean + 1.5 * (super().sample(X, s, rng, resource) - mean)


class TestSamplesTooWide(Base):
    posterior = SamplesTooWide


class DividesByTheSpread(ReferenceGP):
    def fit(self, data):
        if not data.Y.std(axis=0).all():
            raise ZeroDivisionError("constant targets")
        return super().fit(data)


class TestDividesByTheSpread(Base):
    surrogate = DividesByTheSpread


class InvertsTheGram(ReferenceGP):
    def fit(self, data):
        gaps = np.abs(data.X[:, None] - data.X[None]).sum(axis=2) + np.eye(len(data.X))
        if not gaps.all():
            raise np.linalg.LinAlgError("Singular matrix")
        return super().fit(data)


class TestInvertsTheGram(Base):
    surrogate = InvertsTheGram


class SortsItsInput(ReferenceGP):
    def fit(self, data):
        data.Y.sort(axis=0)
        return super().fit(data)


class TestSortsItsInput(Base):
    surrogate = SortsItsInput


class WarmStartsUnsaved(ReferenceGP):
    """Its answer depends on how often it was fitted."""

    fits = 0

    def fit(self, data):
        self.fits += 1
        found = super().fit(data)
        return attrs.evolve(found, ell=found.ell * (1.0 + 0.01 * self.fits))


class TestWarmStartsUnsaved(Base):
    surrogate = WarmStartsUnsaved


class IgnoresKnownNoise(ReferenceGP):
    def fit(self, data):
        if data.noise is not None:
            return attrs.evolve(
                super().fit(attrs.evolve(data, noise=None)),
                noise=np.full(data.Y.shape, 1e-9),
            )
        return super().fit(data)


class TestIgnoresKnownNoise(Base):
    surrogate = IgnoresKnownNoise
