from __future__ import annotations

import pickle

import numpy as np
import pytest

from synecore.columns import Columns


def test_rows_survive_growth():
    columns = Columns(a=("f8", ()), b=("i4", (2,)))
    for i in range(300):
        assert columns.append(a=i, b=(i, -i)) == i
    assert columns.n == 300
    np.testing.assert_array_equal(columns.view("a"), np.arange(300.0))
    np.testing.assert_array_equal(columns.view("b")[:, 1], -np.arange(300))


def test_unset_values_are_nan_or_zero():
    columns = Columns(a=("f8", ()), b=("i4", ()), reached=("f8", ()))
    columns.append()
    assert np.isnan(columns.view("a")[0])
    assert columns.view("b")[0] == 0
    assert columns.view("reached")[0] == 0.0


def test_views_are_read_only():
    columns = Columns(a=("f8", ()))
    columns.append(a=1.0)
    with pytest.raises(ValueError, match="read-only"):
        columns.view("a")[0] = 2.0


def test_replaced_columns_may_have_another_width():
    columns = Columns(x=("f8", (2,)))
    columns.append(x=(1.0, 2.0))
    columns.replace("x", np.ones((1, 3)))
    columns.append(x=(2.0, 2.0, 2.0))
    assert columns.view("x").shape == (2, 3)


def test_a_pickled_copy_stays_in_step_with_itself():
    columns = Columns(a=("f8", ()))
    columns.append(a=1.0)
    copy = pickle.loads(pickle.dumps(columns))
    copy.append(a=2.0)
    np.testing.assert_array_equal(copy.view("a"), [1.0, 2.0])
