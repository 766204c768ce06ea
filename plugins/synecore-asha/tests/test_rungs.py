"""Rungs against brute force: numpy.quantile on the values themselves."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synecore_asha.rungs import Entry, Rung

values = st.lists(
    st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.0, 0.1, 0.25, 1.0, 3.0])),
    min_size=1,
    max_size=40,
)
quantiles = st.sampled_from([1 / 3, 3 / 9, 27 / 81, 27 / 56, 1 / 2, 1 / 4, 81 / 200, 9 / 10])


@given(values, quantiles)
def test_the_cutoff_is_numpys_quantile_to_the_last_bit(ys, q):
    rung = Rung(9.0, q)
    for i, y in enumerate(ys):
        rung.add(i, y)
        expected = None if i == 0 else float(np.quantile(ys[: i + 1], q))

        assert rung.cutoff() == expected


@given(values, quantiles)
def test_a_trial_passes_iff_it_is_no_worse_than_the_quantile_with_its_own_value(ys, q):
    rung = Rung(9.0, q)
    for i, y in enumerate(ys):
        rung.add(i, y)
        passes = i == 0 or y <= np.quantile(ys[: i + 1], q)

        assert rung.passes(y, rung.cutoff()) == passes


@given(values, quantiles)
def test_entries_are_sorted_and_ties_keep_their_order_of_arrival(ys, q):
    rung = Rung(9.0, q)
    ranks = [rung.add(i, y) for i, y in enumerate(ys)]

    order = np.argsort(ys, kind="stable")
    assert rung.entries() == [(int(i), ys[i]) for i in order]
    assert ranks == [sum(other <= y for other in ys[:i]) for i, y in enumerate(ys)]


def test_a_value_that_is_the_cutoff_passes_whatever_the_number_of_values():
    """Reported with the other sign, the quantile 1 - 1/3 of ten values misses it by a rounding."""
    values = [0.3 + i / 10 for i in range(10)]
    rung = Rung(9.0, 1 / 3)
    for i, y in enumerate(values):
        rung.add(i, y)

    assert rung.passes(values[3], rung.cutoff())
    assert not rung.passes(values[4], rung.cutoff())
    assert -values[3] < np.quantile([-y for y in values], 1.0 - 1 / 3)


def test_one_value_gives_no_cutoff_and_passes():
    rung = Rung(1.0, 1 / 3)
    rung.add(0, 5.0)

    assert rung.cutoff() is None
    assert rung.passes(5.0, None)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_diverged_trial_ranks_last_and_does_not_pass(bad):
    rung = Rung(1.0, 1 / 3)
    rung.add(0, 0.5)

    assert rung.add(1, bad) == 1
    assert rung.cutoff() == 0.5
    assert rung.passes(0.5, rung.cutoff())
    assert not rung.passes(math.inf, rung.cutoff())


def test_where_all_diverged_nobody_passes():
    rung = Rung(1.0, 1 / 3)
    for trial in range(3):
        rung.add(trial, math.nan)

    assert rung.cutoff() == math.inf
    assert not rung.passes(math.inf, rung.cutoff())
    rung.wait(0, math.inf, 1)
    assert rung.promotable(rung.cutoff()) is None


@given(values, quantiles, st.data())
def test_promotes_the_best_that_waits_and_is_within_the_cutoff(ys, q, data):
    rung = Rung(9.0, q)
    waiting = []
    for i, y in enumerate(ys):
        rung.add(i, y)
        if data.draw(st.booleans()):
            rung.wait(i, y, i + 1)
            waiting.append(i)
    best = min(waiting, key=lambda i: (ys[i], i), default=None)
    fits = len(ys) > 1 and best is not None and ys[best] <= np.quantile(ys, q)

    found = rung.promotable(rung.cutoff())

    order = np.argsort(ys, kind="stable").tolist()
    assert found == (Entry(best, ys[best], order.index(best)) if fits else None)


def test_a_promoted_trial_keeps_its_value_and_waits_no_more():
    rung = Rung(1.0, 1 / 2)
    for trial, y in enumerate([0.3, 0.1, 0.2]):
        rung.add(trial, y)
        rung.wait(trial, y, trial + 1)

    rung.promote()

    assert len(rung) == 3
    assert [e.trial for e in rung.waiting()] == [2, 0]
    assert [e.rank for e in rung.waiting()] == [1, 2]


def test_withdrawing_forgets_who_waits_and_keeps_the_value():
    rung = Rung(1.0, 1 / 2)
    for trial, y in enumerate([0.3, 0.1, 0.2]):
        rung.add(trial, y)
        rung.wait(trial, y, trial + 1)

    assert rung.withdraw(1)
    assert not rung.withdraw(1)
    assert [e.trial for e in rung.waiting()] == [2, 0]
    assert len(rung) == 3


def test_the_state_survives_json_and_goes_on_alike():
    rung, other = Rung(3.0, 1 / 3), Rung(3.0, 1 / 3)
    for trial, y in enumerate([0.3, math.nan, 0.1, 0.1, 0.2]):
        rung.add(trial, y)
        if trial != 2:
            rung.wait(trial, math.inf if y != y else y, rung.arrivals)
    state = {
        key: value.tolist() if isinstance(value, np.ndarray) else value
        for key, value in rung.state_dict().items()
    }

    other.load_state_dict(json.loads(json.dumps(state)))

    assert other.entries() == rung.entries()
    assert other.waiting() == rung.waiting()
    assert other.cutoff() == rung.cutoff()
    assert other.add(9, 0.1) == rung.add(9, 0.1)
