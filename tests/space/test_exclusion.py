from __future__ import annotations

import io

import numpy as np

from synecore.space import ExclusionList, SearchSpace, choice, randint, uniform

SPACE = SearchSpace({"a": randint(1, 2), "b": choice(["x", "y"]), "epochs": 3})


def test_contains_what_was_added_up_to_rounding() -> None:
    space = SearchSpace({"a": uniform(0, 1)})
    excluded = ExclusionList(space, [{"a": 0.3}])
    assert excluded.contains({"a": 0.1 + 0.2})
    assert not excluded.contains({"a": 0.30001})
    excluded.add({"a": 0.30001})
    assert excluded.contains({"a": 0.30001})
    assert len(excluded) == 2


def test_other_entries_of_a_configuration_do_not_count() -> None:
    excluded = ExclusionList(SPACE, [{"a": 1, "b": "x", "epochs": 1}])
    assert excluded.contains({"a": 1, "b": "x", "epochs": 3, "resource": 9})


def test_knows_when_a_finite_space_is_used_up() -> None:
    excluded = ExclusionList(SPACE)
    for a in (1, 2):
        for b in ("x", "x", "y"):
            assert not excluded.config_space_exhausted()
            excluded.add({"a": a, "b": b})
    assert excluded.config_space_exhausted()
    assert not ExclusionList(
        SearchSpace({"a": uniform(0, 1)}), [{"a": 0.5}]
    ).config_space_exhausted()


def test_a_copy_is_independent() -> None:
    excluded = ExclusionList(SPACE, [{"a": 1, "b": "x"}])
    other = excluded.copy()
    other.add({"a": 2, "b": "x"})
    assert (len(excluded), len(other)) == (1, 2)


def test_the_state_is_an_array_that_goes_through_a_file() -> None:
    space = SearchSpace({"b": choice(["x", "y"]), "a": uniform(0, 1).when(b="x")})
    excluded = ExclusionList(space, [{"b": "x", "a": 0.25}, {"b": "y"}])
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **excluded.get_state())
    file.seek(0)
    again = ExclusionList(space).clone_from_state(np.load(file))
    assert again.contains({"b": "y"})
    assert again.contains({"b": "x", "a": 0.25})
    assert len(again) == 2
    assert ExclusionList(space).get_state()["rows"].shape == (0, 2)
