"""Stand-ins for the parts around the one under test."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import attrs

from synecore.actions import Action, Event, Reply, Report, Resume, Start, Status
from synecore.errors import StoreError
from synecore.problem import Array, Problem, SearchSpace, TrialView
from synecore.protocols import Proposal, Snapshot, State
from synecore.testing.inline_backend import InlineBackend, Silence
from synecore.tuning.journal import event_from_json, event_to_json
from synecore.tuning.values import from_json, to_json

__all__ = [
    "FixedSearcher",
    "InlineBackend",
    "MemoryDisk",
    "MemoryStore",
    "ScriptedScheduler",
    "Silence",
    "through_json",
]


@attrs.define
class MemoryDisk:
    """What a `MemoryStore` keeps; stores on the same disk read what the others wrote."""

    events: list[dict[str, Any]] = attrs.field(factory=list)
    snapshot: Snapshot | None = None


class MemoryStore:
    """A result store in memory. Events go through their JSON form, as they would on disk."""

    def __init__(self, disk: MemoryDisk | None = None) -> None:
        self._disk = MemoryDisk() if disk is None else disk
        self._closed = False

    def append(self, events: Sequence[Event]) -> None:
        self._check_open()
        self._disk.events += [copy.deepcopy(event_to_json(event)) for event in events]

    def events(self, start: int = 0) -> Iterator[Event]:
        self._check_open()
        for written in list(self._disk.events[start:]):
            yield event_from_json(copy.deepcopy(written))

    def save_snapshot(self, snapshot: Snapshot) -> None:
        self._check_open()
        self._disk.snapshot = Snapshot(
            n_events=snapshot.n_events, state=through_json(snapshot.state)
        )

    def load_snapshot(self) -> Snapshot | None:
        self._check_open()
        return copy.deepcopy(self._disk.snapshot)

    def close(self) -> None:
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("MemoryStore was used after close(); open another on the same disk")


def through_json(state: State) -> State:
    """A state as it comes back from disk: JSON, and arrays beside it.

    Raises StoreError for anything else.
    """
    arrays: dict[str, Any] = {}
    text = json.dumps(to_json(state, "state", arrays), allow_nan=False)
    kept = {name: array.copy() for name, array in arrays.items()}
    read: State = from_json(json.loads(text), kept)
    return read


class FixedSearcher:
    """Proposes the given configurations in order, then nothing."""

    tags: Mapping[str, str] = {}

    def __init__(self, space: SearchSpace, configs: Sequence[Mapping[str, Any]]) -> None:
        self._points = space.snap(space.encode(configs))
        self._served = 0

    def propose(
        self, n: int, trials: TrialView, *, resource: float | Array | None = None
    ) -> Sequence[Proposal]:
        served = self._points[self._served : self._served + n]
        self._served += len(served)
        return [Proposal(x) for x in served]

    def state_dict(self) -> State:
        return {"served": self._served}

    def load_state_dict(self, state: State) -> None:
        self._served = int(state["served"])


Answer: TypeAlias = Sequence[Start | Resume] | Literal[Reply.WAIT, Reply.EXHAUSTED]


class ScriptedScheduler:
    """Gives the answers it is given: a list for the asks, a function for the reports.

    Args:
        problem: What is tuned.
        answers: One a call of `suggest`, in order; then `Reply.EXHAUSTED`. A callable is given
            the table and returns the answer.
        on_report: Called with (report, trials); the default lets everything run on.
        on_end: Called with (trial, status, trials).
        decides: Which reports `on_report` is shown.
        tags: Extra columns of a trial.
    """

    def __init__(
        self,
        problem: Problem,
        answers: Sequence[Answer | Callable[[TrialView], Answer]],
        *,
        on_report: Callable[[Report, TrialView], Sequence[Action]] | None = None,
        on_end: Callable[[int, Status, TrialView], Sequence[Action]] | None = None,
        decides: Literal["reports", "milestones"] = "reports",
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self.problem = problem
        self.tags: Mapping[str, str] = dict(tags or {})
        self.decides: Literal["reports", "milestones"] = decides
        self.reports: list[Report] = []  # every report it was shown
        self.ends: list[tuple[int, Status]] = []  # every end it was told of
        self._answers = list(answers)
        self._asked = 0
        self._on_report = on_report
        self._on_end = on_end

    def suggest(self, n: int, trials: TrialView, now: float) -> Answer:
        if self._asked >= len(self._answers):
            return Reply.EXHAUSTED
        answer = self._answers[self._asked]
        self._asked += 1
        return answer(trials) if callable(answer) else answer

    def on_report(self, report: Report, trials: TrialView) -> Sequence[Action]:
        self.reports.append(report)
        return self._on_report(report, trials) if self._on_report else ()

    def on_end(self, trial: int, status: Status, trials: TrialView) -> Sequence[Action]:
        self.ends.append((trial, status))
        return self._on_end(trial, status, trials) if self._on_end else ()

    def state_dict(self) -> State:
        return {"asked": self._asked}

    def load_state_dict(self, state: State) -> None:
        self._asked = int(state["asked"])
