"""The words that users write: uniform, loguniform, randint, choice, ordinal, finrange and kin."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from synecore.errors import SpaceError, did_you_mean
from synecore.space.categories import Categorical, Ordinal, OrdinalNearestNeighbor
from synecore.space.finite_range import FiniteRange
from synecore.space.ranges import Float, Integer

ORDINAL_KINDS = ("equal", "nn", "nn-log")


def uniform(lower: float, upper: float) -> Float:
    """Real number in [lower, upper], uniform."""
    return Float(lower, upper).uniform()


def loguniform(lower: float, upper: float) -> Float:
    """Real number in [lower, upper], exp(x) for x uniform between log(lower) and log(upper)."""
    return Float(lower, upper).loguniform()


def reverseloguniform(lower: float, upper: float) -> Float:
    """Real number in [lower, upper] below 1, uniform in -log(1 - x): for values close to 1."""
    return Float(lower, upper).reverseloguniform()


def randint(lower: int, upper: int) -> Integer:
    """Integer from lower to upper, both included, uniform."""
    return Integer(lower, upper).uniform()


def lograndint(lower: int, upper: int) -> Integer:
    """Integer from lower to upper, both included, log-uniform.

    It is round(exp(x)) for x uniform between log(lower - 0.5) and log(upper + 0.5).
    """
    return Integer(lower, upper).loguniform()


def choice(categories: Sequence[Any]) -> Categorical:
    """One of the values, which have no order; all of one type."""
    return Categorical(categories).uniform()


def ordinal(categories: Sequence[Any], kind: str | None = None) -> Ordinal:
    """One of the values, whose order matters.

    Args:
        categories: values of one type.
        kind: "equal": each value is as likely as the others, and neighbours have the same
            distance. "nn": numbers, drawn and encoded as the nearest one to a uniform real number;
            "nn-log": the same for their logarithms. By default "nn" for increasing numbers and
            "equal" for all others.
    """
    if kind is None:
        values = list(categories)
        numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
        rising = numbers and all(a < b for a, b in pairwise(values))
        kind = "nn" if rising and values else "equal"
    if kind not in ORDINAL_KINDS:
        raise SpaceError(
            f"ordinal: unknown kind {kind!r}{did_you_mean(str(kind), ORDINAL_KINDS) or ';'} "
            f"allowed are {', '.join(ORDINAL_KINDS)}."
        )
    if kind == "equal":
        return Ordinal(categories).uniform()
    return OrdinalNearestNeighbor(categories, log_scale=kind == "nn-log")


def logordinal(categories: Sequence[float]) -> Ordinal:
    """One of increasing positive numbers, by the distance of logarithms: ordinal of "nn-log"."""
    return ordinal(categories, kind="nn-log")


def finrange(lower: float, upper: float, size: int, cast_int: bool = False) -> FiniteRange:
    """One of `size` numbers from lower to upper, both included, at equal steps; size >= 2."""
    return FiniteRange(lower, upper, size, cast_int=cast_int)


def logfinrange(lower: float, upper: float, size: int, cast_int: bool = False) -> FiniteRange:
    """One of `size` numbers from lower to upper, both included, at equal steps of the logarithm."""
    return FiniteRange(lower, upper, size, log_scale=True, cast_int=cast_int)


def quniform(lower: float, upper: float, q: float) -> Float:
    """Multiple of q in [lower, upper]: a uniform number, rounded."""
    return uniform(lower, upper).quantized(q)


def qloguniform(lower: float, upper: float, q: float) -> Float:
    """Multiple of q in [lower, upper]: a log-uniform number, rounded."""
    return loguniform(lower, upper).quantized(q)


def qrandint(lower: int, upper: int, q: int = 1) -> Integer:
    """Multiple of q from lower to upper, both included: a uniform integer, rounded."""
    return randint(lower, upper).quantized(q)


def qlograndint(lower: int, upper: int, q: int = 1) -> Integer:
    """Multiple of q from lower to upper, both included: a log-uniform integer, rounded."""
    return lograndint(lower, upper).quantized(q)
