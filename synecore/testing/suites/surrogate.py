"""Conformance of surrogate models.

class TestMine(SurrogateSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: make("surrogate", "mine", problem=problem, seed=seed)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, TypeAlias

import attrs
import numpy as np
import pytest

from synecore.problem import Array
from synecore.protocols import Conditionable, Dataset, Differentiable, Posterior
from synecore.testing.problems import KnownProblem, branin, curves, two_objectives
from synecore.testing.recording import Call, Recorder
from synecore.testing.slopes import slope
from synecore.testing.suites.component import SEED, ComponentSuite, Make, accepts

Refit: TypeAlias = Callable[[Posterior, Dataset], Posterior]


class SurrogateSuite(ComponentSuite):
    """Every check of section 13 for a surrogate model.

    Attributes:
        tolerance: Relative error allowed between two ways to one number.
    """

    kind: ClassVar[str] = "surrogate"
    tolerance: ClassVar[float] = 1e-6
    depth: ClassVar[int] = 2

    @pytest.fixture
    def refit(self) -> Refit | None:
        """Override with a function of (posterior, data): a fit with the posterior's parameters."""
        return None

    def candidates(self) -> Sequence[KnownProblem]:
        return [branin(), curves(), two_objectives()]

    def play(self, recorder: Recorder, known: KnownProblem) -> None:
        for n in (1, 2, 5, 9, 14):
            recorder.call("fit", dataset(known, n))

    def comparable(self, call: Call, answer: Any) -> Any:
        data: Dataset = call.args[0]
        return answer.moments(data.X, data.resource)

    # ---- moments --------------------------------------------------------------------------

    @pytest.mark.parametrize("m", [1, 2])
    @pytest.mark.parametrize("n", [1, 7])
    def test_shapes_for_one_and_two_outputs(self, make: Make, m: int, n: int) -> None:
        known = branin() if m == 1 else two_objectives()
        if not accepts(make, known):
            return
        data = dataset(known, n)
        posterior: Any = make(known.problem, SEED).fit(data)
        X = points(known)
        mean, variance = posterior.moments(X)
        assert mean.shape == variance.shape == (len(X), m)
        assert np.isfinite(mean).all()
        if offers(posterior, Conditionable):
            fantasies = np.zeros((3, 2, m))
            mean, variance = posterior.condition_on(X[:2], fantasies).moments(X)
            assert mean.shape == variance.shape == (3, len(X), m)
            assert posterior.sample(X, 4, np.random.default_rng(0)).shape == (4, len(X), m)
        if offers(posterior, Differentiable):
            shapes = [part.shape for part in posterior.moments_grad(X[0])]
            assert shapes == [(1, m), (1, m), (1, m, 2), (1, m, 2)]

    def test_variance_is_positive_and_shrinks_at_data(
        self, make: Make, known: KnownProblem
    ) -> None:
        data = dataset(known, 12)
        posterior: Any = make(known.problem, SEED).fit(data)
        X = points(known)
        _, far = posterior.moments(X, levels(data, len(X)))
        _, near = posterior.moments(data.X, data.resource)
        assert (far > 0.0).all()
        assert (near > 0.0).all()
        assert np.median(near) < np.median(far)

    def test_mean_follows_the_data(self, make: Make) -> None:
        X = np.linspace(0.0, 1.0, 15)[:, None] * np.ones(2)
        data = Dataset(X=X, Y=10.0 * X[:, :1] - 3.0)
        mean, _ = make(branin().problem, SEED).fit(data).moments(X)
        rough = np.abs(mean - data.Y).mean()
        assert rough < 0.25 * data.Y.std(), "the mean is far from fifteen points on a line"

    def test_a_known_noise_widens_the_posterior(self, make: Make, known: KnownProblem) -> None:
        data = dataset(known, 10)
        noisy = attrs.evolve(data, noise=np.full_like(data.Y, 4.0 * data.Y.var() + 1.0))
        surrogate = make(known.problem, SEED)
        _, exact = surrogate.fit(data).moments(data.X, data.resource)
        _, wide = surrogate.fit(noisy).moments(data.X, data.resource)
        assert np.median(wide) >= np.median(exact)

    # ---- gradients ------------------------------------------------------------------------

    def test_gradients_match_differences(self, make: Make, known: KnownProblem) -> None:
        data = dataset(known, 9)
        posterior: Any = make(known.problem, SEED).fit(data)
        if not offers(posterior, Differentiable):
            return
        models = [posterior]
        if offers(posterior, Conditionable):
            X = points(known)[:2]
            Y = np.random.default_rng(3).normal(size=(2, 2, data.Y.shape[1]))
            models.append(posterior.condition_on(X, Y, levels(data, 2)))
        categorical = known.problem.space.is_categorical
        for model in models:
            for x in points(known)[2:5]:
                level = None if data.resource is None else float(data.resource.max())
                mean, variance, dmean, dvariance = model.moments_grad(x, level)
                plain = moments_at(model, x, level)
                assert mean == pytest.approx(plain[0], rel=self.tolerance)
                assert variance == pytest.approx(plain[1], rel=self.tolerance)
                for column in map(int, np.flatnonzero(~categorical)):
                    for output, grad in enumerate((dmean, dvariance)):
                        numeric = slope(partial(moment, model, level, output), x, column)
                        scale = 1e-6 * (1.0 + np.abs(plain[output]).max())
                        assert grad[..., column] == pytest.approx(numeric, rel=1e-4, abs=scale)

    # ---- conditioning ---------------------------------------------------------------------

    def test_conditioning_equals_refitting(
        self, make: Make, known: KnownProblem, refit: Refit | None
    ) -> None:
        data = dataset(known, 9)
        posterior: Any = make(known.problem, SEED).fit(data)
        if not offers(posterior, Conditionable):
            return
        X, resource = points(known)[:3], levels(data, 3)
        Y = posterior.moments(X, resource)[0] + np.random.default_rng(1).normal(
            size=(2, 3, data.Y.shape[1])
        )
        test = points(known)[3:]
        at = levels(data, len(test))
        mean, variance = posterior.condition_on(X, Y, resource).moments(test, at)
        for f in range(2):  # each fantasy by itself, point after point
            step: Any = posterior
            for q in range(3):
                level = None if resource is None else resource[q : q + 1]
                step = step.condition_on(X[q : q + 1], Y[f : f + 1, q : q + 1], level)
            one_mean, one_variance = step.moments(test, at)
            assert mean[f] == pytest.approx(one_mean[0], rel=self.tolerance, abs=self.tolerance)
            assert variance[f] == pytest.approx(one_variance[0], rel=1e-4, abs=self.tolerance)
            if refit is not None:
                fitted = refit(posterior, extended(data, X, Y[f], resource)).moments(test, at)
                assert mean[f] == pytest.approx(fitted[0], rel=self.tolerance, abs=self.tolerance)
                assert variance[f] == pytest.approx(fitted[1], rel=1e-4, abs=self.tolerance)

    def test_conditioning_pulls_the_mean_and_leaves_the_posterior_alone(
        self, make: Make, known: KnownProblem
    ) -> None:
        data = dataset(known, 9)
        posterior: Any = make(known.problem, SEED).fit(data)
        if not offers(posterior, Conditionable):
            return
        X, level = points(known)[:1], levels(data, 1)
        before = posterior.moments(X, level)
        high = before[0] + 10.0 * np.sqrt(before[1])
        after = posterior.condition_on(X, high[None], level).moments(X, level)
        assert (after[0][0] > before[0]).all(), "a high outcome does not raise the mean there"
        assert (after[1][0] < before[1]).all(), "an outcome does not lower the variance there"
        same = posterior.moments(X, level)
        assert np.array_equal(before[0], same[0])
        assert np.array_equal(before[1], same[1])

    def test_samples_have_the_posterior_moments(self, make: Make, known: KnownProblem) -> None:
        data = dataset(known, 9)
        posterior: Any = make(known.problem, SEED).fit(data)
        if not offers(posterior, Conditionable):
            return
        X = points(known)[:4]
        mean, variance = posterior.moments(X, levels(data, 4))
        drawn = posterior.sample(X, 4000, np.random.default_rng(5), levels(data, 4))
        error = np.abs(drawn.mean(axis=0) - mean) / np.sqrt(variance)
        assert (error < 0.1).all(), "4,000 samples do not average to the mean"
        assert drawn.var(axis=0) == pytest.approx(variance, rel=0.15)

    # ---- unfriendly data ------------------------------------------------------------------

    @pytest.mark.parametrize("case", ["constant targets", "repeated rows", "one row", "far apart"])
    def test_survives_constant_targets_repeated_rows_and_one_row(
        self, make: Make, known: KnownProblem, case: str
    ) -> None:
        data = dataset(known, 1 if case == "one row" else 8)
        if case == "constant targets":
            data = attrs.evolve(data, Y=np.full_like(data.Y, 3.0))
        if case == "repeated rows":
            data = Dataset(
                X=np.repeat(data.X[:2], 4, axis=0),
                Y=data.Y,
                resource=None if data.resource is None else np.repeat(data.resource[:2], 4),
            )
        if case == "far apart":
            data = attrs.evolve(data, Y=data.Y * 1e8 + 1e10)
        posterior: Any = make(known.problem, SEED).fit(data)
        X = points(known)
        mean, variance = posterior.moments(X, levels(data, len(X)))
        assert np.isfinite(mean).all()
        assert (variance > 0.0).all()
        if case in ("constant targets", "one row"):
            assert mean == pytest.approx(np.broadcast_to(data.Y[0], mean.shape), rel=0.5, abs=1.0)


def offers(posterior: Any, protocol: type) -> bool:
    """Whether a posterior has the methods of an optional protocol."""
    return isinstance(posterior, protocol)


def dataset(known: KnownProblem, n: int) -> Dataset:
    """n evaluations of a known problem; with a fidelity, at resources 1, 3 and the highest."""
    space = known.problem.space
    X = space.snap(space.sample(n, np.random.default_rng(11)))
    steps = [known.resource] * n
    if known.problem.fidelity is not None:
        steps = [(1, min(3, known.resource), known.resource)[i % 3] for i in range(n)]
    names = [objective.name for objective in known.problem.objectives]
    metrics = [known.evaluate(c, r) for c, r in zip(space.decode(X), steps, strict=True)]
    return Dataset(
        X=X,
        Y=np.array([[row[name] for name in names] for row in metrics], dtype=float),
        resource=None if known.problem.fidelity is None else np.array(steps, dtype=float),
    )


def points(known: KnownProblem) -> Array:
    """Eight fixed points of the space (8, d), their numbers away from the bounds."""
    space = known.problem.space
    X = space.sample(8, np.random.default_rng(2))
    return np.where(space.is_categorical, X, np.clip(X, 0.05, 0.95))


def levels(data: Dataset, n: int) -> Array | None:
    return None if data.resource is None else np.full(n, data.resource.max())


def extended(data: Dataset, X: Array, Y: Array, resource: Array | None) -> Dataset:
    """The data with further rows."""
    joined = None
    if data.resource is not None and resource is not None:
        joined = np.concatenate([data.resource, resource])
    return Dataset(X=np.concatenate([data.X, X]), Y=np.concatenate([data.Y, Y]), resource=joined)


def moment(model: Any, level: float | None, output: int, x: Array) -> Array:
    """Mean (output 0) or variance (output 1) at one point, (f, m)."""
    return moments_at(model, x, level)[output]


def moments_at(model: Any, x: Array, level: float | None) -> tuple[Array, Array]:
    """Mean and variance (f, m) at one point."""
    mean, variance = model.moments(x[None], None if level is None else np.array([level]))
    if mean.ndim == 2:
        mean, variance = mean[None], variance[None]
    return mean[:, 0], variance[:, 0]
