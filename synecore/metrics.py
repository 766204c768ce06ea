"""From a reported mapping to numbers: objectives minimised, constraints feasible at <= 0."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from synecore.errors import did_you_mean
from synecore.problem import Array, Goal, Problem


@attrs.define
class Measured:
    """One report in the core's terms."""

    resource: float
    values: list[float]  # (m,) of the objectives, minimised
    c: Array  # (k,) feasible at <= 0; NaN counts as infeasible
    cost: float  # since the last (re)start; NaN where the problem has no cost

    @property
    def y(self) -> Array:
        """The values as an array (m,), made anew."""
        return np.array(self.values)

    @property
    def finite(self) -> bool:
        """Whether every objective is."""
        return all(map(math.isfinite, self.values))


class MetricReader:
    """Picks a problem's metrics out of reports, and flips their signs."""

    def __init__(self, problem: Problem) -> None:
        self._objectives = [
            (o.name, -1.0 if o.goal is Goal.MAXIMIZE else 1.0) for o in problem.objectives
        ]
        self._constraints = [
            (c.name, c.bound, -1.0 if c.at_least else 1.0) for c in problem.constraints
        ]
        self._cost = problem.cost
        self.resource_name = problem.fidelity.name if problem.fidelity else None
        self._no_constraints = np.empty(0)

    def read(self, metrics: Mapping[str, Any], count: int) -> Measured | str:
        """Return the numbers, or a message that says what is wrong with the report.

        `count` is the number of the trial's reports, this one included: the resource where none is
        named.
        """
        try:
            resource = self._resource(metrics, count)
            values = [sign * _number(metrics, name) for name, sign in self._objectives]
            c = self._no_constraints
            if self._constraints:
                beyond = (
                    sign * (_number(metrics, name) - bound)
                    for name, bound, sign in self._constraints
                )
                c = np.array([math.inf if math.isnan(value) else value for value in beyond])
            cost = _number(metrics, self._cost) if self._cost else math.nan
        except _Unreadable as error:
            return f"{error}; the report was {dict(metrics)!r:.300}"
        return Measured(resource, values, c, cost)

    def _resource(self, metrics: Mapping[str, Any], count: int) -> float:
        if self.resource_name is None:
            return float(count)
        resource = _number(metrics, self.resource_name)
        if not (resource >= 1.0 and resource.is_integer()):
            raise _Unreadable(
                f"resource '{self.resource_name}' must be a positive integer that counts up "
                "from 1, "
                f"got {metrics[self.resource_name]!r}"
            )
        return resource


class _Unreadable(Exception):
    """A report that lacks a metric or carries something else than a number."""


def _number(metrics: Mapping[str, Any], name: str) -> float:
    try:
        value = metrics[name]
    except KeyError:
        raise _Unreadable(
            f"metric '{name}' is not in the report{did_you_mean(name, list(metrics))}"
        ) from None
    if type(value) is float:
        return value
    if type(value) is int:
        return _float(name, value)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise _Unreadable(f"metric '{name}' must be a number, got {value!r:.80}")
    return _float(name, value)


def _float(name: str, value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of hundreds of digits
        raise _Unreadable(f"metric '{name}' must be a number, got {value!r:.80}") from None
