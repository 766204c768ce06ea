from __future__ import annotations

import pytest

from synecore.errors import SpaceError
from synecore.space import (
    Float,
    cast_config_values,
    choice,
    config_to_match_string,
    finrange,
    is_log_space,
    is_reverse_log_space,
    is_uniform_space,
    logfinrange,
    logordinal,
    lograndint,
    loguniform,
    non_constant_hyperparameter_keys,
    ordinal,
    qloguniform,
    quniform,
    randint,
    reverseloguniform,
    uniform,
)

SPACE = {"a": uniform(0, 1), "b": randint(1, 9), "c": choice(["x", "y"]), "d": 3}


def test_casts_the_values_of_a_configuration() -> None:
    given = {"a": "0.5", "b": 3.0, "c": "x", "d": "3", "e": None}
    assert cast_config_values(given, SPACE) == {"a": 0.5, "b": 3, "c": "x", "d": "3", "e": None}
    assert given["a"] == "0.5"
    with pytest.raises(SpaceError, match="b: 'many' is not a number"):
        cast_config_values({"b": "many"}, SPACE)


def test_match_strings_use_the_given_keys_in_their_order() -> None:
    config = {"a": 0.1 + 0.2, "b": 3, "c": "x", "d": 3}
    assert config_to_match_string(config, SPACE, ["b", "a"]) == "b:3,a:0.3"
    assert config_to_match_string({"a": 0.3, "b": 3}, SPACE, ["b", "a", "c"]) == "b:3,a:0.3"


def test_names_what_is_tuned() -> None:
    assert non_constant_hyperparameter_keys(SPACE) == ["a", "b", "c"]


def test_tells_the_scales_apart() -> None:
    log = [loguniform(0.1, 1), lograndint(1, 9), logfinrange(1, 9, 3), logordinal([1, 2]),
           qloguniform(0.1, 1, 0.1)]  # fmt: skip
    linear = [uniform(0, 1), randint(1, 9), finrange(0, 1, 3), ordinal([1, 2]), quniform(0, 1, 0.1)]
    assert [is_log_space(d) for d in log + linear] == [True] * 5 + [False] * 5
    assert [is_uniform_space(d) for d in log + linear] == [False] * 5 + [True] * 5
    reverse = reverseloguniform(0, 0.9)
    assert is_reverse_log_space(reverse)
    assert not is_log_space(reverse)
    assert not is_uniform_space(reverse)
    assert not is_reverse_log_space(uniform(0, 0.9))
    assert not is_uniform_space(Float(0, 1).normal(0, 1))
