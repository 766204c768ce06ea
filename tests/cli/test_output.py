from __future__ import annotations

import json
import math

import numpy as np
import pytest

from synecore.cli.output import pairs, print_json, print_table, text


def test_columns_are_aligned_and_numbers_to_the_right(capsys):
    print_table([{"name": "a", "n": 1}, {"name": "long", "n": 12.5}])
    assert capsys.readouterr().out == "name     n\na        1\nlong  12.5\n"


def test_missing_values_are_dashes_and_columns_the_union(capsys):
    print_table([{"a": 1}, {"b": None, "c": ""}])
    assert capsys.readouterr().out == "a  b  c\n1  -  -\n-  -  -\n"


def test_a_column_of_mixed_values_is_text(capsys):
    print_table([{"v": 1}, {"v": "word"}])
    assert capsys.readouterr().out == "v\n1\nword\n"


def test_columns_may_be_chosen_and_rows_be_missing(capsys):
    print_table([{"a": 1, "b": 2}], ["b"])
    print_table([], ["b", "c"])
    assert capsys.readouterr().out == "b\n2\nb  c\n"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "-"), ("", "-"), (0, "0"), (0.1 + 0.2, "0.3"), (True, "True"), (1e-9, "1e-09"),
     (math.nan, "nan"), ("x", "x")],
)  # fmt: skip
def test_a_cell(value, expected):
    assert text(value) == expected


def test_pairs_are_short():
    assert pairs({"lr": 1 / 3, "kind": "sgd"}) == "lr=0.333333 kind=sgd"


def test_json_has_no_nan_and_no_numpy(capsys):
    print_json(
        {"a": [math.nan, math.inf, 1.5], "b": (np.float64(2.5), np.int64(3)), 4: {"c": None}}
    )
    assert json.loads(capsys.readouterr().out) == {
        "a": [None, None, 1.5], "b": [2.5, 3], "4": {"c": None}
    }  # fmt: skip


def test_numpy_nan_is_null_too(capsys):
    print_json([np.float32("nan"), np.float64("inf"), np.float32(0.5)])
    assert json.loads(capsys.readouterr().out) == [None, None, 0.5]
