"""The live display: a panel at the end of the terminal that follows a run."""

from __future__ import annotations

import atexit
import contextlib
import logging
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live

from synecore.errors import SynecoreError
from synecore.tuning.display import PlainDisplay

from .decisions import LastDecisions
from .incumbent import BestSoFar
from .log_route import LogRoute
from .panel import LivePanel
from .summary import summary_of

if TYPE_CHECKING:
    from synecore.actions import Event
    from synecore.plugins import ExperimentView, Setup
    from synecore.tuning.status import TuningStatus

    from .options import RichOptions

logger = logging.getLogger(__name__)

_IDLE = 1.0  # seconds between two redrawings where only the clock has moved
_MOST_OBJECTIVES = 3


class RichDisplay:
    """Shows a run on standard error while it goes on, and leaves a summary when it ends.

    Nothing runs in the background: the panel is drawn by `refresh`, that is, by the tuning loop.
    What the program prints and logs meanwhile appears above it. On anything but a terminal it
    prints plain lines instead.

    Args:
        setup: As for every component; not used.
        options: What to show.
        console: Where to show it.
        clock: Seconds of real time, for the pace of redrawing.
    """

    def __init__(
        self,
        setup: Setup | None,
        options: RichOptions,
        *,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._console = Console(stderr=True, highlight=False) if console is None else console
        self._clock = clock
        self._plain = PlainDisplay(options.print_interval)
        self._decisions = LastDecisions(options.decisions)
        self._best: list[BestSoFar] = []
        self._live: Live | None = None
        self._route = LogRoute(self._console)
        self._changed = False
        self._drawn = -_IDLE

    # ---- what the tuner calls --------------------------------------------------------------

    def experiment_start(self, experiment: ExperimentView) -> None:
        objectives = range(min(len(experiment.problem.objectives), _MOST_OBJECTIVES))
        self._best = [BestSoFar(experiment.problem, i) for i in objectives]
        if not self._console.is_terminal or self._console.is_dumb_terminal:
            self._plain.experiment_start(experiment)
            return
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),  # what goes to a file still does
            vertical_overflow="crop",
        )
        atexit.register(self._close)  # in case the run ends without telling
        self._live.start()
        # The cursor stays visible: a process that is killed could not show it again.
        self._console.show_cursor(True)
        self._route.open()
        self._draw(experiment)

    def events(self, experiment: ExperimentView, events: Sequence[Event]) -> None:
        self._changed = True
        self._decisions.note(events)
        if self._live is None:
            self._plain.events(experiment, events)

    def refresh(self, experiment: ExperimentView) -> None:
        if self._live is None:
            self._plain.refresh(experiment)
            return
        waited = self._clock() - self._drawn
        if waited >= _IDLE or (self._changed and waited >= 1.0 / self._options.refresh_per_second):
            self._draw(experiment)

    def experiment_end(self, experiment: ExperimentView, reason: str) -> None:
        if self._live is None:
            self._plain.experiment_end(experiment, reason)
            return
        self._close()
        status = _status_of(experiment)
        for best in self._best:
            best.update(status.table)
        for line in summary_of(experiment, status, self._best, reason):
            self._console.print(line, soft_wrap=True)

    # ---- drawing ---------------------------------------------------------------------------

    def _draw(self, experiment: ExperimentView) -> None:
        """Draw the panel. A failure ends the display, not the run."""
        live = self._live
        if live is None:
            return
        self._drawn, self._changed = self._clock(), False
        try:
            status = _status_of(experiment)
            for best in self._best:
                best.update(status.table)
            panel = LivePanel(
                experiment, status, self._best, self._decisions, self._options.trials,
                self._options.decisions,
            )  # fmt: skip
            live.update(panel, refresh=True)
        except Exception:
            self._close()
            logger.exception("the live display failed; plain lines follow")

    def _close(self) -> None:
        """Give the terminal back: the panel goes, log handlers write where they did."""
        live, self._live = self._live, None
        atexit.unregister(self._close)
        self._route.close()
        if live is not None:
            with contextlib.suppress(OSError):  # the terminal may be gone
                live.stop()


def _status_of(experiment: ExperimentView) -> TuningStatus:
    if experiment.status is None:
        raise SynecoreError("the live display needs ExperimentView.status, which is not given")
    return experiment.status
