from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from synecore.errors import SpaceError
from synecore.space import SearchSpace, choice, loguniform, ordinal, randint, uniform

SPACE = SearchSpace(
    {
        "u": uniform(0, 1),
        "three": choice(["a", "b", "c"]),
        "two": choice(["x", "y"]),
        "one": choice(["only"]),
        "o": ordinal(["low", "high"]),
        "i": randint(0, 3),
    }
)


def test_categories_are_one_hot_and_two_values_take_one_dimension() -> None:
    assert SPACE.n_features == 8
    assert SPACE.feature_ranges == {
        "u": (0, 1), "three": (1, 4), "two": (4, 5), "one": (5, 6), "o": (6, 7), "i": (7, 8),
    }  # fmt: skip
    X = SPACE.encode(
        [
            {"u": 0.2, "three": "b", "two": "x", "one": "only", "o": "low", "i": 0},
            {"u": 0.4, "three": "c", "two": "y", "one": "only", "o": "high", "i": 3},
        ]
    )
    assert SPACE.features(X).tolist() == [
        [0.2, 0, 1, 0, 0.25, 0.5, 0.25, 0.125],
        [0.4, 0, 0, 1, 0.75, 0.5, 0.75, 0.875],
    ]


def test_features_go_back_to_the_same_rows() -> None:
    X = SPACE.sample(500, np.random.default_rng(0))
    F = SPACE.features(X)
    assert F.min() >= 0.0
    assert F.max() <= 1.0
    assert np.array_equal(SPACE.from_features(F), X)


def test_any_point_of_the_unit_cube_is_a_configuration() -> None:
    F = np.random.default_rng(0).random((400, SPACE.n_features))
    X = SPACE.from_features(F)
    assert np.array_equal(SPACE.snap(X), X)
    assert np.array_equal(X[:, 1], F[:, 1:4].argmax(axis=1))
    assert np.array_equal(X[:, 2], F[:, 4] >= 0.5)
    assert SPACE.from_features(np.array([[-1.0] * 8, [2.0] * 8]))[:, 0].tolist() == [0.0, 1.0]


def test_uniform_features_decode_to_samples_of_the_space() -> None:
    space = SearchSpace(
        {"l": loguniform(1e-3, 1), "c": choice(["a", "b", "c"]), "i": randint(1, 4)}
    )
    F = np.random.default_rng(1).random((9000, space.n_features))
    configs = space.decode(space.from_features(F))
    for name, values in {"c": ["a", "b", "c"], "i": [1, 2, 3, 4]}.items():
        counts = [sum(c[name] == v for c in configs) for v in values]
        assert stats.chisquare(counts).pvalue > 1e-3
    logs = np.log10([c["l"] for c in configs])
    assert stats.kstest(logs, stats.uniform(-3, 3).cdf).pvalue > 1e-3


def test_points_between_configurations_keep_their_numbers() -> None:
    space = SearchSpace({"a": uniform(0, 1), "i": randint(0, 3)})
    X = np.array([[0.123456789012345678, 0.3]])
    assert np.array_equal(space.features(X), X)


def test_inactive_parameters_are_in_the_middle() -> None:
    space = SearchSpace(
        {
            "m": choice(["a", "b"]),
            "x": uniform(0, 1).when(m="a"),
            "k": choice(["p", "q", "r"]).when(m="a"),
            "t": choice(["p", "q"]).when(m="a"),
        }
    )
    X = space.encode([{"m": "b"}, {"m": "a", "x": 0.1, "k": "q", "t": "q"}])
    F = space.features(X)
    assert F.tolist() == [[0.75, 0.5, 0, 0, 0, 0.5], [0.25, 0.1, 0, 1, 0, 0.75]]
    assert np.array_equal(space.from_features(F), X, equal_nan=True)


def test_bounds_of_features_follow_the_active_ranges() -> None:
    assert SPACE.feature_bounds.tolist() == [[0.0, 1.0]] * 8
    narrow = SPACE.restrict(
        {"u": (0.25, 0.5), "three": ["a", "c"], "two": ["y"], "i": (1, 2)}, keep_encoding=True
    )
    assert narrow.feature_bounds.tolist() == [
        [0.25, 0.5], [0, 1], [0, 0], [0, 1], [0.75, 0.75], [0, 1], [0, 1], [0.25, 0.75],
    ]  # fmt: skip
    one = SPACE.restrict({"three": ["b"], "u": (0.5, 0.5)}, keep_encoding=True)
    assert one.feature_bounds[:4].tolist() == [[0.5, 0.5], [0, 0], [1, 1], [0, 0]]


def test_features_of_another_shape_are_an_error() -> None:
    with pytest.raises(SpaceError, match="rows of 8 features expected"):
        SPACE.from_features(np.zeros((2, 6)))
