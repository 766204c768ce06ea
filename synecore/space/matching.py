"""Configurations as text, and values as their domain writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from synecore.errors import SpaceError
from synecore.space.domain import Domain
from synecore.space.samplers import Normal, Quantized


def config_to_match_string(
    config: Mapping[str, Any], config_space: Mapping[str, Any], keys: Sequence[str]
) -> str:
    """Return a text that is equal for configurations that the encoding does not tell apart.

    Only `keys` count, in their order; those without a value, being inactive, are left out.
    """
    return ",".join(
        f"{key}:{config_space[key].match_string(config[key])}" for key in keys if key in config
    )


def cast_config_values(
    config: Mapping[str, Any], config_space: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the configuration with each value cast to the type of its domain.

    Raises:
        SpaceError: for a value that cannot be cast.
    """
    result = dict(config)
    for name, value in config.items():
        domain = config_space.get(name)
        if isinstance(domain, Domain):
            try:
                result[name] = domain.cast(value)
            except SpaceError as error:
                raise SpaceError(f"{name}: {error}.") from None
    return result


def non_constant_hyperparameter_keys(config_space: Mapping[str, Any]) -> list[str]:
    """Return the names of the parameters that are tuned."""
    return [name for name, domain in config_space.items() if isinstance(domain, Domain)]


def is_log_space(domain: Domain) -> bool:
    """Say whether the domain is encoded by its logarithm."""
    return domain.scale == "log"


def is_reverse_log_space(domain: Domain) -> bool:
    """Say whether the domain is encoded by -log(1 - x)."""
    return domain.scale == "reverse-log"


def is_uniform_space(domain: Domain) -> bool:
    """Say whether the domain is uniform in the value itself, and so encoded."""
    sampler = domain.get_sampler()
    while isinstance(sampler, Quantized):
        sampler = sampler.sampler
    return domain.scale == "linear" and not isinstance(sampler, Normal)
