"""The live panel: what a run looks like at one moment, laid out for the terminal it is in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import attrs
from rich import box
from rich.panel import Panel
from rich.text import Text

from synecore.actions import Status
from synecore.tuning.status import duration

from .progress import progress_of
from .sparkline import ASCII_BARS, BARS, sparkline
from .wording import config_text, number

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from synecore.plugins.hookspecs import ExperimentView
    from synecore.tuning.status import TuningStatus

    from .decisions import LastDecisions
    from .incumbent import BestSoFar

STYLES = {
    "running": "cyan",
    "queued": "cyan",
    "stopping": "yellow",
    "paused": "blue",
    "stopped": "yellow",
    "completed": "green",
    "failed": "bold red",
}
_FRAMED_FROM = 60  # columns from which a frame is worth its four
_BAR = 24  # columns of the progress bar, at most
_CURVE = 40  # columns of the curve, at most
_CONFIG_LINES = 3  # lines of the best configuration, at most


@attrs.frozen
class LivePanel:
    """A renderable of rich's."""

    experiment: ExperimentView
    status: TuningStatus
    best: Sequence[BestSoFar]
    decisions: LastDecisions
    most_trials: int
    most_decisions: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        framed = options.max_width >= _FRAMED_FROM
        width = options.max_width - (4 if framed else 0)
        page = _Page(self, width, plain=options.ascii_only)
        rows = list(page.rows(console.height - (3 if framed else 2)))
        body = Text("\n", no_wrap=True, overflow="crop").join(rows)
        title = Text(self.experiment.name, "bold", no_wrap=True, overflow="ellipsis")
        if framed:
            frame = box.ASCII if options.ascii_only else box.ROUNDED
            yield Panel(body, title=title, title_align="left", border_style="dim", box=frame)
        else:
            yield Text("\n", no_wrap=True, overflow="crop").join([title, *rows])


class _Page:
    """Lines of text, none wider than `width` columns."""

    def __init__(self, panel: LivePanel, width: int, *, plain: bool) -> None:
        self._panel, self._status, self._width = panel, panel.status, width
        self._plain = plain  # only ASCII

    def rows(self, height: int) -> Iterator[Text]:
        """At most `height` lines, the important ones first."""
        head = [self._progress(), self._counts(), *self._best()]
        yield from head[:height]
        left = height - len(head)
        panel = self._panel
        decided = panel.decisions.lines(panel.most_decisions)
        # Of what is left, decisions get up to half, running trials the rest.
        n_decided = min(len(decided), max(left // 2 - 1, 0))
        trials = self._trials(left - (n_decided + 1 if n_decided else 0))
        yield from trials
        if n_decided:
            yield Text()
            for line in decided[-n_decided:]:
                yield self._fit(
                    (f"{duration(line.at):>7}  ", "dim"), (f"trial {line.trial} ", "bold"),
                    (line.text, "" if line.style != "failed" else STYLES["failed"]),
                )  # fmt: skip

    def _progress(self) -> Text:
        limits = self._panel.experiment.metadata.get("stop_criterion")
        progress = progress_of(self._status, limits)
        elapsed = duration(self._status.wallclock_time)
        if progress is None:
            return self._fit((elapsed, "bold"))
        columns = min(_BAR, max(self._width - len(progress.text) - len(elapsed) - 10, 4))
        full = math.floor(progress.share * columns)
        done, rest = ("#", "-") if self._plain else ("━", "━")
        parts = [(done * full, "cyan"), (rest * (columns - full), "bright_black")]
        parts += [(f" {math.floor(100 * progress.share):>3} %  ", ""), (progress.text, "bold")]
        if not progress.text.startswith(elapsed):
            parts.append((f"  {elapsed}", ""))
        return self._fit(*parts)

    def _counts(self) -> Text:
        table = self._status.table
        parts = [(f"{table.n_trials} trial{'' if table.n_trials == 1 else 's'}", "")]
        for status in Status:
            if n := table.count(status):
                name = status.name.lower()
                parts += [(self._dot(), "dim"), (f"{n} {name}", STYLES[name])]
        if cost := self._status.cost:
            parts += [(self._dot(), "dim"), (f"cost {number(cost)}", "")]
        return self._fit(*parts)

    def _best(self) -> Iterator[Text]:
        table = self._status.table
        for best in self._panel.best:
            if best.value is None:
                yield self._fit((f"best {best.name}  ", ""), ("nothing reported yet", "dim"))
                continue
            where = f"{self._dot()}trial {best.trial}"
            fidelity = table.problem.fidelity
            if fidelity is not None:
                where += f", {fidelity.name} {best.resource:g}"
            where += f", after {duration(best.times[-1])}"
            yield self._fit(
                (f"best {best.name}  ", ""), (number(best.value), "bold green"), (where, "dim")
            )
            config = config_text(table.problem, table.configs[best.trial])
            yield from self._wrapped(config, _CONFIG_LINES)
        if self._panel.best and len(self._panel.best[0].times) > 1:
            yield self._curve(self._panel.best[0])

    def _curve(self, best: BestSoFar) -> Text:
        arrow = "->" if self._plain else "→"
        ends = f"  {number(best.values[0])} {arrow} {number(best.values[-1])}"
        columns = min(_CURVE, self._width - len(ends) - 2)
        if columns < 8:
            return self._fit((ends, "dim"))
        values = best.sampled(self._status.wallclock_time, columns)
        bars = ASCII_BARS if self._plain else BARS
        return self._fit(("  ", ""), (sparkline(values, bars), "green"), (ends, "dim"))

    def _trials(self, height: int) -> list[Text]:
        """A table of the trials that hold a worker, with its head and a line above, in `height`."""
        table = self._status.table
        busy = [int(trial) for trial in table.busy()]
        room = min(self._panel.most_trials, height - 2)
        if not busy or room < 1:
            return []
        if len(busy) > room:
            room = max(room - 1, 1)
        problem = table.problem
        metric = problem.objectives[0].name
        resource = "reports" if problem.fidelity is None else problem.fidelity.name
        cells = [("trial", resource, metric, "configuration")]
        cells += [self._cells(trial, metric) for trial in busy[:room]]
        widths = [max(len(row[column]) for row in cells) for column in range(3)]
        rows = [Text()]
        for i, row in enumerate(cells):
            columns = [text.rjust(n) for text, n in zip(row, widths, strict=False)]
            style = "dim" if i == 0 else ""
            status = table.status(busy[i - 1]) if i else Status.RUNNING
            first = STYLES[status.name.lower()] if i else "dim"
            rows.append(
                self._fit((columns[0], first), (f"  {columns[1]}  ", style),
                          (columns[2], style or "bold"), (f"  {row[3]}", style or "dim"))
            )  # fmt: skip
        if len(busy) > room:
            rows.append(self._fit((f"and {len(busy) - room} more", "dim")))
        return rows[:height]

    def _cells(self, trial: int, metric: str) -> tuple[str, str, str, str]:
        table = self._status.table
        if table.problem.fidelity is None:
            reached = f"{table.value('reports', trial):g}"
        else:
            reached = f"{table.value('reached', trial):g}"
            milestone = table.value("milestone", trial)
            if math.isfinite(milestone):
                reached += f"/{milestone:g}"
        last: Any = self._status.last_metrics.get(trial, {}).get(metric)
        value = number(last) if isinstance(last, int | float) else "-"
        config = config_text(table.problem, table.configs[trial])
        return str(trial), reached, value, config

    def _wrapped(self, text: str, most: int) -> Iterator[Text]:
        """`text`, broken at spaces, indented, in `most` lines."""
        line, n_lines = "", 0
        for word in text.split("  "):
            if line and len(line) + len(word) + 4 > self._width:
                n_lines += 1
                if n_lines == most:
                    yield self._fit((f"  {line}  {self._dots()}", "dim"))
                    return
                yield self._fit((f"  {line}", "dim"))
                line = ""
            line = f"{line}  {word}" if line else word
        yield self._fit((f"  {line}", "dim"))

    def _fit(self, *parts: tuple[str, str]) -> Text:
        text = Text.assemble(*parts, no_wrap=True)
        if text.cell_len > self._width:
            text.truncate(self._width - len(self._dots()))
            text.append(self._dots(), "dim")
        return text

    def _dot(self) -> str:
        return " | " if self._plain else " · "

    def _dots(self) -> str:
        return "..." if self._plain else "…"
