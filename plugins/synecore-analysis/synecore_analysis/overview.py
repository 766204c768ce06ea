"""An experiment in a few lines, as text and as HTML."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from synecore.constants import SMT_TUNER_CREATION_TIMESTAMP, ST_TRIAL_ID
from synecore.errors import ExperimentError

from .metric import metrics_of
from .wording import span, value_text

if TYPE_CHECKING:
    from .result import ExperimentResult

_WORDS = {"InProgress": "unfinished"}


def overview_of(result: ExperimentResult) -> dict[str, str]:
    """What a printed experiment says, as labels and texts."""
    lines = {
        "trials": _trials(result),
        "reports": f"{len(result.results)} in {span(result.seconds)}",
    }
    if SMT_TUNER_CREATION_TIMESTAMP in result.metadata:
        lines["created"] = f"{result.creation_date():%Y-%m-%d %H:%M:%S}"
    for key, label in (("scheduler_name", "method"), ("backend", "backend")):
        if result.metadata.get(key):
            lines[label] = str(result.metadata[key])
    if result.entrypoint_name() is not None:
        lines["script"] = str(result.entrypoint_name())
    for metric in metrics_of(result.metadata):
        lines[f"best {metric.name}"] = _best(result, metric.name)
    if result.path is not None:
        lines["folder"] = str(result.path)
    return lines


def as_text(result: ExperimentResult) -> str:
    lines = overview_of(result)
    width = max(map(len, lines))
    rows = [f"  {label:<{width}}  {text}" for label, text in lines.items()]
    return "\n".join([f"Experiment {result.name}", *rows])


def as_html(result: ExperimentResult) -> str:
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(label)}</th>"
        f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
        for label, text in overview_of(result).items()
    )
    return f"<table><caption><b>{html.escape(result.name)}</b></caption>{rows}</table>"


def _trials(result: ExperimentResult) -> str:
    counts = result.trials["status"].value_counts()
    words = [f"{n} {_WORDS.get(str(word), str(word).lower())}" for word, n in counts.items()]
    return f"{len(result.trials)}" + (f" ({', '.join(words)})" if words else "")


def _best(result: ExperimentResult, metric: str) -> str:
    try:
        best = result.best_config(metric)
    except ExperimentError as error:
        return f"none: {str(error).partition(': ')[2]}"
    config = ", ".join(
        f"{name.removeprefix('config_')}={value_text(value)}"
        for name, value in best.items()
        if name.startswith("config_")
    )
    return f"{value_text(best[metric])} (trial {best[ST_TRIAL_ID]}: {config})"
