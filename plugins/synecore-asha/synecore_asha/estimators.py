"""How likely it is that a new value at a rung beats one that is there already."""

from __future__ import annotations

from collections.abc import Iterable


class BetaBinomialEstimator:
    """Bayesian estimate of p = P(X = 1) from independent observations of X in {0, 1}.

    The prior is a Beta distribution, conjugate to the binomial likelihood. Written with its mean
    m = a / (a + b) and its size s = a + b, the posterior mean of p is (s m + k) / (s + n) after k
    ones among n observations: the prior counts as s observations whose mean is m.
    """

    __slots__ = ("_num_one", "_num_total", "_prior_mean", "_prior_size")

    def __init__(self, beta_mean: float, beta_size: float) -> None:
        self._prior_mean = beta_mean
        self._prior_size = beta_size
        self._num_one = 0
        self._num_total = 0

    def update(self, data: Iterable[float]) -> None:
        """Take in observations, each 0 or 1."""
        for x in data:
            self._num_one += x == 1
            self._num_total += 1

    @property
    def num_one(self) -> int:
        """Ones among the observations."""
        return self._num_one

    @property
    def num_total(self) -> int:
        """Observations."""
        return self._num_total

    def posterior_mean(self) -> float:
        """Return the estimate of p; the prior's mean before the first observation."""
        ones = self._prior_size * self._prior_mean + self._num_one
        return ones / (self._prior_size + self._num_total)

    def state_dict(self) -> list[int]:
        return [self._num_one, self._num_total]

    def load_state_dict(self, state: Iterable[int]) -> None:
        self._num_one, self._num_total = map(int, state)
