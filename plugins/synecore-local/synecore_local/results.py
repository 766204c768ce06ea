"""What a function returns or yields, as reports.

Runs in every trial of a function, so it imports next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import GeneratorType
from typing import Any


def report_yields(
    result: Any, metric: str | None, report: Callable[..., None], refuse: Callable[[str], None]
) -> Any:
    """Report what a generator yields, and return what it returns; anything else comes back as is.

    Args:
        result: What the function returned.
        metric: What a yielded number stands for; None with several objectives.
        report: A `Reporter`. Where it raises, the generator is closed.
        refuse: Gets a sentence on each thing that is yielded and cannot be reported.
    """
    if not isinstance(result, GeneratorType):
        return result
    try:
        while True:
            metrics = metrics_of(next(result), metric, {}, refuse, how="yielded")
            if metrics:
                report(**metrics)
    except StopIteration as end:
        return end.value
    finally:
        result.close()


def metrics_of(
    result: Any,
    metric: str | None,
    resource: Mapping[str, int],
    refuse: Callable[[str], None],
    how: str = "returned",
) -> dict[str, Any] | None:
    """Return what a function returned as a report; None for nothing.

    Args:
        result: What it returned.
        metric: What a number stands for; None with several objectives.
        resource: Name and amount of the resource that it was given, where there is one.
        refuse: Gets a sentence on what is no metric.
        how: Whether it was returned or yielded, for that sentence.
    """
    if result is None:
        return None
    if isinstance(result, Mapping):
        return {**resource, **result}
    number = scalar(result)
    if metric is not None and isinstance(number, (int, float)) and not isinstance(number, bool):
        return {**resource, metric: number}
    allowed = "a mapping of metrics" if metric is None else f"{metric!r} or a mapping of metrics"
    refuse(
        f"synecore: the function {how} {result!r:.80} ({type(result).__name__}), which is not "
        f"reported; {how.removesuffix('ed')} {allowed} to have it reported, or None"
    )
    return None


def scalar(value: Any) -> Any:
    """Turn a scalar of an array library into a Python number; leave anything else."""
    if type(value) is float or type(value) is int:
        return value
    try:
        return value.item()
    except (AttributeError, TypeError, ValueError, RuntimeError):  # no scalar
        return value
