from __future__ import annotations

import json
import logging
import math
from typing import Any, Literal

import attrs
import pytest
from attrs.validators import ge, gt, in_, instance_of

from synecore import options
from synecore.errors import OptionError
from synecore.options import ComponentRef, build, component, describe, option


@attrs.frozen(kw_only=True)
class Halving:
    type: Literal["stopping", "promotion"] = option(default="stopping", doc="What rungs do.")
    grace_period: float = option(
        gt(0), default=1, doc="Resource of the first rung.", aliases=("min_resource",)
    )
    reduction_factor: float = option(ge(2), default=3, doc="One in this many.", also=("eta",))
    rung_levels: tuple[int, ...] | None = option(default=None, doc="Instead of both.")
    searcher: ComponentRef = component("searcher", default="random")

    def __attrs_post_init__(self) -> None:
        if self.rung_levels is not None and self.reduction_factor != 3:
            raise ValueError("give 'rung_levels' or 'reduction_factor', not both")


@attrs.frozen(kw_only=True)
class Script:
    entry_point: str = option(doc="The script.")
    arguments: list[str] = option(factory=list, doc="Its arguments.")
    choice: int = option(in_([1, 2]), default=1)
    limit: float | None = option(gt(0), ge(1), default=None)
    hook: Any = option(default=None)


WHERE = "scheduler 'asha'"
LISTED = "Options: type, grace_period, reduction_factor, rung_levels, searcher."


def message(mapping: dict[str, Any], cls: type = Halving, **settings: Any) -> str:
    with pytest.raises(OptionError) as caught:
        build(cls, mapping, WHERE, **settings)
    return str(caught.value)


def test_converts_text_from_a_command_line() -> None:
    built = build(Halving, {"grace-period": "3", "rung_levels": "1,3", "searcher": "grid"}, WHERE)
    assert built == Halving(grace_period=3.0, rung_levels=(1, 3), searcher=ComponentRef("grid"))
    assert type(built.grace_period) is float


def test_converts_defaults_and_direct_calls_alike() -> None:
    assert type(Halving().grace_period) is float
    assert Halving().searcher == ComponentRef("random")
    assert Halving(grace_period="2").grace_period == 2.0
    assert attrs.evolve(Halving(), grace_period="5").grace_period == 5.0


def test_names_every_unknown_option_at_once() -> None:
    assert message({"grace_peroid": 1, "eta": 3}) == (
        "scheduler 'asha': unknown option 'grace_peroid', did you mean 'grace_period'?; "
        f"unknown option 'eta', did you mean 'reduction_factor'?\n  {LISTED}"
    )


def test_an_option_unlike_any_other_gets_no_hint() -> None:
    assert message({"zzz": 1}) == f"scheduler 'asha': unknown option 'zzz'.\n  {LISTED}"


def test_a_hint_may_point_to_a_word_given_beside_the_options() -> None:
    text = message({"metrc": "loss"}, nearby=("metric", "mode"))
    assert text.startswith("scheduler 'asha': unknown option 'metrc', did you mean 'metric'?\n")


def test_names_missing_and_unknown_options_together() -> None:
    assert message({"entry": "a.py"}, Script) == (
        "scheduler 'asha': unknown option 'entry', did you mean 'entry_point'?; "
        "missing option 'entry_point'.\n  "
        "Options: entry_point, arguments, choice, limit, hook."
    )


def test_reports_the_first_bad_value_with_where_and_the_list() -> None:
    assert message({"reduction_factor": 1}) == (
        f"scheduler 'asha': 'reduction_factor' must be >= 2: 1.0. {LISTED}"
    )
    assert message({"reduction_factor": True}) == (
        f"scheduler 'asha': 'reduction_factor' must be a number: True. {LISTED}"
    )
    assert message({"type": "stoping"}) == (
        "scheduler 'asha': 'type' must be 'stopping' or 'promotion': 'stoping'; "
        f"did you mean 'stopping'? {LISTED}"
    )


def test_validators_with_other_arguments_than_a_message_are_shown_by_it() -> None:
    assert "'choice' must be in [1, 2] (got 3)" in message(
        {"entry_point": "a", "choice": 3}, Script
    )


def test_several_validators_hold_and_none_passes_where_it_is_the_default() -> None:
    assert build(Script, {"entry_point": "a", "limit": None}, WHERE).limit is None
    assert "'limit' must be >= 1: 0.5" in message({"entry_point": "a", "limit": 0.5}, Script)


def test_checks_of_pairs_are_reported_alike() -> None:
    assert message({"rung_levels": [1, 2], "reduction_factor": 4}) == (
        f"scheduler 'asha': give 'rung_levels' or 'reduction_factor', not both. {LISTED}"
    )


def test_an_alias_is_accepted_but_not_beside_the_name() -> None:
    assert build(Halving, {"min_resource": 3}, WHERE).grace_period == 3
    assert "'grace_period' and 'min_resource' are one option, give one of them" in message(
        {"grace_period": 1, "min_resource": 3}
    )


def test_also_is_a_hint_and_no_spelling() -> None:
    assert "unknown option 'eta', did you mean 'reduction_factor'?" in message({"eta": 3})


def test_options_of_siblings_are_dropped_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        built = build(Halving, {"num_init_random": 3}, WHERE, ignores={"num_init_random"})
    assert built == Halving()
    assert caplog.messages == ["scheduler 'asha': no effect here: 'num_init_random'."]


def test_a_component_without_options_takes_none() -> None:
    assert build(None, {}, WHERE) is None
    with pytest.raises(OptionError, match=r"unknown option 'a'\.\n  It takes no options\."):
        build(None, {"a": 1}, WHERE)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("grid", ComponentRef("grid")),
        (
            {"name": "bayesopt", "acquisition": "ei"},
            ComponentRef("bayesopt", {"acquisition": "ei"}),
        ),
        (ComponentRef("grid", {"a": 1}), ComponentRef("grid", {"a": 1})),
    ],
)
def test_a_nested_component_is_named_in_three_ways(given: Any, expected: ComponentRef) -> None:
    assert build(Halving, {"searcher": given}, WHERE).searcher == expected


def test_a_nested_component_may_be_ready() -> None:
    class Mine:
        pass

    mine = Mine()
    ref = build(Halving, {"searcher": mine}, WHERE).searcher
    assert ref.is_ready
    assert ref.options["object"] is mine
    assert not ComponentRef("grid").is_ready


@pytest.mark.parametrize("given", [5, None, ["random"], dict])
def test_what_names_no_component_is_refused(given: Any) -> None:
    assert "'searcher' must be a name, a mapping with a name, or a ready component" in message(
        {"searcher": given}
    )


def test_a_mapping_without_a_name_is_refused() -> None:
    assert """'searcher' must be a mapping with its "name", as in {"name": "random"}""" in message(
        {"searcher": {"acquisition": "ei"}}
    )


def test_survives_json_with_defaults_filled_in() -> None:
    given = build(
        Halving,
        {"grace_period": math.inf, "searcher": {"name": "bayesopt", "sizes": (1, 2)}},
        WHERE,
    )
    data = json.loads(json.dumps(options.to_json(given), allow_nan=False))
    assert data == {
        "type": "stopping",
        "grace_period": "inf",
        "reduction_factor": 3.0,
        "rung_levels": None,
        "searcher": {"name": "bayesopt", "sizes": [1, 2]},
    }
    assert options.to_json(build(Halving, data, WHERE)) == data
    assert options.to_json(None) == {}


def test_a_value_without_json_form_is_not_kept_silently() -> None:
    with pytest.raises(TypeError, match="has no JSON form"):
        options.to_json(build(Script, {"entry_point": "a", "hook": print}, WHERE))


def test_groups_of_options_may_nest() -> None:
    built = build(Outer, {"inner": {"entry_point": "a.py", "choice": "2"}}, "backend 'x'")
    assert built.inner == Script(entry_point="a.py", choice=2)
    assert options.to_json(built)["inner"]["choice"] == 2
    with pytest.raises(OptionError, match="backend 'x': Script: unknown option 'entry'"):
        build(Outer, {"inner": {"entry": 1}}, "backend 'x'")


@attrs.frozen(kw_only=True)
class Outer:
    inner: Script = option(doc="Nested.")


@attrs.frozen(kw_only=True)
class Plain:
    """Options declared with attrs alone."""

    size: int = attrs.field(default=3, validator=instance_of(int))


def test_a_class_of_plain_attrs_fields_works_too() -> None:
    assert build(Plain, {"size": 4}, WHERE) == Plain(size=4)
    with pytest.raises(OptionError, match="'size' must be <class 'int'>"):
        build(Plain, {"size": "4"}, WHERE)
    assert [row.name for row in describe(Plain)] == ["size"]


def test_describes_every_option_in_a_table() -> None:
    table = describe(Halving)
    assert [(row.name, row.type, row.default) for row in table] == [
        ("type", "'stopping' or 'promotion'", "'stopping'"),
        ("grace_period", "a number", "1"),
        ("reduction_factor", "a number", "3"),
        ("rung_levels", "a list of integers or None", "None"),
        ("searcher", "a searcher", "'random'"),
    ]
    lines = str(table).splitlines()
    assert lines[0].split() == ["option", "default", "what", "it", "is"]
    assert lines[2] == (
        "grace_period      1           Resource of the first rung. (a number) Also: min_resource."
    )


def test_describes_options_that_are_needed_and_factories() -> None:
    table = describe(Script)
    assert str(table).splitlines()[1].startswith("entry_point  (needed)")
    assert next(row for row in table if row.name == "arguments").default == "[]"


def test_describes_itself_for_pages_and_programs() -> None:
    page = describe(Halving).markdown().splitlines()
    assert page[0] == "| option | type | default | what it is |"
    assert page[3] == (
        "| `grace_period` | a number | `1` | Resource of the first rung. Also: `min_resource`. |"
    )
    assert describe(Halving).to_json()[1]["aliases"] == ("min_resource",)
    assert str(describe(None)) == "no options"
