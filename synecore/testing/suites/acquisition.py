"""Conformance of acquisition functions.

class TestMine(AcquisitionSuite):
    @pytest.fixture
    def make(self):
        return lambda problem, seed: make("acquisition", "mine", problem=problem, seed=seed)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import attrs
import numpy as np
import pytest

from synecore.problem import Array
from synecore.protocols import AcquisitionInputs, DifferentiableScore
from synecore.testing.posteriors import Fixed, Sloped
from synecore.testing.problems import KnownProblem, branin, two_objectives
from synecore.testing.recording import Call, Recorder
from synecore.testing.reference_gp import ReferenceGP
from synecore.testing.slopes import slope
from synecore.testing.suites.component import SEED, ComponentSuite, Make
from synecore.testing.suites.surrogate import dataset, offers


class AcquisitionSuite(ComponentSuite):
    """Every check of section 13 for an acquisition function, on a reference Gaussian process.

    Attributes:
        tolerance: Relative error allowed for a mean over fantasies.
        greedy: Whether, of two points of equal variance, the one with the lower mean scores higher.
    """

    kind: ClassVar[str] = "acquisition"
    tolerance: ClassVar[float] = 1e-6
    greedy: ClassVar[bool] = True
    depth: ClassVar[int] = 2

    def candidates(self) -> Sequence[KnownProblem]:
        return [branin(), two_objectives()]

    def play(self, recorder: Recorder, known: KnownProblem) -> None:
        for n in (1, 4, 9):
            recorder.call("__call__", inputs(known, n))

    def comparable(self, call: Call, answer: Any) -> Any:
        return answer(grid(2))

    @pytest.fixture
    def model(self, known: KnownProblem) -> Any:
        """A posterior of nine points."""
        return posterior(known, 9)

    # ---- scores ---------------------------------------------------------------------------

    @pytest.mark.parametrize("q", [1, 5])
    def test_shapes(self, make: Make, known: KnownProblem, q: int) -> None:
        acquisition = make(known.problem, SEED)
        for given in (inputs(known, 9), with_fantasies(known, 9)):
            score = acquisition(given)(grid(2)[:q])
            assert score.shape == (q,)
            assert np.isfinite(score).all()

    def test_works_before_anything_feasible_is_known(self, make: Make, known: KnownProblem) -> None:
        given = attrs.evolve(inputs(known, 9), incumbent=None)
        assert np.isfinite(make(known.problem, SEED)(given)(grid(2))).all()

    def test_gradient_matches(self, make: Make, known: KnownProblem) -> None:
        acquisition = make(known.problem, SEED)
        for given in (inputs(known, 9), with_fantasies(known, 9)):
            score = acquisition(given)
            if not offers(score, DifferentiableScore):
                return
            for x in grid(2)[:4]:
                value, grad = score.value_and_grad(x)
                assert grad.shape == x.shape
                assert value == pytest.approx(score(x[None])[0], rel=1e-6, abs=1e-9)
                numeric = [slope(partial(value_at, score), x, j) for j in range(len(x))]
                scale = 1e-6 * (1.0 + abs(value))
                assert grad == pytest.approx(numeric, rel=1e-3, abs=scale)

    def test_finite_where_variance_is_tiny(self, make: Make, known: KnownProblem) -> None:
        m = len(known.problem.objectives)
        for variance in (1e-300, 1e-18):
            for mean in (-1e3, 0.0, 1e3):
                given = attrs.evolve(
                    inputs(known, 9), objective=Fixed(np.full(m, mean), np.full(m, variance))
                )
                score = make(known.problem, SEED)(given)
                assert np.isfinite(score(grid(2))).all()
                if offers(score, DifferentiableScore):
                    value, grad = score.value_and_grad(grid(2)[0])
                    assert np.isfinite([value, *grad]).all()

    def test_averages_over_fantasies(self, make: Make, known: KnownProblem) -> None:
        acquisition = make(known.problem, SEED)
        both = with_fantasies(known, 9)
        assert both.incumbent is not None
        X = grid(2)
        singles = []
        for f in range(2):
            alone = attrs.evolve(
                both,
                objective=posterior(known, 9).condition_on(X[:2], fantasies(known)[f : f + 1]),
                incumbent=both.incumbent[f : f + 1],
                rng=np.random.default_rng(0),
            )
            singles.append(acquisition(alone)(X))
        twice = attrs.evolve(
            both,
            objective=posterior(known, 9).condition_on(X[:2], fantasies(known)[[0, 0]]),
            incumbent=both.incumbent[[0, 0]],
            rng=np.random.default_rng(0),
        )
        averaged = acquisition(both)(X)
        slack = self.tolerance * (1.0 + np.abs(averaged))
        assert (averaged >= np.minimum(*singles) - slack).all(), "below every single fantasy"
        assert (averaged <= np.maximum(*singles) + slack).all(), "above every single fantasy"
        assert acquisition(twice)(X) == pytest.approx(singles[0], rel=1e-6, abs=self.tolerance)
        apart = np.abs(singles[0] - singles[1]) > 1e3 * slack
        for single in singles:
            off = np.abs(averaged - single)
            assert (off[apart] > slack[apart]).all(), "one of the fantasies is left out"

    def test_better_points_score_higher_on_a_known_case(
        self, make: Make, known: KnownProblem
    ) -> None:
        if not self.greedy:
            return
        m = len(known.problem.objectives)
        X = np.array([[0.1, 0.5], [0.5, 0.5], [0.9, 0.5]])
        given = attrs.evolve(inputs(known, 9), objective=Sloped(m))
        low, middle, high = make(known.problem, SEED)(given)(X)
        assert low > middle > high, "a lower mean at equal variance must score higher"


def value_at(score: Any, x: Array) -> Any:
    return score(x[None])[0]


def posterior(known: KnownProblem, n: int) -> Any:
    return ReferenceGP(known.problem.space.is_categorical).fit(dataset(known, n))


def inputs(known: KnownProblem, n: int) -> AcquisitionInputs:
    """What an acquisition function is given after n evaluations of a problem."""
    data = dataset(known, n)
    return AcquisitionInputs(
        objective=posterior(known, n),
        incumbent=data.Y.min(axis=0)[None],
        rng=np.random.default_rng(0),
        front=non_dominated(data.Y) if data.Y.shape[1] > 1 else None,
    )


def with_fantasies(known: KnownProblem, n: int) -> AcquisitionInputs:
    """The same with two fantasies of two pending points."""
    given = inputs(known, n)
    outcomes = fantasies(known)
    best = np.minimum(dataset(known, n).Y.min(axis=0), outcomes.min(axis=1))
    conditioned = posterior(known, n).condition_on(grid(2)[:2], outcomes)
    return attrs.evolve(given, objective=conditioned, incumbent=best)


def fantasies(known: KnownProblem) -> Array:
    """(2, 2, m) outcomes that differ much."""
    Y = dataset(known, 9).Y
    spread = Y.std(axis=0) * np.array([[[-0.5], [0.0]], [[1.5], [1.0]]])
    return np.asarray(Y.mean(axis=0) + spread)


def grid(d: int) -> Array:
    """Six fixed points inside the unit cube."""
    return np.asarray(np.random.default_rng(4).uniform(0.05, 0.95, size=(6, d)))


def non_dominated(Y: Array) -> Array:
    """Rows of Y (n, m) that no other row beats in every objective."""
    no_worse = np.all(Y[None] <= Y[:, None], axis=2)
    better = np.any(Y[None] < Y[:, None], axis=2)
    return np.asarray(Y[~np.any(no_worse & better, axis=1)])
