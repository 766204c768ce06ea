"""Whose checkpoint goes, of given candidates."""

from __future__ import annotations

import numpy as np
import pytest

from synecore_asha.removal_options import read_removal_options
from synecore_asha.resumption import compute_probabilities_of_getting_resumed
from synecore_asha.victims import AtRandom, Candidate, LeastExpectedLoss, LowestLevel, victims_for

CANDIDATES = [
    Candidate(trial=0, level=1.0, rank=4, rung_len=12, quantile=1 / 3),
    Candidate(trial=1, level=1.0, rank=9, rung_len=12, quantile=1 / 3),
    Candidate(trial=2, level=9.0, rank=3, rung_len=3, quantile=1 / 3),
    Candidate(trial=3, level=3.0, rank=4, rung_len=6, quantile=1 / 3),
    Candidate(trial=4, level=3.0, rank=6, rung_len=6, quantile=1 / 3),
]


def build(**options):
    given = {"max_num_checkpoints": 8, "max_wallclock_time": 100.0, **options}
    return victims_for(read_removal_options(given), np.random.SeedSequence(0))


def trials(chosen):
    return [candidate.trial for candidate, _ in chosen]


def test_level_times_probability_decides():
    victims = build()
    assert isinstance(victims, LeastExpectedLoss)
    columns = [[c.rank for c in CANDIDATES], [c.rung_len for c in CANDIDATES], 1 / 3, 0.33]
    chances = compute_probabilities_of_getting_resumed(*columns, 60.0 / 40.0, 25)
    scores = chances * [c.level for c in CANDIDATES]
    order = np.argsort(scores, kind="stable").tolist()

    chosen = victims.choose(CANDIDATES, 5, now=40.0)
    assert trials(chosen) == order == [4, 1, 3, 0, 2]
    assert [why["score"] for _, why in chosen] == sorted(scores)
    assert trials(victims.choose(CANDIDATES, 2, now=40.0)) == order[:2]


def test_of_equal_scores_the_lowest_level_and_the_worst_rank_goes():
    chosen = build().choose(CANDIDATES, 5, now=100.0)  # no time is left

    assert trials(chosen) == [1, 4, 3, 2, 0]  # the last one is within the cutoff
    assert [why["probability_resumed"] for _, why in chosen] == [0.0] * 4 + [1.0]


def test_the_lowest_level_goes_first_and_there_the_worst_rank():
    victims = build(baseline="by_level")

    assert isinstance(victims, LowestLevel)
    assert trials(victims.choose(CANDIDATES, 4, now=0.0)) == [1, 0, 4, 3]


def test_any_may_go_at_random_as_often_as_any_other():
    victims = build(baseline="random")
    assert isinstance(victims, AtRandom)
    gone = [trials(victims.choose(CANDIDATES, 2, now=0.0)) for _ in range(2000)]

    assert all(len(set(pair)) == 2 for pair in gone)
    assert np.bincount(np.ravel(gone)) / 4000 == pytest.approx(np.full(5, 0.2), abs=0.03)


def test_a_rung_has_an_estimate_of_its_own_once_it_has_enough_data():
    victims = build(min_data_at_rung=3, prior_beta_mean=0.25, prior_beta_size=4)
    victims.arrived(1.0, [True, False])
    victims.arrived(3.0, [True])
    assert victims.estimator_for_rung(1).posterior_mean() == pytest.approx((1 + 2) / (4 + 3))
    assert victims.estimator_for_rung(1) is victims.estimator_for_rung(27)

    victims.arrived(1.0, [False])
    assert victims.estimator_for_rung(1).posterior_mean() == pytest.approx((1 + 1) / (4 + 3))
    assert victims.estimator_for_rung(3).posterior_mean() == pytest.approx((1 + 2) / (4 + 4))
    victims.arrived(9.0, [])  # nobody waits there
    assert victims.estimator_for_rung(9).num_total == 4


def test_before_any_time_was_spent_everything_may_still_happen():
    chances = build().probabilities(CANDIDATES, now=0.0)

    assert np.all(chances > 0.5)
