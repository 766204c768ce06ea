from __future__ import annotations

import json

import numpy as np
import pytest

from synecore.mappings import (
    dict_get,
    dump_json_with_numpy,
    find_first_of_type,
    is_increasing,
    is_integer,
    is_positive_integer,
    metric_name_mode,
    recursive_merge,
)


def test_dict_get_takes_none_as_missing():
    params = {"a": None, "b": 0}
    assert dict_get(params, "a", 1) == 1
    assert dict_get(params, "b", 1) == 0
    assert dict_get(params, "c", 1) == 1


def test_merge_goes_level_by_level_and_b_wins():
    a = {"x": {"p": 1, "q": 2}, "y": 3}
    assert recursive_merge(a, {"x": {"q": 5}, "z": 6}) == {"x": {"p": 1, "q": 5}, "y": 3, "z": 6}
    assert a == {"x": {"p": 1, "q": 2}, "y": 3}


def test_merge_replaces_whole_values_below_stop_keys():
    assert recursive_merge({"x": {"p": 1}}, {"x": {"q": 2}}, stop_keys=["x"]) == {"x": {"q": 2}}


def test_merge_with_nothing_copies():
    assert recursive_merge({"x": 1}, None) == {"x": 1}


def test_json_takes_numpy_values(tmp_path):
    values = {"a": np.float64(0.5), "b": np.arange(3), "c": np.bool_(True)}
    expected = {"a": 0.5, "b": [0, 1, 2], "c": True}
    assert json.loads(dump_json_with_numpy(values)) == expected
    assert dump_json_with_numpy(values, tmp_path / "x.json") is None
    assert json.loads((tmp_path / "x.json").read_text()) == expected


def test_json_refuses_other_objects():
    with pytest.raises(TypeError, match="object has no JSON form"):
        dump_json_with_numpy({"a": object()})


def test_first_of_type():
    assert find_first_of_type([1, "a", "b"], str) == "a"
    assert find_first_of_type([1], str) is None


@pytest.mark.parametrize(
    ("metric", "expected"), [(0, ("loss", "min")), ("accuracy", ("accuracy", "max"))]
)
def test_metric_by_index_or_name(metric, expected):
    assert metric_name_mode(["loss", "accuracy"], ["min", "max"], metric) == expected


def test_one_mode_stands_for_all_metrics():
    assert metric_name_mode(["a", "b"], "max", 1) == ("b", "max")


@pytest.mark.parametrize("metric", ["x", 2])
def test_unknown_metrics_are_errors(metric):
    with pytest.raises(ValueError, match="metric"):
        metric_name_mode(["a", "b"], "min", metric)


def test_list_predicates():
    assert is_increasing([1, 2, 3])
    assert not is_increasing([1, 1])
    assert is_integer([0, -1])
    assert not is_integer([1, True])
    assert is_positive_integer([1, 2])
    assert not is_positive_integer([0, 1])
