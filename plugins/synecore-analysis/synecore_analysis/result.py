"""What is known of one experiment: results, metadata, the best configuration, figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from synecore.constants import SMT_TUNER_CREATION_TIMESTAMP, ST_TRIAL_ID, ST_TUNER_TIME
from synecore.errors import ExperimentError

from .metric import Metric, counted_values, metrics_of, pick_metric
from .overview import as_html, as_text

if TYPE_CHECKING:
    import pandas as pd

    from synecore import Tuner


@attrs.define(eq=False, repr=False)
class ExperimentResult:
    """Results of an experiment, with what is asked of them most often.

    Attributes:
        name: The experiment's name.
        results: One row a report: the reported metrics, `trial_id`, `config_<name>` for each
            hyperparameter and constant, `st_tuner_time` (seconds since the experiment's start),
            `decision` (CONTINUE, STOP or PAUSE), the trial's `status` then, `tuner_name`,
            `entry_point_name` and `entry_point_path`, and the columns that scripts and callbacks
            add.
        metadata: The content of metadata.json.
        tuner: A tuner that would go on with the experiment, if it was asked for.
        path: The experiment's folder.
        trials: One row a trial: `status` now, `started` and `ended` (seconds since the
            experiment's start), `reports`, `attempts`, `parent`, `error`, `config_<name>`.
        seconds: The experiment's length on its own clock.
    """

    name: str
    results: pd.DataFrame
    metadata: Mapping[str, Any]
    tuner: Tuner | None = None
    path: Path | None = None
    trials: pd.DataFrame = attrs.field(kw_only=True)
    seconds: float = attrs.field(kw_only=True)

    @trials.default
    def _trials_of_results(self) -> pd.DataFrame:
        from .frames import trials_of

        return trials_of(self.results)

    @seconds.default
    def _seconds_of_results(self) -> float:
        return 0.0 if self.results.empty else float(self.results[ST_TUNER_TIME].max())

    # ---- what it was -----------------------------------------------------------------------

    def creation_date(self) -> datetime:
        """When the experiment was created, in the local time zone."""
        return datetime.fromtimestamp(float(self.metadata[SMT_TUNER_CREATION_TIMESTAMP]))

    def metric_names(self) -> list[str]:
        return [metric.name for metric in metrics_of(self.metadata)]

    def metric_mode(self) -> str | list[str]:
        """'min' or 'max'; one each where there are several metrics."""
        modes = [metric.mode for metric in metrics_of(self.metadata)]
        return modes[0] if len(modes) == 1 else modes

    def entrypoint_name(self) -> str | None:
        """Name of the script that was tuned; None for a function."""
        for key in ("entry_point_name", "entrypoint"):  # the second in older folders
            if self.metadata.get(key):
                return str(self.metadata[key])
        return None

    # ---- what came out ---------------------------------------------------------------------

    def metric(self, metric: str | int = 0) -> Metric:
        """An objective by index or name; OptionError if there is no such one."""
        return pick_metric(self.metadata, metric)

    def values(self, metric: str | int = 0) -> pd.Series[float]:
        """A metric in every report that counts, in order of time; indexed as `results`.

        Reports that came after their trial's stop, NaN, infinite and infeasible ones do not count.
        """
        return counted_values(self.results, self.metadata, self.metric(metric))

    def best_row(self, metric: str | int = 0) -> int:
        """Row of `results` that holds the report with the best value; the first of equal ones.

        Raises:
            ExperimentError: No report counts yet.
        """
        values = self.values(metric)
        if values.empty:
            raise ExperimentError(self.why_nothing(metric))
        y = -values if self.metric(metric).maximized else values
        return int(values.index[int(y.to_numpy().argmin())])

    def best_trial(self, metric: str | int = 0) -> int:
        """The trial of the best report; errors as for `best_row`."""
        return int(self.results[ST_TRIAL_ID].to_numpy()[self.best_row(metric)])

    def best_value(self, metric: str | int = 0) -> float:
        """The value of the best report; errors as for `best_row`."""
        return float(self.values(metric)[self.best_row(metric)])

    def best_config(self, metric: str | int = 0) -> dict[str, Any]:
        """`trial_id`, the value of `metric` and `config_<name>` of the best report.

        Raises:
            ExperimentError: No report counts yet.
            OptionError: There is no such metric.
        """
        row = self.results.loc[self.best_row(metric)]
        name = self.metric(metric).name
        wanted = [ST_TRIAL_ID, name, *(c for c in row.index if str(c).startswith("config_"))]
        plain = {str(column): _plain(row[column]) for column in dict.fromkeys(wanted)}
        return {column: value for column, value in plain.items() if value is not None}

    def why_nothing(self, metric: str | int = 0) -> str:
        """Why there is no best value, in words, where no report counts."""
        name = self.metric(metric).name
        start = f"experiment '{self.name}' has no value of '{name}' to choose from"
        if self.trials.empty:
            return f"{start}: no trial has started yet"
        if self.results.empty:
            return f"{start}: none of its {len(self.trials)} trials has reported yet{self._error()}"
        if name not in self.results:
            return f"{start}: none of its {len(self.results)} reports has it{self._error()}"
        return (
            f"{start}: none of its {len(self.results)} reports is finite, feasible and in time"
            f"{self._error()}"
        )

    def _error(self) -> str:
        failed = self.trials[self.trials["status"] == "Failed"]
        if failed.empty:
            return ""
        last = failed.iloc[-1]
        lines = str(last.get("error") or "").strip().splitlines()
        message = f": {lines[-1]}" if lines else ""
        return f"; {len(failed)} failed, trial {last[ST_TRIAL_ID]} the last{message}"

    # ---- figures ---------------------------------------------------------------------------

    def plot(
        self,
        metric_to_plot: str | int = 0,
        figure_path: str | PathLike[str] | None = None,
        **plt_kwargs: Any,
    ) -> Path | None:
        """The best value over time, as a step line above the points of all reports.

        Args:
            metric_to_plot: Index or name of an objective.
            figure_path: Where the figure is saved; the ending (.png, .pdf, .svg) chooses the kind.
                None: it is shown, or, on a machine without a display, saved in the experiment's
                folder.
            **plt_kwargs: For the step line, as for `matplotlib.axes.Axes.plot`.

        Returns:
            The file that was written, None if the figure was shown.
        """
        from .best_plot import draw_best
        from .figures import show_or_save

        return show_or_save(
            lambda axes: draw_best(axes, self, metric_to_plot, **plt_kwargs),
            figure_path, fallback=self.figure_path("best"),
        )  # fmt: skip

    def plot_trials_over_time(
        self,
        metric_to_plot: str | int = 0,
        figure_path: str | PathLike[str] | None = None,
        figsize: tuple[float, float] | None = None,
    ) -> Path | None:
        """Each trial's values over time. Arguments as for `plot`; `figsize` is in inches."""
        from .figures import show_or_save
        from .trials_plot import draw_trials

        return show_or_save(
            lambda axes: draw_trials(axes, self, metric_to_plot),
            figure_path, figsize, fallback=self.figure_path("trials"),
        )  # fmt: skip

    def plot_learning_curves(
        self,
        metric_to_plot: str | int = 0,
        figure_path: str | PathLike[str] | None = None,
        figsize: tuple[float, float] | None = None,
    ) -> Path | None:
        """Each trial's values over its resource, such as epochs. Arguments as for `plot`."""
        from .curves_plot import draw_curves
        from .figures import show_or_save

        return show_or_save(
            lambda axes: draw_curves(axes, self, metric_to_plot),
            figure_path, figsize, fallback=self.figure_path("curves"),
        )  # fmt: skip

    def plot_hypervolume(
        self,
        metrics_to_plot: Sequence[str | int] | None = None,
        reference_point: Sequence[float] | None = None,
        figure_path: str | PathLike[str] | None = None,
    ) -> Path | None:
        """The hypervolume of several objectives over time. `figure_path` as for `plot`.

        Args:
            metrics_to_plot: Indices or names of objectives; all by default.
            reference_point: One number a metric; the worst values reported by default.
            figure_path: Where the figure is saved.
        """
        from .figures import show_or_save
        from .hypervolume import draw_hypervolume

        return show_or_save(
            lambda axes: draw_hypervolume(axes, self, metrics_to_plot, reference_point),
            figure_path, fallback=self.figure_path("hypervolume"),
        )  # fmt: skip

    def figure_path(self, what: str) -> Path:
        """Where a figure goes that nobody named a place for."""
        return (Path() if self.path is None else self.path) / f"{what}.png"

    # ---- in words --------------------------------------------------------------------------

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        return (
            f"<ExperimentResult {self.name!r}: {len(self.trials)} trials, "
            f"{len(self.results)} reports>"
        )

    def _repr_html_(self) -> str:
        return as_html(self)


def _plain(value: Any) -> Any:
    """A cell as a Python value; None for an empty one."""
    if hasattr(value, "item"):
        value = value.item()
    if value is None or type(value).__name__ == "NAType":
        return None
    return None if isinstance(value, float) and math.isnan(value) else value
