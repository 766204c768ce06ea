from __future__ import annotations

from typing import Any

import attrs
import pytest

from synecore.errors import OptionError
from synecore.options import ComponentRef, option
from synecore.presets import Preset, expand, merge_option, preset

MOBSTER = preset(
    "scheduler", "asha", searcher={"name": "bayesopt", "surrogate": "gp-multitask"}, brackets=1
)


@attrs.frozen(kw_only=True)
class MobsterOptions:
    model: str | None = option(default=None, doc="The surrogate.", to="searcher.surrogate")
    grace_period: int = option(default=2, doc="Another default.", aliases=("min_resource",))


def expanded(own: type | None = MobsterOptions, **given: Any) -> dict[str, Any]:
    return expand(MOBSTER, own, given, "scheduler 'mobster'")


def test_a_preset_names_what_it_sets_up() -> None:
    assert isinstance(MOBSTER, Preset)
    assert (MOBSTER.kind, MOBSTER.name) == ("scheduler", "asha")


def test_its_options_hold_where_the_user_gives_none() -> None:
    assert expanded(None) == dict(MOBSTER.options)


def test_own_options_have_their_own_defaults_and_places() -> None:
    assert expanded(model="gp-independent", min_resource="3") == {
        "searcher": {"name": "bayesopt", "surrogate": "gp-independent"},
        "brackets": 1,
        "grace_period": 3,
    }
    assert expanded()["grace_period"] == 2
    assert expanded()["searcher"]["surrogate"] == "gp-multitask"


def test_all_other_options_go_to_what_it_sets_up() -> None:
    assert expanded(brackets=4, type="promotion") == {
        "searcher": {"name": "bayesopt", "surrogate": "gp-multitask"},
        "brackets": 4,
        "grace_period": 2,
        "type": "promotion",
    }


def test_options_of_the_searcher_are_merged_into_the_presets() -> None:
    assert expanded(searcher={"acquisition": "lcb"})["searcher"] == {
        "name": "bayesopt",
        "surrogate": "gp-multitask",
        "acquisition": "lcb",
    }


@pytest.mark.parametrize(
    ("old", "value", "expected"),
    [
        ("bayesopt", {"a": 1}, {"name": "bayesopt", "a": 1}),
        (ComponentRef("bayesopt", {"a": 1}), {"b": 2}, {"name": "bayesopt", "a": 1, "b": 2}),
        ({"name": "bayesopt", "a": 1}, "bayesopt", {"name": "bayesopt", "a": 1}),
        ({"name": "bayesopt", "a": 1}, "random", "random"),
        ({"name": "bayesopt", "a": 1}, {"name": "random"}, {"name": "random"}),
        ({"name": "bayesopt", "a": 1}, ComponentRef("random"), {"name": "random"}),
        ({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        (1, {"a": 1}, {"a": 1}),
    ],
)
def test_another_name_replaces_a_component_whole(old: Any, value: Any, expected: Any) -> None:
    assert merge_option({"x": old, "y": 0}, "x", value) == {"x": expected, "y": 0}


def test_a_ready_component_replaces_the_presets() -> None:
    ready = ComponentRef.of(object.__new__(type("Mine", (), {})))
    assert merge_option({"searcher": {"name": "bayesopt"}}, "searcher", ready)["searcher"] is ready


def test_what_it_expands_to_expands_to_itself() -> None:
    once = expanded(model="gp-independent", brackets=4)
    assert expanded(**once) == once


def test_a_bad_value_is_reported_with_the_presets_name() -> None:
    with pytest.raises(
        OptionError, match=r"^scheduler 'mobster': 'grace_period' must be an integer"
    ):
        expanded(grace_period="x")
