"""The documented callback class, fed from the loop's events.

New code needs no base class: any object with some of `experiment_start`, `columns`, `events`,
`experiment_end` observes a run (see the hooks reference).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synecore.actions import (
    Decided,
    Ended,
    Event,
    Reported,
    ReportedBlock,
    Resumed,
    Started,
    Status,
)
from synecore.errors import ExperimentError
from synecore.plugins.hookspecs import ExperimentView
from synecore.tuning.results import answer_of, data_frame, reports_of
from synecore.tuning.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

    from synecore.tuning.experiment import Experiment
    from synecore.tuning.tuner import Tuner


class TunerCallback:
    """Override what you need. The order in a tick: loop start, results fetched, a call for each
    result (after the scheduler's decision), for each completed and each started or resumed trial,
    loop end.
    """

    def on_tuning_start(self, tuner: Tuner) -> None:
        """The loop is about to begin."""

    def on_tuning_end(self) -> None:
        """The loop is over."""

    def on_loop_start(self) -> None:
        """A tick brought events."""

    def on_loop_end(self) -> None:
        """All events of the tick were handled and stored."""

    def on_fetch_status_results(
        self,
        trial_status_dict: Mapping[int, tuple[Trial, str]],
        new_results: Sequence[tuple[int, Mapping[str, Any]]],
    ) -> None:
        """The reports of a tick, and the status of their trials."""

    def on_trial_complete(self, trial: Trial, result: Mapping[str, Any]) -> None:
        """A trial ran to its end; `result` is its last report."""

    def on_trial_result(
        self, trial: Trial, status: str, result: Mapping[str, Any], decision: str
    ) -> None:
        """A report and what the scheduler answered: CONTINUE, PAUSE or STOP."""

    def on_tuning_sleep(self, sleep_time: float) -> None:
        """The loop waited this many seconds, since no worker was free."""

    def on_start_trial(self, trial: Trial) -> None:
        """A new trial was given to the backend."""

    def on_resume_trial(self, trial: Trial) -> None:
        """A paused trial was given to the backend again."""


class ExtraResultsComposer:
    """Extra columns for every row of the results. Extend `__call__` and `keys`."""

    def __call__(self, tuner: Tuner) -> Mapping[str, Any] | None:
        """Values to append to the report that was just decided on; None for none."""
        return None

    def keys(self) -> list[str]:
        """Names of the values; empty if none are produced."""
        return []


class StoreResultsCallback(TunerCallback):
    """Appends an `ExtraResultsComposer`'s columns. Results as such are stored without any
    callback.
    """

    def __init__(
        self,
        add_wallclock_time: bool = True,
        extra_results_composer: ExtraResultsComposer | None = None,
    ) -> None:
        self.add_wallclock_time = add_wallclock_time  # the column is always there
        self._composer = extra_results_composer
        self._tuner: Tuner | None = None

    def on_tuning_start(self, tuner: Tuner) -> None:
        self._tuner = tuner

    def columns(self, experiment: ExperimentView, event: Reported) -> Mapping[str, Any] | None:
        if self._composer is None or self._tuner is None:
            return None
        return self._composer(self._tuner)

    def store_results(self) -> Path:
        """Write results.csv.zip now, from what is on record, and return its path."""
        return self._experiment().export()

    def dataframe(self) -> pd.DataFrame:
        """The results so far as a data frame, a row a report."""
        return data_frame(self._experiment().rows(), "StoreResultsCallback.dataframe")

    def _experiment(self) -> Experiment:
        from synecore.tuning.experiment import Experiment  # it opens stores; a callback need not

        if self._tuner is None:
            raise ExperimentError("StoreResultsCallback: there are no results before the run")
        return Experiment.open(self._tuner.tuner_path)


def callback_of(given: object) -> object:
    """A callback by name, by a mapping with its name and options, or as it is."""
    if not isinstance(given, (str, Mapping)):
        return given
    from synecore.plugins.make import make  # resolves names, so not at import

    return make("callback", given)


class CallbackObserver:
    """Turns the loop's events into the calls of one `TunerCallback`."""

    def __init__(self, callback: TunerCallback, tuner: Tuner) -> None:
        self.observed_as = type(callback).__name__
        self._callback, self._tuner = callback, tuner
        self._last_end = 0.0
        columns = getattr(callback, "columns", None)
        if columns is not None:
            self.columns = columns

    def experiment_start(self, experiment: ExperimentView) -> None:
        self._callback.on_tuning_start(self._tuner)

    def experiment_end(self, experiment: ExperimentView, reason: str) -> None:
        self._callback.on_tuning_end()

    def events(self, experiment: ExperimentView, events: Sequence[Event]) -> None:
        call, now = self._callback, experiment.status.wallclock_time
        if now > self._last_end:
            call.on_tuning_sleep(now - self._last_end)
        call.on_loop_start()
        reports = [report for event in events for report in reports_of(event)]
        touched = {trial for _, trial, _ in reports}
        table = experiment.status.table
        call.on_fetch_status_results(
            {
                trial: (self._trial(experiment, trial), table.status(trial).label)
                for trial in touched
            },
            [(trial, metrics) for _, trial, metrics in reports],
        )
        for position, event in enumerate(events):
            match event:
                case Reported() | ReportedBlock():
                    running = Status.RUNNING.label
                    *earlier, last_report = reports_of(event)
                    for _, number, metrics in earlier:
                        trial = self._trial(experiment, number)
                        call.on_trial_result(trial, running, metrics, "CONTINUE")
                    _, number, metrics = last_report
                    decision = _decision(events, position)
                    trial = self._trial(experiment, number)
                    call.on_trial_result(trial, running, metrics, decision)
                case Ended(trial=trial, status=Status.COMPLETED):
                    last = experiment.status.last_metrics.get(trial, {})
                    call.on_trial_complete(self._trial(experiment, trial), last)
                case Started(trial=trial):
                    call.on_start_trial(self._trial(experiment, trial))
                case Resumed(trial=trial):
                    call.on_resume_trial(self._trial(experiment, trial))
        call.on_loop_end()
        self._last_end = now

    def _trial(self, experiment: ExperimentView, trial: int) -> Trial:
        table = experiment.status.table
        began = float(experiment.metadata["st_tuner_creation_timestamp"])
        created = datetime.fromtimestamp(began + table.value("started", trial))
        return Trial(trial, table.configs[trial], created)


def _decision(events: Sequence[Event], position: int) -> str:
    """What directly follows a report and concerns its trial."""
    report = events[position]
    for number in range(position + 1, len(events)):  # no slice: a tick may have many reports
        event = events[number]
        if not isinstance(event, Decided):
            break
        if event.trial == getattr(report, "trial", None) and (answer := answer_of(event)):
            return answer
    return "CONTINUE"
