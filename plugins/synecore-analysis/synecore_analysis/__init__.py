"""Experiments as data frames, tables, plots and a live display.

    from synecore_analysis import load_experiment

Resolved lazily: neither pandas nor matplotlib is imported before it is needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .best_plot import draw_best
    from .curves_plot import draw_curves
    from .loading import (
        as_result,
        get_metadata,
        list_experiments,
        load_experiment,
        load_experiments_df,
    )
    from .plots import plot_best, plot_curves, plot_experiment, plot_trials
    from .result import ExperimentResult
    from .trials_plot import draw_trials

_HOME = {
    "ExperimentResult": "result",
    "as_result": "loading",
    "draw_best": "best_plot",
    "draw_curves": "curves_plot",
    "draw_trials": "trials_plot",
    "get_metadata": "loading",
    "list_experiments": "loading",
    "load_experiment": "loading",
    "load_experiments_df": "loading",
    "plot_best": "plots",
    "plot_curves": "plots",
    "plot_experiment": "plots",
    "plot_trials": "plots",
}

__all__ = [
    "ExperimentResult",
    "as_result",
    "draw_best",
    "draw_curves",
    "draw_trials",
    "get_metadata",
    "list_experiments",
    "load_experiment",
    "load_experiments_df",
    "plot_best",
    "plot_curves",
    "plot_experiment",
    "plot_trials",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
