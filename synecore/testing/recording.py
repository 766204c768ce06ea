"""Records every call of a component, with what it was given and what it answered."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from synecore.actions import Report, Status
from synecore.columns import Columns
from synecore.problem import Array, IntArray, TrialView
from synecore.protocols import Scheduler, State
from synecore.testing.equality import difference
from synecore.trials import TrialTable


@attrs.frozen
class Call:
    """One call, as it can be made again."""

    method: str
    args: tuple[Any, ...]  # copies from before the call
    kwargs: Mapping[str, Any]
    answer: Any
    state: State | None  # of the component, before the call
    changed: str  # how the call changed what it was given; "": it did not


@attrs.define
class Recorder:
    """Passes calls on to a component and keeps them."""

    component: Any
    keep_states: bool = False
    calls: list[Call] = attrs.field(factory=list)

    def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        given_args, given_kwargs = copied(args), copied(kwargs)
        state = copy.deepcopy(state_of(self.component)) if self.keep_states else None
        answer = bound(self.component, method)(*args, **kwargs)
        changed = difference([given_args, given_kwargs], [args, kwargs], method)
        self.calls.append(
            Call(method, given_args, given_kwargs, copy.deepcopy(answer), state, changed)
        )
        return answer


class RecordedScheduler:
    """A scheduler that passes every question on through a recorder."""

    def __init__(self, recorder: Recorder, view: Callable[[Any], Any] = lambda t: t) -> None:
        scheduler: Scheduler = recorder.component
        self.problem = scheduler.problem
        self.tags = scheduler.tags
        self.decides = scheduler.decides
        self._recorder = recorder
        self._view = view

    def state_dict(self) -> State | None:
        return state_of(self._recorder.component)

    def load_state_dict(self, state: State) -> None:
        self._recorder.component.load_state_dict(state)

    def suggest(self, n: int, trials: TrialView, now: float) -> Any:
        return self._recorder.call("suggest", n, self._view(trials), now)

    def on_report(self, report: Report, trials: TrialView) -> Any:
        return self._recorder.call("on_report", report, self._view(trials))

    def on_end(self, trial: int, status: Status, trials: TrialView) -> Any:
        return self._recorder.call("on_end", trial, status, self._view(trials))


class BorrowedView:
    """A view of a table whose arrays turn to rubbish at the next event, as a grown table's may."""

    def __init__(self) -> None:
        self._lent: list[npt.NDArray[Any]] = []
        self._table: TrialTable

    def of(self, table: TrialTable) -> BorrowedView:
        """The same view, of the table as it is now; what it lent before is spoilt."""
        for array in self._lent:
            array.flags.writeable = True
            array[...] = np.nan if array.dtype.kind == "f" else array.dtype.type(-1)
        self._lent.clear()
        self._table = table
        return self

    def trial(self, column: str) -> npt.NDArray[Any]:
        return self._lend(self._table.trial(column))

    def obs(self, column: str) -> npt.NDArray[Any]:
        return self._lend(self._table.obs(column))

    def pending(self) -> tuple[IntArray, Array]:
        rows, milestones = self._table.pending()
        return self._lend(rows), self._lend(milestones)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def __deepcopy__(self, memo: dict[int, Any]) -> TrialTable:
        return _copied_table(self._table)

    def _lend(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        lent = array.copy()
        self._lent.append(lent)
        handed = lent.view()
        handed.flags.writeable = False
        return handed


def state_of(component: Any) -> State | None:
    """The component's state; {} for one that keeps none, as an acquisition function may."""
    state_dict = getattr(component, "state_dict", None)
    return state_dict() if state_dict is not None else {}


def again(component: Any, calls: Sequence[Call]) -> Iterator[Any]:
    """Make recorded calls on another component; yields its answers."""
    for call in calls:
        yield bound(component, call.method)(*copied(call.args), **copied(call.kwargs))


def bound(component: Any, method: str) -> Any:
    """The method, or the component itself where it is called; it may be a class."""
    return component if method == "__call__" else getattr(component, method)


def copied(value: Any) -> Any:
    """A deep copy in which tables share their problem, which nobody changes."""
    if isinstance(value, TrialTable):
        return _copied_table(value)
    if isinstance(value, tuple):
        return tuple(copied(item) for item in value)
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    return copy.deepcopy(value)


def _copied_table(table: TrialTable) -> TrialTable:
    twin = copy.copy(table)
    for name, value in vars(table).items():
        if isinstance(value, Columns):
            setattr(twin, name, copy.deepcopy(value))
        elif isinstance(value, list | dict | set):
            setattr(twin, name, copy.copy(value))
    return twin
