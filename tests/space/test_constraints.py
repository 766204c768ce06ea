from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synecore.errors import SpaceError
from synecore.space import (
    ConfigSpace,
    Expression,
    Predicate,
    SearchSpace,
    choice,
    loguniform,
    randint,
    streamline_config_space,
    subject_to,
    uniform,
)

BOX = {"width": randint(1, 9), "height": randint(1, 9), "epochs": 3}


def is_even(config: Mapping[str, Any]) -> bool:
    return (config["width"] + config["height"]) % 2 == 0


def test_a_constrained_space_is_a_dictionary() -> None:
    space = subject_to(BOX, "width < height", is_even)
    assert isinstance(space, dict)
    assert space == BOX
    assert [type(c) for c in space.constraints] == [Expression, Predicate]
    assert subject_to(space, "width > 1").constraints[:2] == space.constraints


def test_copies_and_unions_keep_the_constraints() -> None:
    space = subject_to(BOX, "width < height")
    more = space | {"depth": randint(1, 3)}
    for kept in (space.copy(), copy.deepcopy(space), pickle.loads(pickle.dumps(space)), more):
        assert isinstance(kept, ConfigSpace)
        assert kept.constraints == space.constraints
    assert list(more) == ["width", "height", "epochs", "depth"]
    assert len((space | subject_to({"depth": randint(1, 3)}, "depth < width")).constraints) == 2


def test_constraints_may_be_written_under_the_key_of_files() -> None:
    space = SearchSpace({**BOX, "$constraints": ["width < height"]})
    assert space.constraints == (Expression("width < height"),)
    assert list(space.config_space) == list(BOX)
    assert list(space.constants) == ["epochs"]
    assert SearchSpace({**BOX, "$constraints": "width < height"}).constraints == space.constraints


def test_all_constraints_must_hold() -> None:
    space = SearchSpace(subject_to(BOX, "width < height", is_even, "height <= 2 * epochs"))
    configs = space.decode(space.sample(200, np.random.default_rng(0)))
    assert all(c["width"] < c["height"] <= 6 and is_even(c) for c in configs)
    assert space.contains({"width": 1, "height": 3})
    assert not space.contains({"width": 1, "height": 2})
    assert not space.contains({"width": 3, "height": 1})


def test_feasible_agrees_with_python_on_every_row() -> None:
    space = SearchSpace(
        subject_to({"a": uniform(0, 1), "b": loguniform(1e-2, 1), "k": choice(["x", "y"])},
                   "a < b or k == 'y'")
    )  # fmt: skip
    X = SearchSpace({n: space.config_space[n] for n in "abk"}).sample(300, np.random.default_rng(0))
    assert space.feasible(X).tolist() == [c["a"] < c["b"] or c["k"] == "y" for c in space.decode(X)]
    assert space.feasible(X[:0]).tolist() == []


def test_an_expression_holds_where_what_it_mentions_is_inactive() -> None:
    space = SearchSpace(
        subject_to(
            {
                "model": choice(["tree", "net"]),
                "depth": randint(1, 9).when(model="tree"),
                "leaves": randint(1, 9),
            },
            "leaves > depth",
        )
    )
    assert space.contains({"model": "net", "leaves": 1})
    assert not space.contains({"model": "tree", "depth": 3, "leaves": 1})
    assert space.contains({"model": "tree", "depth": 3, "leaves": 4})


def test_a_predicate_sees_constants_and_active_parameters_only() -> None:
    seen: list[set[str]] = []

    def note(config: Mapping[str, Any]) -> bool:
        seen.append(set(config))
        return True

    space = SearchSpace(
        subject_to({"m": choice(["a", "b"]), "d": randint(1, 9).when(m="a"), "c": 5}, note)
    )
    assert space.contains({"m": "b"})
    assert space.contains({"m": "a", "d": 1})
    assert seen == [{"m", "c"}, {"m", "d", "c"}]


def test_a_predicate_that_fails_names_itself_and_the_configuration() -> None:
    def broken(config: Mapping[str, Any]) -> bool:
        return bool(config["nothing"])

    space = SearchSpace(subject_to(BOX, broken))
    with pytest.raises(SpaceError, match=r"broken: KeyError: 'nothing', for the configuration \{"):
        space.contains({"width": 1, "height": 1})
    with pytest.raises(SpaceError, match="broken"):
        space.feasible(np.full((1, 2), 0.5))


@pytest.mark.parametrize(
    ("constraint", "message"),
    [
        (3, "3 is neither a text"),
        ("depth < width", "there is no parameter 'depth'"),
        ({"predicat": "a:b"}, "allowed are a text"),
        ({"predicate": "no_such_module_here:f"}, "cannot be imported: No module"),
        ({"predicate": "json:nothing"}, "cannot be imported: .*nothing"),
        ({"predicate": "json:__name__"}, "is not a function"),
    ],
)
def test_a_constraint_that_makes_no_sense_is_an_error(constraint: Any, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        SearchSpace(subject_to(BOX, constraint)).sample(1, np.random.default_rng(0))


def test_no_constraint_is_an_error() -> None:
    with pytest.raises(SpaceError, match="at least one constraint"):
        subject_to(BOX)


def test_a_predicate_of_a_module_is_stored_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rules_of_boxes.py").write_text("def flat(c):\n    return c['height'] < 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    import rules_of_boxes

    space = SearchSpace(subject_to(BOX, rules_of_boxes.flat, "width > 2"))
    data = json.loads(json.dumps(space.to_json()))
    assert data["config_space"]["$constraints"] == [
        {"predicate": "rules_of_boxes:flat", "description": "rules_of_boxes:flat"},
        {"expression": "width > 2"},
    ]
    read = SearchSpace.from_json(data)
    assert read == space
    assert not read.contains({"width": 3, "height": 3})
    assert read.contains({"width": 3, "height": 2})


def test_a_predicate_that_cannot_be_imported_is_stored_by_name_and_missed_when_needed() -> None:
    space = SearchSpace(subject_to(BOX, lambda config: True))
    data = space.to_json()
    assert data["config_space"]["$constraints"][0]["predicate"] == ""
    read = SearchSpace.from_json(data)  # reading does not need it
    assert read.decode(np.full((1, 2), 0.5)) == [{"width": 5, "height": 5, "epochs": 3}]
    with pytest.raises(SpaceError, match="cannot be imported from, so it is not on record"):
        read.sample(1, np.random.default_rng(0))


def test_functions_of_the_main_module_count_as_not_importable() -> None:
    def rule(config: Mapping[str, Any]) -> bool:
        return True

    rule.__module__, rule.__qualname__ = "__main__", "rule"
    assert Predicate(rule).path == ""
    assert Predicate(rule).description == "rule"


def test_streamlining_keeps_the_constraints() -> None:
    space = streamline_config_space(subject_to({"a": uniform(0.01, 10), "b": 3}, "a < b"))
    assert isinstance(space, ConfigSpace)
    assert space.constraints == (Expression("a < b"),)
    assert space["a"] == loguniform(0.01, 10)


def test_the_text_form_shows_the_constraints() -> None:
    assert (
        repr(subject_to({"a": randint(1, 2)}, "a < 2"))
        == "subject_to({'a': randint(1, 2)}, 'a < 2')"
    )
