"""Configuration spaces as YAML, TOML and JSON files hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synecore.errors import SpaceError
from synecore.space.constraints import RESERVED, constraints_of
from synecore.space.domain import Domain
from synecore.space.serial import from_dict, read_entries
from synecore.space.text import format_domain, is_domain_text, parse_domain


def parse_config_space(data: Mapping[str, Any]) -> dict[str, Any]:
    """Read a configuration space as a YAML, TOML or JSON file holds it.

    An entry is a constant; a text such as "loguniform(1e-4, 1)"; `{"domain": text, "when": {...},
    "prior": {...}}`; or `{"constant": value}`, for a text that looks like a domain, a list or a
    mapping. Constraints are listed under "$constraints": texts, or
    `{"predicate": "module:function"}`.

    Raises:
        SpaceError: naming the entry at fault.
    """
    return read_entries(data, _entry)


def _entry(value: Any) -> Any:
    if isinstance(value, Domain):
        return value
    if isinstance(value, str):
        return parse_domain(value) if is_domain_text(value) else value
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, (list, tuple)):
        raise SpaceError(
            f"{value!r} is a list; write 'choice({list(value)!r})' to choose among its entries, or "
            "{'constant': [...]} for a constant."
        )
    return value


def _mapping(value: Mapping[str, Any]) -> Any:
    keys = set(value)
    if keys == {"constant"}:
        return value["constant"]
    if "domain_cls" in keys:
        return from_dict(value)
    if "domain" not in keys or not keys <= {"domain", "when", "prior"}:
        raise SpaceError(
            f"{dict(value)!r}: allowed keys are domain, when and prior, or constant alone."
        )
    given = value["domain"]
    domain = given if isinstance(given, Domain) else parse_domain(str(given))
    try:
        if value.get("prior"):
            domain = domain.prior(**value["prior"])
        return domain.when(**value["when"]) if value.get("when") else domain
    except TypeError as error:
        raise SpaceError(f"{dict(value)!r} cannot be read: {error}.") from None


def format_config_space(config_space: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping that `parse_config_space` reads as this space, as a file would hold it."""
    data: dict[str, Any] = {}
    for name, value in config_space.items():
        if name == RESERVED:
            continue
        if isinstance(value, Domain):
            data[name] = _written(value)
        elif isinstance(value, (Mapping, list, tuple)) or (
            isinstance(value, str) and is_domain_text(value)
        ):
            data[name] = {"constant": value}
        else:
            data[name] = value
    constraints = constraints_of(config_space)
    if constraints:
        data[RESERVED] = [
            c.text if hasattr(c, "text") else {"predicate": c.path, "description": c.description}
            for c in constraints
        ]
    return data


def _written(domain: Domain) -> Any:
    plain = domain.copy()
    plain.condition = {}
    text = format_domain(plain)
    if not domain.condition:
        return text
    return {"domain": text, "when": {p: list(v) for p, v in domain.condition.items()}}
