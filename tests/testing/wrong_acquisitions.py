"""Acquisition functions that are wrong in one way each; see test_acquisition_suite.py."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from synecore.testing import AcquisitionSuite, ReferenceEI
from synecore.testing.reference_ei import ReferenceScore


class Base(AcquisitionSuite):
    score = ReferenceScore

    @pytest.fixture
    def make(self):
        return lambda problem, seed: self.score


class TestRight(Base):
    pass


class TestRightFactory(AcquisitionSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: ReferenceEI()


class OneColumnTooMany(ReferenceScore):
    def __call__(self, X):
        return super().__call__(X)[:, None]


class TestOneColumnTooMany(Base):
    score = OneColumnTooMany


class NeedsAnIncumbent(ReferenceScore):
    def __call__(self, X):
        if self.inputs.incumbent is None:
            raise TypeError("no incumbent")
        return super().__call__(X)


class TestNeedsAnIncumbent(Base):
    score = NeedsAnIncumbent


class WrongGradient(ReferenceScore):
    def value_and_grad(self, x):
        value, grad = super().value_and_grad(x)
        return value, 1.1 * grad


class TestWrongGradient(Base):
    score = WrongGradient


class GradientOfTheFirstFantasy(ReferenceScore):
    def value_and_grad(self, x):
        value, _ = super().value_and_grad(x)
        _, _, dmean, _ = self.inputs.objective.moments_grad(x)
        return value, -dmean[0, 0]


class TestGradientOfTheFirstFantasy(Base):
    score = GradientOfTheFirstFantasy


class TakesTheLogarithm(ReferenceScore):
    def __call__(self, X):
        with np.errstate(divide="ignore"):
            return np.log(super().__call__(X))


class TestTakesTheLogarithm(Base):
    score = TakesTheLogarithm


class FirstFantasyOnly(ReferenceScore):
    def __call__(self, X):
        mean, _ = self.inputs.objective.moments(X)
        mean = mean[0] if mean.ndim == 3 else mean
        best = 0.0 if self.inputs.incumbent is None else self.inputs.incumbent[0, 0]
        return best - mean[:, 0]


class TestFirstFantasyOnly(Base):
    score = FirstFantasyOnly


class SumsOverFantasies(ReferenceScore):
    def __call__(self, X):
        mean, _ = self.inputs.objective.moments(X)
        return super().__call__(X) * (len(mean) if mean.ndim == 3 else 1)


class TestSumsOverFantasies(Base):
    score = SumsOverFantasies


class Maximises(ReferenceScore):
    def __call__(self, X):
        return -super().__call__(X)


class TestMaximises(Base):
    score = Maximises


class ChangesTheIncumbent(ReferenceScore):
    def __attrs_post_init__(self):
        if self.inputs.incumbent is not None:
            self.inputs.incumbent[...] -= 1.0


@attrs.frozen
class ChangesInputs(ChangesTheIncumbent):
    pass


class TestChangesInputs(Base):
    score = ChangesInputs


class DrawsOutside(ReferenceScore):
    def __call__(self, X):
        return super().__call__(X) + 1e-3 * np.random.default_rng().random(len(X))


class TestDrawsOutside(Base):
    score = DrawsOutside
