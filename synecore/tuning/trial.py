"""A trial as users see it: in callbacks, in ask/tell, in results."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from synecore.actions import Status
from synecore.constants import ST_WORKER_COST, ST_WORKER_TIME


@attrs.frozen
class Trial:
    """One configuration under evaluation.

    `until` is the resource it should run to now and `checkpoint_of` the trial whose checkpoint it
    starts from; both matter only to those who run trials themselves.
    """

    trial_id: int
    config: Mapping[str, Any]
    creation_time: datetime
    until: float = attrs.field(default=float("inf"), kw_only=True)
    resumes: bool = attrs.field(default=False, kw_only=True)
    checkpoint_of: int | None = attrs.field(default=None, kw_only=True)

    def add_results(
        self, metrics: Mapping[str, Any], status: Status, training_end_time: datetime | None = None
    ) -> TrialResult:
        return TrialResult(
            self.trial_id, self.config, self.creation_time, metrics, status, training_end_time
        )


@attrs.frozen
class TrialResult:
    """A trial with its last metrics."""

    trial_id: int
    config: Mapping[str, Any]
    creation_time: datetime
    metrics: Mapping[str, Any]
    status: Status
    training_end_time: datetime | None = None

    @property
    def seconds(self) -> float:
        """Time in the worker as reported, else from creation to end; NaN if unknown."""
        if ST_WORKER_TIME in self.metrics:
            return float(self.metrics[ST_WORKER_TIME])
        if self.training_end_time is None:
            return float("nan")
        return (self.training_end_time - self.creation_time).total_seconds()

    @property
    def cost(self) -> float | None:
        """Estimated cost so far, where the reporter estimates one."""
        return self.metrics.get(ST_WORKER_COST)
