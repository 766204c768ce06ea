"""Points in a fixed order, each handed out once."""

from __future__ import annotations

import numpy as np
import pytest

from synecore_basic.shelf import Shelf


class Known:
    """As much of a trial table as a shelf asks for."""

    def __init__(self):
        self.keys = set()

    def seen(self, X):
        return np.array([x.tobytes() in self.keys for x in X], bool)

    def add(self, x):
        self.keys.add(x.tobytes())


def rows(indices):
    """Points 0, 1, 2, ...; every multiple of 7 is left out."""
    X = np.array(indices, float)[:, None]
    return np.where(X % 7 == 0, np.nan, X)


def values(points):
    return [float(x[0]) for x in points]


def test_hands_out_in_order_past_what_is_left_out_and_what_is_a_trial():
    shelf, trials = Shelf(rows, 600), Known()
    trials.add(np.array([2.0]))

    assert values(shelf.take(4, trials, set())) == [1.0, 3.0, 4.0, 5.0]


def test_hands_out_again_what_did_not_become_a_trial():
    shelf, trials = Shelf(rows, 600), Known()
    assert values(shelf.take(2, trials, set())) == [1.0, 2.0]
    trials.add(np.array([2.0]))

    assert values(shelf.take(2, trials, set())) == [1.0, 3.0]


def test_keeps_to_a_given_order():
    shelf = Shelf(rows, 6, np.array([5, 3, 1, 0, 2, 4]))

    assert values(shelf.take(9, Known(), set())) == [5.0, 3.0, 1.0, 2.0, 4.0]


def test_leaves_out_what_was_taken_already():
    taken = {np.array([1.0]).tobytes()}

    assert values(Shelf(rows, 6).take(2, Known(), taken)) == [2.0, 3.0]
    assert len(taken) == 3


@pytest.mark.parametrize("n", [1, 256, 257, 1000])
def test_runs_out_once(n):
    shelf, trials, served = Shelf(rows, n), Known(), []
    while points := shelf.take(3, trials, set()):
        for x in points:
            trials.add(x)
        served += values(points)

    assert served == [float(i) for i in range(n) if i % 7]
    assert shelf.take(1, trials, set()) == []


def test_the_state_is_where_to_look_first():
    shelf, other, trials = Shelf(rows, 600), Shelf(rows, 600), Known()
    for x in shelf.take(300, trials, set()):
        trials.add(x)
    shelf.take(1, trials, set())

    other.load_state_dict(shelf.state_dict())

    assert values(other.take(2, trials, set())) == values(shelf.take(2, trials, set()))
