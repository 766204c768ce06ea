"""What a component was built from, in JSON: enough to build an equal one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from synecore.conversion import plain
from synecore.options import READY, ComponentRef, fields_of


@attrs.frozen
class ComponentSpec:
    """Kept as `component_spec` by what `make` builds, and in an experiment's metadata."""

    kind: str
    name: str
    distribution: str
    version: str
    options: Mapping[str, Any]  # JSON, defaults filled in
    seed: int | Mapping[str, Any] | None = None
    within: Mapping[str, str] = attrs.field(factory=dict)  # versions of nested components' homes

    def versions(self) -> dict[str, str]:
        """Distribution -> version of everything that this component consists of."""
        return {**self.within, self.distribution: self.version}

    def to_json(self) -> dict[str, Any]:
        return {**attrs.asdict(self, recurse=False), "within": dict(self.within)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ComponentSpec:
        return cls(**data)

    @property
    def source(self) -> str:
        return f"{self.kind} {self.name!r} of {self.distribution} {self.version}"


def values_of(options: Any) -> dict[str, Any]:
    """Return the options by name, as they are; nothing for a component without options."""
    return {} if options is None else {n: getattr(options, n) for n in fields_of(type(options))}


def recorded(value: Any) -> Any:
    """Return an option in JSON; an object of the user's own leaves only its type's name."""
    if isinstance(value, ComponentRef):
        options = {key: recorded(item) for key, item in value.options.items()}
        return {"name": value.name, **options}
    if attrs.has(type(value)):
        return {name: recorded(item) for name, item in values_of(value).items()}
    if isinstance(value, Mapping):
        return {str(key): recorded(item) for key, item in value.items()}
    try:
        return plain(value)
    except TypeError:
        named = value if hasattr(value, "__qualname__") else type(value)
        return {READY: f"{named.__module__}.{named.__qualname__}"}


def objects_in(value: Any) -> list[str]:
    """Return the types of all objects that `recorded` could not keep."""
    if isinstance(value, Mapping):
        if set(value) == {READY}:
            return [str(value[READY])]
        return [name for item in value.values() for name in objects_in(item)]
    if isinstance(value, list):
        return [name for item in value for name in objects_in(item)]
    return []
