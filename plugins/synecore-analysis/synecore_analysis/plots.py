"""One call from an experiment to a figure in a file."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TypeAlias

from synecore.errors import OptionError, did_you_mean
from synecore.tuning.experiment import Experiment

from .best_plot import draw_best
from .curves_plot import draw_curves
from .figures import save
from .loading import as_result
from .result import ExperimentResult
from .trials_plot import draw_trials

AnyExperiment: TypeAlias = Experiment | ExperimentResult | str | PathLike[str]
AnyPath: TypeAlias = str | PathLike[str] | None

_DRAW = {"best": draw_best, "trials": draw_trials, "curves": draw_curves}


def plot_experiment(
    experiment: AnyExperiment, kind: str = "best", path: AnyPath = None, metric: str | int = 0
) -> Path:
    """Save a figure of an experiment; return the file.

    Args:
        experiment: An experiment, its results, its name or its folder.
        kind: "best": the best value over time; "trials": each trial's values over time;
            "curves": each trial's values over its resource.
        path: Where to save it, by ending as PNG, PDF or SVG; None: `<kind>.png` in the
            experiment's folder.
        metric: Index or name of an objective.
    """
    if kind not in _DRAW:
        raise OptionError(
            f"no kind of plot is called {kind!r}{did_you_mean(kind, _DRAW)}; "
            f"there are {', '.join(_DRAW)}"
        )
    result = as_result(experiment)
    result.metric(metric)  # a wrong one is an error before any file is made
    return save(lambda axes: _DRAW[kind](axes, result, metric), path or result.figure_path(kind))


def plot_best(experiment: AnyExperiment, path: AnyPath = None, metric: str | int = 0) -> Path:
    """Save the best value over time; see `plot_experiment`."""
    return plot_experiment(experiment, "best", path, metric)


def plot_trials(experiment: AnyExperiment, path: AnyPath = None, metric: str | int = 0) -> Path:
    """Save each trial's values over time; see `plot_experiment`."""
    return plot_experiment(experiment, "trials", path, metric)


def plot_curves(experiment: AnyExperiment, path: AnyPath = None, metric: str | int = 0) -> Path:
    """Save each trial's values over its resource; see `plot_experiment`."""
    return plot_experiment(experiment, "curves", path, metric)
