"""A component defined by another component's options: MOBSTER is ASHA with a certain searcher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from synecore.mappings import recursive_merge
from synecore.options import ComponentRef, build, fields_of, meta_of, sort_out


@attrs.frozen
class Preset:
    """The target of a component that is another one, set up."""

    kind: str
    name: str
    options: Mapping[str, Any]


def preset(kind: str, name: str, **options: Any) -> Preset:
    """Return a target that builds `name` with these options, wherever the user gives no others.

    The preset's own options class may add options, or give options of `name` another default:
    each goes to the option of the same name, or to the path `to` in it ("searcher.model").
    Whatever else the user gives goes to `name` as it is.

        Component("mobster", preset("scheduler", "asha", searcher={"name": "bayesopt"}))
    """
    return Preset(kind, name, options)


def expand(found: Preset, own: type | None, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the options for the component behind a preset.

    Args:
        found: The preset.
        own: Its options class, if any.
        given: What the user gave; see `merge_option` for how it meets the preset's.
        where: Whose options these are, for messages.
    """
    fields = fields_of(own)
    _, rest, _ = sort_out(fields, given)
    merged: dict[str, Any] = dict(found.options)
    options = build(own, {key: given[key] for key in given if key not in rest}, where)
    for name, field in fields.items():
        value = getattr(options, name)
        if value is not None:
            first, *path = (meta_of(field).to or name).split(".")
            for part in reversed(path):
                value = {part: value}
            merged = merge_option(merged, first, value)
    for key in rest:
        merged = merge_option(merged, key, given[key])
    return merged


def merge_option(options: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Put one option in place of, or into, the one that is there.

    Options for a nested component are merged into those set: {"acquisition": "lcb"} keeps the
    preset's searcher and its other options. Naming another component replaces it whole.
    """
    old = options.get(key)
    if isinstance(value, ComponentRef) and not value.is_ready:
        value = {"name": value.name, **value.options}
    if isinstance(old, ComponentRef) and not old.is_ready:
        old = {"name": old.name, **old.options}
    if isinstance(old, str) and isinstance(value, Mapping):
        old = {"name": old}
    if isinstance(value, str) and isinstance(old, Mapping) and value == old.get("name"):
        return dict(options)
    if isinstance(old, Mapping) and isinstance(value, Mapping):
        same = value.get("name", old.get("name")) == old.get("name")
        value = recursive_merge(old, value) if same else value
    return {**options, key: value}
