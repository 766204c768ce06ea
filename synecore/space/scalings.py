"""Scalings: how a value becomes the internal number on which a domain is uniform."""

from __future__ import annotations

import math
from typing import Protocol

from synecore.space.domain import Domain
from synecore.space.samplers import Scale


class Scaling(Protocol):
    """An increasing map of values to internal numbers, and back."""

    def to_internal(self, value: float) -> float: ...
    def from_internal(self, value: float) -> float: ...


class LinearScaling:
    """The value itself."""

    @staticmethod
    def to_internal(value: float) -> float:
        return value

    @staticmethod
    def from_internal(value: float) -> float:
        return value


class LogScaling:
    """The natural logarithm."""

    to_internal = staticmethod(math.log)
    from_internal = staticmethod(math.exp)


class ReverseLogScaling:
    """-log(1 - value), for values from 0 to just below 1."""

    @staticmethod
    def to_internal(value: float) -> float:
        return -math.log1p(-value)

    @staticmethod
    def from_internal(value: float) -> float:
        return -math.expm1(-value)


_SCALINGS: dict[Scale, Scaling] = {
    "linear": LinearScaling(),
    "log": LogScaling(),
    "reverse-log": ReverseLogScaling(),
}


def scaling_of(scale: Scale) -> Scaling:
    """Return the scaling of that name."""
    return _SCALINGS[scale]


def get_scaling(domain: Domain) -> Scaling:
    """Return the scaling on which the domain is encoded."""
    return _SCALINGS[domain.scale]
