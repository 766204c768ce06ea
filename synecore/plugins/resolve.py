"""From a name and options to everything that is needed to build the component, nothing imported."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import attrs

from synecore.errors import PluginError, UnsupportedProblemError
from synecore.options import ComponentRef, build, fields_of, meta_of
from synecore.plugins.hookspecs import Capability, Component
from synecore.plugins.index import Entry
from synecore.plugins.registry import Registry
from synecore.plugins.spec import ComponentSpec, recorded, values_of
from synecore.presets import Preset, expand
from synecore.problem import Problem

_LONGEST_CHAIN = 8  # presets of presets


@attrs.frozen
class Resolved:
    """A component with valid options."""

    entry: Entry  # of the name that was asked for
    component: Component
    base_entry: Entry  # what is built: the same, unless the component is a preset
    base: Component
    options: Any  # of the base's class
    where: str

    nested: tuple[Resolved, ...] = ()

    @property
    def supports(self) -> frozenset[Capability]:
        return self.component.supports or self.base.supports

    @property
    def requires(self) -> frozenset[Capability]:
        """What the problem must have, for this component or one nested in it."""
        own = self.component.requires | self.base.requires
        return own.union(*(inner.requires for inner in self.nested))

    def spec(self, seed: int | Mapping[str, Any] | None) -> ComponentSpec:
        """Return what `rebuild` needs."""
        options = {name: recorded(value) for name, value in values_of(self.options).items()}
        entry = self.entry
        return ComponentSpec(
            entry.kind,
            entry.name,
            entry.distribution,
            entry.version,
            options,
            seed,
            self.versions(),
        )

    def versions(self) -> dict[str, str]:
        """Distribution -> version of the component, of what a preset sets up, and of the nested."""
        found = {entry.distribution: entry.version for entry in (self.entry, self.base_entry)}
        for inner in self.nested:
            found.update(inner.versions())
        return found


def resolve(
    registry: Registry,
    ref: ComponentRef,
    kind: str,
    *,
    inside: str = "",
    nearby: Collection[str] = (),
) -> Resolved:
    """Select, activate and check; nested components too, so that an error comes early.

    Args:
        registry: Where to look.
        ref: Name and options as the user gave them.
        kind: What it should be.
        inside: Whose nested component this is, for messages.
        nearby: See `options.build`.

    Raises:
        UnknownComponentError, PluginError, OptionError: see there.
    """
    entry, component = registry.component(kind, ref.name)
    where = f"{inside}{kind} {entry.name!r}"
    given: Mapping[str, Any] = ref.options
    ignores = set(component.ignores)
    base_entry, base = entry, component
    for _ in range(_LONGEST_CHAIN):
        if not isinstance(base.target, Preset):
            break
        target = base.target
        given = expand(target, base.options, given, where)
        base_entry, base = registry.component(target.kind, target.name)
        ignores |= base.ignores
    else:
        raise PluginError(f"{where}: a preset of a preset of a preset ... of itself.")
    options = build(base.options, _named(base.options, given), where, ignores, nearby)
    nested, inners = {}, []
    for name, field in fields_of(base.options).items():
        inner = getattr(options, name)
        if meta_of(field).kind and inner is not None and not inner.is_ready:
            found = resolve(registry, inner, meta_of(field).kind, inside=f"{where}, ")
            inners.append(found)
            nested[name] = ComponentRef(inner.name, values_of(found.options))
    if nested:
        options = attrs.evolve(options, **nested)
    return Resolved(entry, component, base_entry, base, options, where, tuple(inners))


def _named(cls: type | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options for a nested component without its name are for the default one."""
    named = dict(given)
    for name, field in fields_of(cls).items():
        value = named.get(name)
        if meta_of(field).kind and isinstance(value, Mapping) and "name" not in value:
            default = field.default
            if isinstance(default, (str, ComponentRef)):
                named[name] = {"name": ComponentRef.of(default).name, **value}
    return named


def check_capabilities(found: Resolved, problem: Problem) -> None:
    """Refuse a problem of which the component would leave a part out.

    Raises:
        UnsupportedProblemError: naming what is not supported, or missing.
    """
    for capability in sorted(problem.needs - found.supports, key=lambda c: c.value):
        can = ", ".join(sorted(c.value for c in found.supports)) or "one objective, no more"
        raise UnsupportedProblemError(
            f"{found.where} of {found.entry.source} does not support {capability.value}"
            f"{_which(capability, problem)}. It supports: {can}."
        )
    if Capability.FIDELITY in found.requires:
        fidelity = problem.fidelity
        if fidelity is None or math.isinf(fidelity.high):
            raise UnsupportedProblemError(
                f"{found.where} needs to know the largest resource: give max_t, or "
                "max_resource_attr naming a constant of the configuration space, such as "
                "'epochs'; and resource_attr, the reported value that counts it up."
            )


def _which(capability: Capability, problem: Problem) -> str:
    names = {
        Capability.MULTI_OBJECTIVE: [o.name for o in problem.objectives],
        Capability.CONSTRAINTS: [c.name for c in problem.constraints],
        Capability.TRANSFER: [task.name for task in problem.tasks],
    }.get(capability)
    return f", and the problem has {', '.join(names)}" if names else ", which the space has"
