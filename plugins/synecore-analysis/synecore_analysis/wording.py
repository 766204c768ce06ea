"""Configurations, numbers and times, short enough for a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from synecore.tuning.status import duration

if TYPE_CHECKING:
    from synecore.problem import Problem


def config_text(problem: Problem, config: Mapping[str, Any]) -> str:
    """'lr=0.0123  width=32': the hyperparameters that are active, without the constants."""
    names = [name for name in problem.space.names if name in config]
    return "  ".join(f"{name}={value_text(config[name])}" for name in names)


def span(seconds: float) -> str:
    """'3.2 s', from a minute on '1:04'."""
    return f"{seconds:.3g} s" if seconds < 59.95 else duration(seconds)


def value_text(value: Any) -> str:
    return number(value) if isinstance(value, float) else " ".join(str(value).split())


def number(value: float) -> str:
    """Four digits that tell."""
    return f"{value:.4g}"
