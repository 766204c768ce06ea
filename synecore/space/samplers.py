"""How values are drawn from a domain, and the scale that goes with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from synecore.errors import SpaceError

if TYPE_CHECKING:
    from synecore.space.domain import Domain

Scale: TypeAlias = Literal["linear", "log", "reverse-log"]


@attrs.frozen
class Sampler:
    """Base of all samplers."""

    @property
    def scale(self) -> Scale:
        """On which scale the domain is uniform, and so how it is encoded."""
        return "linear"

    def sample(
        self, domain: Domain, spec: Any = None, size: int = 1, random_state: Any = None
    ) -> Any:
        """Draw from `domain` as if this were its sampler; see `Domain.sample`."""
        drawn = domain.copy()
        drawn.set_sampler(self, allow_override=True)
        return drawn.sample(spec=spec, size=size, random_state=random_state)


@attrs.frozen
class BaseSampler(Sampler):
    """A sampler that wraps no other."""


@attrs.frozen
class Uniform(BaseSampler):
    """Uniform in the value."""


@attrs.frozen
class LogUniform(BaseSampler):
    """Uniform in the logarithm. `base` changes nothing; it is kept for Ray Tune's sake."""

    base: float = math.e

    @property
    def scale(self) -> Scale:
        return "log"


@attrs.frozen
class ReverseLogUniform(BaseSampler):
    """Uniform in -log(1 - value)."""

    @property
    def scale(self) -> Scale:
        return "reverse-log"


def _finite(instance: Any, attribute: attrs.Attribute[float], value: float) -> None:
    if not math.isfinite(value):
        raise SpaceError(f"{attribute.name}: {value!r} is not a finite number.")


def _positive(instance: Any, attribute: attrs.Attribute[float], value: float) -> None:
    if not (math.isfinite(value) and value > 0.0):
        raise SpaceError(f"{attribute.name}: {value!r} must be a finite number above 0.")


@attrs.frozen
class Normal(BaseSampler):
    """Normal in the value, cut at the domain's bounds."""

    mean: float = attrs.field(default=0.0, converter=float, validator=_finite)
    sd: float = attrs.field(default=1.0, converter=float, validator=_positive)


@attrs.frozen
class Grid(BaseSampler):
    """Marks a domain whose values are to be walked through, not drawn."""

    def sample(
        self, domain: Domain, spec: Any = None, size: int = 1, random_state: Any = None
    ) -> Any:
        """Refuse."""
        raise SpaceError(f"{domain!r} is a grid: its values are listed in `categories`, not drawn.")


@attrs.frozen
class Quantized(Sampler):
    """Rounds what another sampler draws to a multiple of `q`."""

    sampler: Sampler
    q: float = attrs.field(validator=_positive)

    @property
    def scale(self) -> Scale:
        return self.sampler.scale

    def get_sampler(self) -> Sampler:
        """Return the sampler that is wrapped."""
        return self.sampler


@attrs.frozen
class NormalPrior:
    """Belief that good values lie around `mean`.

    `sd` is in the units of the domain's scale: of the value itself on a linear scale, of its
    natural logarithm on a log scale (so log(10) is a factor of ten), and of -log(1 - value) on a
    reverse log scale.
    """

    mean: float = attrs.field(converter=float, validator=_finite)
    sd: float = attrs.field(converter=float, validator=_positive)


def _weights(weights: Any) -> tuple[float, ...]:
    return tuple(float(weight) for weight in weights)


@attrs.frozen
class WeightPrior:
    """Belief in each value of a finite domain, in the order of its values; need not sum to one."""

    weights: tuple[float, ...] = attrs.field(converter=_weights)

    @weights.validator
    def _check(
        self, attribute: attrs.Attribute[tuple[float, ...]], value: tuple[float, ...]
    ) -> None:
        if not all(math.isfinite(w) and w >= 0.0 for w in value) or not sum(value) > 0.0:
            raise SpaceError(f"prior: weights {list(value)} must be >= 0, and one of them above 0.")


Prior: TypeAlias = NormalPrior | WeightPrior
