"""Expected improvement against an average over samples and against autograd."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from synecore.protocols import AcquisitionInputs, Dataset
from synecore.testing.reference_ei import ReferenceEI
from synecore.testing.reference_gp import ReferenceGP
from synecore.testing.slopes import slope


def model(seed=0, m=1):
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(6, 2))
    return ReferenceGP().fit(Dataset(X=X, Y=rng.normal(size=(6, m))))


def inputs(**changes):
    given = AcquisitionInputs(
        objective=model(), incumbent=np.array([[0.1]]), rng=np.random.default_rng(0)
    )
    return attrs.evolve(given, **changes)


X = np.random.default_rng(9).uniform(size=(5, 2))


def test_is_the_mean_gain_of_samples():
    posterior = model()
    expected = [
        np.maximum(0.1 - posterior.sample(x[None], 200_000, np.random.default_rng(1)), 0.0).mean()
        for x in X
    ]
    assert ReferenceEI()(inputs())(X) == pytest.approx(expected, rel=0.02, abs=1e-4)


def test_averages_over_fantasies():
    outcomes = np.array([[[0.0]], [[2.0]]])
    both = model().condition_on(X[:1], outcomes)
    best = np.array([[0.0], [0.1]])
    score = ReferenceEI()(inputs(objective=both, incumbent=best))(X)
    singles = [
        ReferenceEI()(
            inputs(objective=model().condition_on(X[:1], outcomes[[f]]), incumbent=best[[f]])
        )(X)
        for f in range(2)
    ]
    assert score == pytest.approx(np.mean(singles, axis=0))


def test_weighs_by_the_chance_of_feasibility():
    constraint = model(seed=5, m=2)
    mean, variance = constraint.moments(X)
    drawn = np.random.default_rng(0).normal(size=(100_000, 1, 1)) * np.sqrt(variance) + mean
    chance = (drawn <= 0.0).mean(axis=0).prod(axis=1)
    plain = ReferenceEI()(inputs())(X)
    assert ReferenceEI()(inputs(constraint=constraint))(X) == pytest.approx(
        plain * chance, rel=0.03, abs=1e-3
    )
    unknown = ReferenceEI()(inputs(constraint=constraint, incumbent=None))(X)
    assert unknown == pytest.approx(chance, abs=0.01)


@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("fantasies", [False, True])
def test_gradient_matches_differences(constrained, fantasies):
    changes = {"constraint": model(seed=5, m=2)} if constrained else {}
    if fantasies:
        outcomes = np.array([[[0.0]], [[2.0]]])
        changes["objective"] = model().condition_on(X[:1], outcomes)
        changes["incumbent"] = np.array([[0.0], [0.1]])
    score = ReferenceEI()(inputs(**changes))
    for x in X[1:]:
        value, gradient = score.value_and_grad(x)
        assert value == pytest.approx(score(x[None])[0])
        numeric = [slope(lambda z: score(z[None])[0], x, j) for j in range(2)]
        assert gradient == pytest.approx(numeric, rel=1e-4, abs=1e-7)


def test_needs_gradients_of_the_model_for_its_own():
    class Plain:
        def moments(self, X, resource=None):
            return np.zeros((len(X), 1)), np.ones((len(X), 1))

    with pytest.raises(TypeError, match="Plain has no moments_grad"):
        ReferenceEI()(inputs(objective=Plain())).value_and_grad(X[0])
