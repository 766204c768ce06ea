"""Spaces with the resource as a last parameter, for models over configurations and resources."""

from __future__ import annotations

from synecore.errors import SpaceError
from synecore.problem import Array, IntArray
from synecore.space.constraints import like
from synecore.space.factories import randint
from synecore.space.search_space import SearchSpace


def extended_space(
    space: SearchSpace, resource_attr: str, max_resource: int, *, fixed: int | None = None
) -> SearchSpace:
    """Return the space with the resource, 1 to `max_resource`, as its last parameter.

    Args:
        space: without the resource.
        resource_attr: name of the resource.
        max_resource: largest resource; the smallest is 1 whatever the first rung is, since reports
            may come before it.
        fixed: draw new points at this resource only.

    Raises:
        SpaceError: if the name is taken by a parameter.
    """
    if resource_attr in space.names:
        raise SpaceError(f"{resource_attr!r} is a parameter; it cannot be the resource too.")
    items = {name: v for name, v in space.config_space.items() if name != resource_attr}
    items[resource_attr] = randint(1, max_resource)
    active = {**space.active_space, **({} if fixed is None else {resource_attr: fixed})}
    return SearchSpace(like(space.config_space, items), active=active, last=resource_attr)


def split_extended_features(F: Array, max_resource: int) -> tuple[Array, IntArray]:
    """Split features of an extended space (n, p + 1) into features (n, p) and resources (n,)."""
    resources = 1 + (F[:, -1] * max_resource).astype(int)
    return F[:, :-1], resources.clip(1, max_resource)
