"""Guards notice what they watch, leave others alone, and put everything back."""

from __future__ import annotations

import datetime
import logging
import random
import time
from datetime import datetime as bound_datetime
from time import perf_counter as bound_clock

import numpy as np
import pytest

from synecore.testing.guards import ClockRead, global_randomness, stopped_clocks


class Component:
    def __init__(self, read):
        self.read = read


READS = {
    "time.time": lambda: time.time(),
    "time.monotonic_ns": lambda: time.monotonic_ns(),
    "time.perf_counter": lambda: bound_clock(),
    "time.sleep": lambda: time.sleep(0.0),
    "datetime.now": lambda: datetime.datetime.now(),
    "datetime.utcnow": lambda: bound_datetime.utcnow(),
}


@pytest.mark.parametrize("name", READS)
def test_a_component_may_not_ask_for_the_time(name):
    component = Component(READS[name])
    with (
        stopped_clocks(component),
        pytest.raises(ClockRead, match=rf"test_guards called {name}; a component is given"),
    ):
        component.read()


def test_the_standard_library_may(caplog):
    with stopped_clocks(Component(None)):
        logging.getLogger(__name__).warning("this record carries the time")
    assert len(caplog.records) == 1


def test_dates_stay_dates():
    moment = datetime.datetime(2020, 1, 1)
    with stopped_clocks(Component(None)):
        assert isinstance(moment, datetime.datetime)
        assert datetime.datetime(2020, 1, 2) > moment


def test_clocks_are_put_back_even_after_an_error():
    before = time.time, bound_clock, bound_datetime
    with pytest.raises(ZeroDivisionError), stopped_clocks(Component(None)):
        raise ZeroDivisionError
    assert (time.time, bound_clock, bound_datetime) == before
    assert time.time() > 0.0


@pytest.mark.parametrize(
    ("draw", "name"),
    [
        (lambda: random.random(), "random"),
        (lambda: np.random.rand(), "numpy.random"),  # noqa: NPY002 the legacy state is watched
        (lambda: np.random.seed(3), "numpy.random"),  # noqa: NPY002 as above
        (lambda: np.random.default_rng(0).random(), ""),
    ],
)
def test_says_which_global_generator_was_used(draw, name):
    with global_randomness(1) as used:
        assert used() == ""
        draw()
        assert used() == name


def test_global_generators_go_on_where_they_were():
    random.seed(5)
    expected = random.random()
    random.seed(5)
    with global_randomness(2):
        random.random()
    assert random.random() == expected


def test_the_poison_decides_what_is_drawn():
    drawn = []
    for poison in (1, 1, 2):
        with global_randomness(poison):
            drawn.append(random.random())
    assert drawn[0] == drawn[1] != drawn[2]
