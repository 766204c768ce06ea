"""Which parameters depend on which, and the order in which to look at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synecore.errors import SpaceError, did_you_mean
from synecore.space.domain import Condition, Domain

MOST_VALUES = 2**16  # of a parent


def check_conditions(domains: Mapping[str, Domain], constants: Mapping[str, Any]) -> list[str]:
    """Return the names such that parents come before their children.

    Raises:
        SpaceError: for an unknown parent, one with infinitely many values, values that it cannot
            have, and parameters that depend on each other in a circle.
    """
    for name, domain in domains.items():
        for parent, values in domain.condition.items():
            if parent in domains:
                _check_parent(name, parent, values, domains[parent])
            elif parent not in constants:
                known = [other for other in (*domains, *constants) if other != name]
                raise SpaceError(
                    f"{name}: depends on {parent!r}, which is not in the space"
                    f"{did_you_mean(parent, known) or '.'} Known: {', '.join(known)}."
                )
    return _in_order({name: domain.condition for name, domain in domains.items()})


def _check_parent(name: str, parent: str, values: tuple[Any, ...], domain: Domain) -> None:
    if domain.n_values is None or domain.n_values > MOST_VALUES:
        raise SpaceError(
            f"{name}: depends on {parent!r}, but {domain!r} has too many values to list them; a "
            "parent must be a choice, an ordinal, a finite range or a short range of integers."
        )
    for value in values:
        if not domain.is_valid(value):
            known = [str(v) for v in getattr(domain, "categories", ())]
            raise SpaceError(
                f"{name}: depends on {parent} = {value!r}, which is not in {domain!r}"
                f"{did_you_mean(str(value), known) or '.'}"
            )


def _in_order(conditions: Mapping[str, Condition]) -> list[str]:
    order: list[str] = []
    path: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        if name in path:
            circle = " -> ".join([*path[path.index(name) :], name])
            raise SpaceError(f"{name}: parameters depend on each other in a circle: {circle}.")
        path.append(name)
        for parent in conditions[name]:
            if parent in conditions:
                visit(parent)
        path.pop()
        order.append(name)

    for name in conditions:
        visit(name)
    return order


def canonical_condition(domain: Domain, domains: Mapping[str, Domain]) -> Condition:
    """Return the condition with each value as the parent itself writes it."""
    return {
        parent: tuple(domains[parent].cast(v) for v in values) if parent in domains else values
        for parent, values in domain.condition.items()
    }
