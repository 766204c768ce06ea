"""What the trackers' callbacks have in common: a chronicle that is told through a relay."""

from __future__ import annotations

from collections.abc import Sequence

from synecore.actions import Event
from synecore.plugins import ExperimentView
from synecore.tuning.chronicle import Chronicle

from .relay import Relay, Tracker


class TrackerObserver:
    """Observes a run for a tracker. Subclasses say which one, and have a `name` for messages."""

    name: str

    def tracker(self, experiment: ExperimentView) -> Tracker:
        raise NotImplementedError

    def experiment_start(self, experiment: ExperimentView) -> None:
        self._relay = Relay(self.tracker(experiment), self.name)
        self._chronicle = Chronicle(experiment, self._relay)
        self._chronicle.recall()

    def events(self, experiment: ExperimentView, events: Sequence[Event]) -> None:
        self._relay.check()
        self._chronicle.tell(events)

    def experiment_end(self, experiment: ExperimentView, reason: str) -> None:
        self._relay.close(cut_short=experiment.status.num_trials_running > 0)
