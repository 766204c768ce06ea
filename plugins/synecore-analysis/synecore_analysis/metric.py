"""A metric of an experiment: its name, which way is better, and which reports of it count."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from synecore.errors import OptionError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd


@attrs.frozen
class Metric:
    """One objective, in the user's sign."""

    name: str
    mode: str = "min"

    @property
    def maximized(self) -> bool:
        return self.mode == "max"

    @property
    def direction(self) -> str:
        return "higher is better" if self.maximized else "lower is better"


def metrics_of(metadata: Mapping[str, Any]) -> list[Metric]:
    """The objectives that metadata.json names; one mode may stand for all of them."""
    names = metadata.get("metric_names") or []
    names = [names] if isinstance(names, str) else list(names)
    modes = metadata.get("metric_mode") or "min"
    modes = [modes] * len(names) if isinstance(modes, str) else list(modes)
    if len(modes) == 1:
        modes *= len(names)
    return [Metric(name, mode) for name, mode in zip(names, modes, strict=True)]


def pick_metric(metadata: Mapping[str, Any], metric: str | int) -> Metric:
    """A metric by its index or name.

    Raises:
        OptionError: There is no such objective.
    """
    metrics = metrics_of(metadata)
    names = [known.name for known in metrics]
    listed = ", ".join(names) or "none"
    if isinstance(metric, str):
        if metric not in names:
            raise OptionError(
                f"metric: {metric!r} is no objective of the experiment"
                f"{did_you_mean(metric, names)}; its objectives are {listed}"
            )
        return metrics[names.index(metric)]
    index = operator.index(metric)
    if not 0 <= index < len(metrics):
        raise OptionError(
            f"metric: {metric} is out of range; the experiment's objectives, counted from 0, "
            f"are {listed}"
        )
    return metrics[index]


def counted_values(
    results: pd.DataFrame, metadata: Mapping[str, Any], metric: Metric
) -> pd.Series[float]:
    """The metric's value in every report that counts, indexed by the report's row.

    Late reports (of a trial that had been told to stop), values that are not finite numbers and
    infeasible ones are left out, as the tuner leaves them out.
    """
    import numpy as np

    values = numeric(results, metric.name)
    counts = np.isfinite(values)
    if "status" in results:
        counts &= (results["status"] != "Stopping").to_numpy()
    for constraint in (metadata.get("problem") or {}).get("constraints") or ():
        within = numeric(results, constraint["name"])
        bound = constraint["bound"]
        counts &= within >= bound if constraint["at_least"] else within <= bound
    return values[counts]


def numeric(results: pd.DataFrame, column: str) -> pd.Series[float]:
    """A column as floats; NaN where it is missing or no number."""
    import pandas as pd

    if column not in results:
        return pd.Series(float("nan"), index=results.index, dtype=float)
    return pd.to_numeric(results[column], errors="coerce").astype(float)
