"""How likely it is that a paused trial is resumed before the time is up.

Notation
--------
n      values at a rung now         k  rank of a paused trial among them, 1 is best
alpha  promotion quantile           p  chance that a new value ranks before the trial
beta   time left / time spent       N  values at the rung at some later moment

The model. Values arrive at a rung in proportion to time, so that beta n more are to come; where
that is no whole number, what is left over is the probability of one more. Each of them ranks before
the trial with probability p, independently of the others; the trial's rank is then a walk that
goes up by one or stays. The trial is resumed once its rank is within the quota,
1 + floor(alpha (N - 1)): as many of the best are no worse than the quantile that `Rung.cutoff`
interpolates between N >= 2 values.

What follows from it. The quota grows by one at a time, namely to j when N becomes
e_j = max(ceil((j - 1) / alpha) + 1, 2), and between two such moments a rank can only get worse. A
trial that was not resumed so far can therefore be resumed only at the arrivals number e_j - n, and
only if it then has rank j exactly. Let h_j(r) be the chance to be resumed, now or later, of a
trial that has rank r at N = e_j. Then

    h_j(r) = 1                                          for r <= j,
    h_j(r) = sum_b Bin(b; e_{j+1} - e_j, p) h_{j+1}(r + b)    for r > j,

and h = 0 for r > j at the last j that the quota reaches. If it reaches it with the arrival that
is uncertain, the h of ranks up to j is the probability of that arrival there. One sweep from the
last j back to the present gives the chances of all ranks of a rung; nothing is approximated in it.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from synecore.problem import Array

_EXACT = 4  # times approx_steps: rises of the quota that are all looked at
_FURTHEST = 40  # times approx_steps: rises of the quota beyond the worst rank that are foreseen
_ROUNDING = 1e-9  # alpha (N - 1) counts as whole if it is that near to a whole number


def compute_probabilities_of_getting_resumed(
    ranks: npt.ArrayLike,
    rung_lens: npt.ArrayLike,
    prom_quants: npt.ArrayLike,
    p_vals: npt.ArrayLike,
    time_ratio: float,
    approx_steps: int,
) -> Array:
    """Return for paused trials (q,) the probability of being resumed, under the model above.

    The result is exact while the quota rises at most 4 approx_steps times before the time is up. If
    it rises more often, the first 4 approx_steps rises are looked at and as many of the later ones,
    at even distances: a trial that is within the quota only between two of those counts as not
    resumed, which makes the result too low, by 0.02 or less with 25 steps. Rises beyond 40
    approx_steps above the worst rank are not foreseen; they matter where p is nearly alpha. The
    cost grows with the square of `approx_steps` at most.

    Args:
        ranks: Ranks k (q,) in their rungs, from 1, which is best.
        rung_lens: Values n (q,) at their rungs.
        prom_quants: Promotion quantiles alpha (q,) in (0, 1) of their rungs.
        p_vals: Probabilities p (q,) that a new value ranks before the trial.
        time_ratio: beta >= 0, time left / time spent; may be infinite.
        approx_steps: At least 1; see above.
    """
    columns = [np.atleast_1d(c).astype(float) for c in (ranks, rung_lens, prom_quants, p_vals)]
    k, *rung = np.broadcast_arrays(*columns)
    result = np.empty(k.shape)
    rungs, group = np.unique(np.stack(rung), axis=1, return_inverse=True)
    for i, (n, alpha, p) in enumerate(rungs.T):
        rows = group.reshape(-1) == i
        worst = int(k[rows].max())
        chances = _by_rank(int(n), float(alpha), float(p), worst, time_ratio, approx_steps)
        result[rows] = chances[k[rows].astype(np.int64)]
    return result


def _by_rank(n: int, alpha: float, p: float, worst: int, beta: float, steps: int) -> Array:
    """Return h at N = n, index 0 unused, for the ranks 1 to at least `worst`."""
    now = _quota(n, alpha)
    furthest = max(worst, now) + _FURTHEST * steps
    arrivals = min(beta * n, _entries(furthest, alpha) - n)
    whole = int(arrivals + _ROUNDING)
    last, last_chance = _quota(n + whole + 1, alpha), max(arrivals - whole, 0.0)
    exact = min(last, now + _EXACT * steps)
    looks = list(range(now + 1, exact + 1))
    if last > exact:
        later = np.linspace(exact, last, min(last - exact, _EXACT * steps) + 1)[1:]
        looks += np.rint(later).astype(int).tolist()
    h = np.zeros(max(worst, last) + 1)
    h[: last + 1] = last_chance if _entries(last, alpha) == n + whole + 1 else 1.0
    for j, after in zip([now, *looks][-2::-1], looks[::-1], strict=True):
        entries = n if j == now else _entries(j, alpha)
        better = _binomial(_entries(after, alpha) - entries, p)  # how many of those arriving are
        padded = np.concatenate([h[j + 1 :], np.zeros(len(better) - 1)])
        h[j + 1 :] = np.correlate(padded, better, "valid")
        h[: j + 1] = 1.0
    return h


def _quota(n: int, alpha: float) -> int:
    """Return how many of the best n may go on."""
    return 0 if n < 2 else 1 + math.floor(alpha * (n - 1) + _ROUNDING)


def _entries(quota: int, alpha: float) -> int:
    """Return the number of values at which the quota becomes `quota` >= 1."""
    return max(math.ceil((quota - 1) / alpha - _ROUNDING) + 1, 2)


@lru_cache(maxsize=256)
def _binomial(n: int, p: float) -> Array:
    """Return the probabilities (n + 1,) of 0 to n successes in n trials."""
    if p in (0.0, 1.0) or n == 0:
        certain = np.zeros(n + 1)
        certain[n if p == 1.0 else 0] = 1.0
        return certain
    b = np.arange(n + 1.0)
    steps = np.log((n - b[:-1]) / b[1:]) + math.log(p / (1.0 - p))
    log = n * math.log1p(-p) + np.concatenate([[0.0], np.cumsum(steps)])
    probabilities: Array = np.exp(log)
    probabilities.flags.writeable = False  # the cache keeps it
    return probabilities
