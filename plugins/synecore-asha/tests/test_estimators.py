"""The estimator against Bayes' rule on a grid."""

from __future__ import annotations

import numpy as np
import pytest

from synecore_asha.estimators import BetaBinomialEstimator


def test_the_estimate_is_the_prior_mean_before_any_data():
    estimator = BetaBinomialEstimator(0.33, 2)

    assert estimator.posterior_mean() == pytest.approx(0.33)
    assert (estimator.num_one, estimator.num_total) == (0, 0)


@pytest.mark.parametrize(("mean", "size"), [(0.33, 2.0), (0.5, 5.0), (0.25, 20.0)])
def test_the_estimate_is_that_of_bayes_rule(mean, size):
    data = [1, 0, 0, True, False, 0, 1, 0]
    estimator = BetaBinomialEstimator(mean, size)
    estimator.update(data[:3])
    estimator.update(data[3:])

    p = (np.arange(200_000) + 0.5) / 200_000
    log = (mean * size - 1) * np.log(p) + ((1 - mean) * size - 1) * np.log1p(-p)  # the prior
    for x in data:
        log += np.log(p if x else 1 - p)
    weight = np.exp(log - log.max())
    assert estimator.posterior_mean() == pytest.approx((weight * p).sum() / weight.sum(), abs=2e-4)
    assert (estimator.num_one, estimator.num_total) == (3, 8)


def test_nothing_new_changes_nothing():
    estimator = BetaBinomialEstimator(0.4, 3)
    estimator.update([1])
    before = estimator.posterior_mean()
    estimator.update([])

    assert estimator.posterior_mean() == before


def test_the_state_is_two_numbers():
    estimator, other = BetaBinomialEstimator(0.4, 3), BetaBinomialEstimator(0.4, 3)
    estimator.update([1, 0, 0])
    other.load_state_dict(estimator.state_dict())

    assert other.posterior_mean() == estimator.posterior_mean() == pytest.approx(2.2 / 6)
