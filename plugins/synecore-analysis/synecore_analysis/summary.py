"""What stays on the screen when a run has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from synecore.actions import Status
from synecore.tuning.status import duration

from .panel import STYLES
from .wording import config_text, number

if TYPE_CHECKING:
    from synecore.plugins.hookspecs import ExperimentView
    from synecore.tuning.status import TuningStatus

    from .incumbent import BestSoFar


def summary_of(
    experiment: ExperimentView, status: TuningStatus, best: Sequence[BestSoFar], reason: str
) -> list[Text]:
    """Lines: why it ended, what was found, where it is kept and how to look at it."""
    table = status.table
    elapsed = duration(status.wallclock_time)
    lines = [Text.assemble((experiment.name, "bold"), f" ended after {elapsed}: {reason}")]
    counts = [Text(f"{table.n_trials} trials")]
    for kind in Status:
        if n := table.count(kind):
            name = kind.name.lower()
            counts.append(Text(f"{n} {name}", STYLES[name]))
    lines.append(_line("trials", Text(", ").join(counts)))
    for objective in best:
        if objective.value is None:
            lines.append(_line("best", Text(f"no {objective.name} was reported")))
            continue
        lines.append(
            _line(
                "best",
                Text.assemble(
                    f"{objective.name} ", (number(objective.value), "bold green"),
                    f" (trial {objective.trial})",
                ),
            )
        )  # fmt: skip
        config = config_text(table.problem, table.configs[objective.trial])
        lines.append(_line("", Text(config)))
    if experiment.folder is not None:
        lines.append(_line("results", Text(str(experiment.folder))))
        if any(objective.value is not None for objective in best):
            lines.append(_line("plot", Text(f"synecore plot {experiment.name}", "cyan")))
            lines.append(
                _line("why", Text(f"synecore why {experiment.name} {best[0].trial}", "cyan"))
            )
    return lines


def _line(label: str, text: Text) -> Text:
    return Text.assemble((f"  {label:<9}", "dim"), text)
