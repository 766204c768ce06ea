from __future__ import annotations

import logging

import pytest

from synecore.timing import RegularCallback, catchtime


def test_calls_at_most_once_in_the_interval():
    now, calls = [0.0], []
    regular = RegularCallback(calls.append, 10.0, clock=lambda: now[0])
    for second in (0, 1, 9, 10, 15, 25):
        now[0] = second
        regular(second)
    assert calls == [0, 10, 25]


def test_logs_the_time_of_a_block_even_if_it_raises(caplog):
    with caplog.at_level(logging.INFO, "synecore.timing"):
        with catchtime("fitting"):
            pass
        with pytest.raises(KeyError), catchtime("failing"):
            raise KeyError
    assert [record.args[0] for record in caplog.records] == ["fitting", "failing"]
