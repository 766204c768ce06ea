"""Which metrics of a framework are reported, and under which names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from synecore.errors import OptionError, did_you_mean
from synecore.report import Reporter

# Name in the framework -> name in the report; or names that stay as they are; None for all.
MetricNames: TypeAlias = Mapping[str, str] | Iterable[str] | str | None


class MetricReports:
    """Prints reports of the wanted metrics, each with its resource.

    Args:
        metrics: What to report. A mapping gives each metric of the framework its name in the
            report; a name or several stay as they are; None reports every metric there is.
        resource_attr: Name of the resource in the report.
        where: Whose metrics these are, for messages.

    Raises:
        OptionError: Nothing is wanted, or two metrics would have one name in the report.
    """

    def __init__(self, metrics: MetricNames, resource_attr: str, where: str) -> None:
        self.resource_attr = resource_attr
        self.where = where
        self._names = _names(metrics, resource_attr)
        self._report = Reporter()

    def __call__(self, found: Mapping[str, Any], resource: int) -> None:
        """Report what is wanted of what was found.

        Values that are not numbers pass as they are: NaN is a result.

        Args:
            found: All metrics of this moment, by their names in the framework.
            resource: Units done, such as epochs.

        Raises:
            OptionError: A wanted metric was not found, or, where all are wanted, none was.
        """
        names = self._names
        if names is None:
            names = {name: name for name in found if name != self.resource_attr}
        missing = [name for name in names if name not in found]
        if missing or not names:
            raise self._nothing(missing, found, resource)
        values = {reported: found[name] for name, reported in names.items()}
        self._report(**values, **{self.resource_attr: resource})

    def _nothing(self, missing: list[str], found: Mapping[str, Any], resource: int) -> OptionError:
        at = f"at {self.resource_attr} {resource}"
        if not missing:
            return OptionError(f"there is no metric to report: {self.where} {at} has none")
        hint = did_you_mean(missing[0], found)
        return OptionError(
            f"metrics: {self.where} {at} has no {missing[0]!r}{hint}; "
            f"it has {', '.join(sorted(found)) or 'no metric at all'}"
        )


def _names(metrics: MetricNames, resource_attr: str) -> dict[str, str] | None:
    if metrics is None:
        return None
    if isinstance(metrics, str):
        metrics = [metrics]
    names = dict(metrics) if isinstance(metrics, Mapping) else {name: name for name in metrics}
    if not names:
        raise OptionError(
            "metrics: an empty collection, which would report nothing; name the metrics to "
            "report, or leave the argument out to report all"
        )
    reported = [*names.values(), resource_attr]
    for name in reported:
        if reported.count(name) > 1:
            raise OptionError(
                f"metrics: {name!r} would stand twice in a report; give each metric a name of its "
                f"own, and none the name of the resource, {resource_attr!r}"
            )
    return names
