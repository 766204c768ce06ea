"""Domains and configuration spaces as JSON, and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from synecore.errors import SpaceError, did_you_mean
from synecore.space import categories, finite_range, ranges, samplers
from synecore.space.constraints import (
    RESERVED,
    ConfigSpace,
    constraint_to_json,
    constraints_of,
)
from synecore.space.domain import Domain
from synecore.space.samplers import NormalPrior, Quantized, Sampler, WeightPrior

_DOMAINS: dict[str, type[Domain]] = {
    cls.__name__: cls
    for cls in (
        ranges.Float,
        ranges.Integer,
        categories.Categorical,
        categories.Ordinal,
        categories.OrdinalNearestNeighbor,
        finite_range.FiniteRange,
    )
}
_SAMPLERS: dict[str, type[Sampler]] = {
    cls.__name__: cls
    for cls in (
        samplers.Uniform,
        samplers.LogUniform,
        samplers.ReverseLogUniform,
        samplers.Normal,
        samplers.Grid,
        samplers.Quantized,
    )
}


def to_dict(x: Domain) -> dict[str, Any]:
    """Return what `from_dict` reads: JSON values only."""
    data: dict[str, Any] = {
        "domain_cls": type(x).__name__,
        "domain_kwargs": {name: _plain(getattr(x, name)) for name in x.fields},
    }
    if x.sampler is not None:
        data.update(_sampler_to_dict(x.sampler))
    if x.condition:
        data["when"] = {parent: list(values) for parent, values in x.condition.items()}
    if isinstance(x.prior_belief, NormalPrior):
        data["prior"] = attrs.asdict(x.prior_belief)
    elif isinstance(x.prior_belief, WeightPrior):
        data["prior"] = {"weights": list(x.prior_belief.weights)}
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, float) and math.isinf(value):
        return str(value)  # JSON has no infinity; the constructor reads the text
    return list(value) if isinstance(value, list) else value


def _sampler_to_dict(sampler: Sampler) -> dict[str, Any]:
    kwargs = {field.name: getattr(sampler, field.name) for field in attrs.fields(type(sampler))}
    if isinstance(sampler, Quantized):
        kwargs["sampler"] = _sampler_to_dict(sampler.sampler)
    return {"sampler_cls": type(sampler).__name__, "sampler_kwargs": kwargs}


def from_dict(d: Mapping[str, Any]) -> Domain:
    """Return the domain that `to_dict` wrote.

    Raises:
        SpaceError: if it is not such a dictionary.
    """
    cls: type[Domain] = _known(_DOMAINS, d.get("domain_cls"), "domain_cls")
    try:
        domain = cls(**d.get("domain_kwargs", {}))
        if d.get("sampler_cls") is not None:
            domain.set_sampler(_sampler_from_dict(d))
        if d.get("when"):
            domain = domain.when(**d["when"])
        if d.get("prior"):
            domain = domain.prior(**d["prior"])
    except TypeError as error:
        raise SpaceError(f"domain {dict(d)!r} cannot be read: {error}.") from None
    return domain


def _sampler_from_dict(d: Mapping[str, Any]) -> Sampler:
    # Names written by Syne Tune may begin with an underscore.
    cls: type[Sampler] = _known(_SAMPLERS, str(d["sampler_cls"]).lstrip("_"), "sampler_cls")
    kwargs = dict(d.get("sampler_kwargs", {}))
    if cls is Quantized:
        kwargs["sampler"] = _sampler_from_dict(kwargs["sampler"])
    return cls(**kwargs)


def _known(classes: Mapping[str, Any], name: Any, what: str) -> Any:
    if name not in classes:
        raise SpaceError(
            f"{what}: {name!r} is unknown{did_you_mean(str(name), classes) or '.'} "
            f"Known: {', '.join(classes)}."
        )
    return classes[name]


def config_space_to_json_dict(config_space: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `config_space_from_json_dict` reads, in the same order."""
    data: dict[str, Any] = {}
    for name, value in config_space.items():
        if name == RESERVED:
            continue
        if isinstance(value, Domain):
            data[name] = to_dict(value)
        else:
            data[name] = {"constant": value} if isinstance(value, Mapping) else _scalar(value)
    constraints = constraints_of(config_space)
    if constraints:
        data[RESERVED] = [constraint_to_json(constraint) for constraint in constraints]
    return data


def _scalar(value: Any) -> Any:
    item = getattr(value, "item", None)  # a NumPy scalar
    return item() if item is not None and getattr(value, "ndim", None) == 0 else value


def config_space_from_json_dict(config_space_dict: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration space that `config_space_to_json_dict` wrote."""
    return read_entries(config_space_dict, _entry)


def read_entries(data: Mapping[str, Any], entry: Callable[[Any], Any]) -> dict[str, Any]:
    """Return the space whose values `entry` makes of `data`'s, with its constraints.

    Raises:
        SpaceError: naming the entry at fault.
    """
    space: dict[str, Any] = {}
    for name, value in data.items():
        if name == RESERVED:
            continue
        try:
            space[name] = entry(value)
        except SpaceError as error:
            raise SpaceError(f"{name}: {error}") from None
    constraints = constraints_of(data)
    return ConfigSpace(space, *constraints) if constraints else space


def _entry(value: Any) -> Any:
    if isinstance(value, Mapping):
        if "domain_cls" in value:
            return from_dict(value)
        if set(value) == {"constant"}:
            return value["constant"]
    return value
