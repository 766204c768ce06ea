from __future__ import annotations

import math

import numpy as np

from synecore_analysis.sparkline import ASCII_BARS, sparkline


def test_the_higher_the_value_the_higher_the_bar() -> None:
    assert sparkline(np.arange(8.0)) == "▁▂▃▄▅▆▇█"
    assert sparkline(np.array([3.0, 1.0])) == "█▁"


def test_unknown_values_are_blank() -> None:
    assert sparkline(np.array([math.nan, 1.0, 2.0, math.inf])) == " ▁█ "
    assert sparkline(np.array([math.nan])) == " "
    assert sparkline(np.array([])) == ""


def test_equal_values_are_a_flat_line() -> None:
    assert sparkline(np.full(3, 5.0)) == "▁▁▁"


def test_orders_of_magnitude_are_drawn_by_their_logarithm() -> None:
    assert sparkline(np.array([1.0, 10.0, 100.0])) == "▁▅█"
    assert sparkline(np.array([-1.0, 10.0, 100.0])) == "▁▂█"


def test_a_plain_terminal_gets_plain_letters() -> None:
    assert sparkline(np.arange(8.0), ASCII_BARS) == ASCII_BARS
    assert ASCII_BARS.isascii()
