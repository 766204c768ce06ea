from __future__ import annotations

import numpy as np
import pytest

from synecore.errors import SpaceError
from synecore.space import (
    SearchSpace,
    choice,
    extended_space,
    split_extended_features,
    subject_to,
    uniform,
)

SPACE = SearchSpace(
    subject_to({"k": choice(["a", "b", "c"]), "epochs": 9, "x": uniform(0, 1)}, "x < 0.9")
)


def test_the_resource_is_the_last_parameter_and_starts_at_one() -> None:
    extended = extended_space(SPACE, "epoch", 9)
    assert extended.names == ("k", "x", "epoch")
    assert extended.constraints == SPACE.constraints
    row = extended.encode([{"k": "b", "x": 0.5, "epoch": 1}])
    assert row[0] == pytest.approx([1.0, 0.5, 0.5 / 9])
    assert extended_space(SPACE, "epochs", 9).names == ("k", "x", "epochs")


def test_new_points_can_be_at_one_resource() -> None:
    extended = extended_space(SPACE, "epoch", 9, fixed=3)
    X = extended.sample(20, np.random.default_rng(0))
    assert {c["epoch"] for c in extended.decode(X)} == {3}
    low, high = extended.feature_bounds[-1]
    assert low == high == pytest.approx(2.5 / 9)
    assert extended.contains({"k": "a", "x": 0.1, "epoch": 7})


def test_features_split_into_configuration_and_resource() -> None:
    extended = extended_space(SPACE, "epoch", 9)
    configs = [{"k": "c", "x": 0.25, "epoch": r} for r in range(1, 10)]
    F, resources = split_extended_features(extended.features(extended.encode(configs)), 9)
    assert resources.tolist() == list(range(1, 10))
    assert np.array_equal(F, SPACE.features(SPACE.encode(configs)))


def test_a_parameter_cannot_be_the_resource() -> None:
    with pytest.raises(SpaceError, match="'x' is a parameter; it cannot be the resource"):
        extended_space(SPACE, "x", 9)
