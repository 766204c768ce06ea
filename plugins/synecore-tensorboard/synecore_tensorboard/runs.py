"""The runs that TensorBoard shows of an experiment: one a trial, and one of the best so far.

TensorBoard draws the scalars of one name in one chart, a line a run, and its HPARAMS tab has a row
a run: so a trial is a run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from synecore.actions import Status
from synecore.problem import Problem
from synecore.tuning.chronicle import Best, Point, numbers_of

from . import messages
from .event_file import EventFile

BEST = "best"


@attrs.define
class _Run:
    """An event file, and how many of the records to come it holds already."""

    file: EventFile
    held: int


class Runs:
    """Listens to a chronicle, and appends to the event file that something belongs to.

    What it writes depends on what it is told alone, and it is told everything again when a run is
    resumed; so of each file's records it passes over as many as the file holds.

    Args:
        folder: Where the runs' folders are.
        problem: What is tuned.
        targets: Metrics whose best is told; the first one's configuration is written.
        ignored: Metrics that are left out of the trials' curves.
        hparams: Whether the HPARAMS tab gets the configurations.
    """

    def __init__(
        self,
        folder: Path,
        problem: Problem,
        targets: Sequence[str],
        *,
        ignored: Collection[str] = (),
        hparams: bool = True,
    ) -> None:
        self._folder, self._problem, self._targets = folder, problem, targets
        self._ignored, self._hparams = ignored, hparams
        self._runs: dict[str, _Run] = {}  # of the trials that may report again, and of the best
        self._waiting: dict[str, _Run] = {}  # those with records to write
        self._configs: dict[int, dict[str, Any]] = {}
        self._line: dict[str, float] = {}  # of the run of the best: tag -> value
        self._drawn = 0  # points of the experiment when it was last written
        self._now = self._before = (0, 0.0)  # points of the experiment and time, as last told
        self._incumbent = -1

    def started(self, trial: int, config: Mapping[str, Any], time: float) -> None:
        space = self._problem.space
        values = {name: config[name] for name in space.names if name in config}
        self._configs[trial] = values
        if not self._hparams:
            return
        if trial == 0:
            metrics = dict.fromkeys([*self._targets, *(o.name for o in self._problem.objectives)])
            self._add(BEST, time, lambda: messages.hparams_experiment(space, [*metrics], time))
        name = run_of(trial)
        self._add(name, time, lambda: messages.hparams_start(values, name, time))

    def reported(self, point: Point) -> None:
        self._before, self._now = self._now, (point.total, point.time)
        values: Mapping[str, float] = point.values
        if self._ignored:
            values = {name: v for name, v in values.items() if name not in self._ignored}
        self._add(
            run_of(point.trial),
            point.time,
            lambda: messages.scalars(values, point.step, point.time),
        )

    def improved(self, best: Sequence[Best]) -> None:
        """Draw the line to where it was good, so that it is a staircase, and go on from there."""
        if self._line:
            self._draw(*self._before)
        for found in best:
            self._line[f"best/{found.metric}"] = found.value
            if found.metric == self._targets[0] and found.trial != self._incumbent:
                self._replace_incumbent(found)
        self._draw(best[0].total, best[0].time)

    def paused(self, trial: int, time: float) -> None:
        """Nothing: a paused trial's curve may go on."""

    def ended(self, trial: int, status: Status, time: float) -> None:
        if self._hparams:
            self._add(run_of(trial), time, lambda: messages.hparams_end(status, time))
        run = self._runs.pop(run_of(trial), None)
        if run is not None:
            run.file.flush()
        self._configs.pop(trial, None)
        if self._line:
            self._draw(*self._now)

    def flush(self) -> None:
        """Write what was told since the last call."""
        for run in self._waiting.values():
            run.file.flush()
        self._waiting.clear()

    def _draw(self, step: int, time: float) -> None:
        if step > self._drawn:
            self._drawn = step
            line = dict(self._line)
            self._add(BEST, time, lambda: messages.scalars(line, step, time))

    def _replace_incumbent(self, best: Best) -> None:
        self._incumbent = best.trial
        config = self._configs[best.trial]
        for tag in [tag for tag in self._line if tag.startswith("best_config/")]:
            del self._line[tag]  # a conditional parameter may not be there any more
        self._line |= {f"best_config/{name}": v for name, v in numbers_of(config).items()}
        text = table_of(best, config)
        self._add(
            BEST, best.time, lambda: messages.text("best_config", text, best.total, best.time)
        )

    def _add(self, name: str, time: float, make: Callable[[], bytes]) -> None:
        run = self._runs.get(name)
        if run is None:
            file = EventFile(self._folder / name, messages.version(time))
            run = self._runs[name] = _Run(file, file.n_held)
        if run.held:
            run.held -= 1
        else:
            run.file.add(make())
            self._waiting[name] = run


def run_of(trial: int) -> str:
    """Return the name of a trial's run, and of its folder."""
    return f"trial-{trial}"


def table_of(best: Best, config: Mapping[str, Any]) -> str:
    """Return a configuration as a table in Markdown, below what it is the best of."""
    rows = [f"| {_cell(name)} | {_cell(value)} |" for name, value in config.items()]
    head = f"trial {best.trial}: {best.metric} = {best.value:.6g}"
    return "\n".join([head, "", "| parameter | value |", "|---|---|", *rows])


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
