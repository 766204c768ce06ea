"""What happens at a rung: a trial is stopped or runs on, or it pauses until it is promoted.

Each variant of successive halving is one class here; the scheduler picks it by the option `type`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from synecore.actions import Action, Pause, Resume, Status, Stop, Update, Why
from synecore.problem import TrialView
from synecore.protocols import State
from synecore_asha.brackets import RungSystem
from synecore_asha.rungs import Place, Rung

PAUSED = int(Status.PAUSED)
Explain = Callable[[Rung, int, float, "float | None"], Why]


class Variant(Protocol):
    """How one type of successive halving treats trials at a rung."""

    pauses: bool  # whether it pauses and resumes trials

    def at_rung(self, trial: int, value: float, rung: Rung, system: RungSystem) -> Sequence[Action]:
        """Note the value of a trial that reached the rung, and say what it does now."""

    def resume(self, system: RungSystem, trials: TrialView) -> Resume | None:
        """Return the paused trial that runs on, if there is one."""

    def on_end(self, trial: int, status: Status, system: RungSystem) -> Place | None:
        """Note that the trial's process is over; return where it waits now, if it does."""

    def restore(self, trial: int, value: float, rung: Rung, status: Status) -> None:
        """Note, from the table, that the trial stands at this rung, where its value is known."""

    def clear(self) -> None: ...
    def state_dict(self) -> State: ...
    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...


class StoppingVariant:
    """A trial stops at a rung if its value is worse than the cutoff, its own value included.

    Continue iff f(x, r) <= np.quantile(values at r, q): the rule of ASHA without promotions
    (Li et al. 2018, section 3.1, "early stopping"; Tiao et al. 2020, section 3).
    """

    pauses = False

    def __init__(self, explain: Explain, *, ends_itself: bool) -> None:
        self._explain = explain

    def at_rung(self, trial: int, value: float, rung: Rung, system: RungSystem) -> Sequence[Action]:
        rank = rung.add(trial, value)
        cutoff = rung.cutoff()
        why = self._explain(rung, rank, value, cutoff)
        if rung.passes(value, cutoff):
            return (Update(trial, milestone=system.after(rung.level), why=why),)
        return (Stop(trial, why=why),)

    def resume(self, system: RungSystem, trials: TrialView) -> Resume | None:
        return None

    def on_end(self, trial: int, status: Status, system: RungSystem) -> Place | None:
        return None

    def restore(self, trial: int, value: float, rung: Rung, status: Status) -> None:
        pass

    def clear(self) -> None:
        pass

    def state_dict(self) -> State:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        pass


class PromotionVariant:
    """A trial pauses at every rung; a free worker promotes the best within the cutoff.

    Li et al. (2018), algorithm 2, with the cutoff of `Rung.cutoff` in place of the best
    floor(n / eta), so that both types judge alike.
    """

    pauses = True

    def __init__(self, explain: Explain, *, ends_itself: bool) -> None:
        self._explain = explain
        self._ends_itself = ends_itself  # the script stops at `until`
        self._arriving: dict[int, tuple[float, float, int]] = {}  # trial: level, value, arrival

    def at_rung(self, trial: int, value: float, rung: Rung, system: RungSystem) -> Sequence[Action]:
        rank = rung.add(trial, value)
        self._arriving[trial] = (rung.level, value, rung.arrivals)
        if self._ends_itself:
            return ()
        return (Pause(trial, why=self._explain(rung, rank, value, rung.cutoff())),)

    def resume(self, system: RungSystem, trials: TrialView) -> Resume | None:
        while (found := system.promotable()) is not None:
            rung, entry = found.rung, found.entry
            if trials.trial("status")[entry.trial] == PAUSED:
                why = self._explain(rung, entry.rank, entry.value, found.cutoff)
                rung.promote()
                return Resume(
                    entry.trial, until=found.until, milestone=found.until,
                    why={"promoted_to": int(found.until), **why},
                )  # fmt: skip
            rung.promote()  # stopped by the user while it waited
        return None

    def on_end(self, trial: int, status: Status, system: RungSystem) -> Place | None:
        level, value, arrival = self._arriving.pop(trial, (None, 0.0, 0))
        if status is not Status.PAUSED:
            system.withdraw(trial)
            return None
        rung = None if level is None else system.rung(level)
        if rung is None:
            return None
        rung.wait(trial, value, arrival)
        return Place(rung, value)

    def restore(self, trial: int, value: float, rung: Rung, status: Status) -> None:
        if status is Status.PAUSED:
            rung.wait(trial, value, rung.arrivals)
        elif status < Status.PAUSED:
            self._arriving[trial] = (rung.level, value, rung.arrivals)

    def clear(self) -> None:
        self._arriving = {}

    def state_dict(self) -> State:
        arriving = [(t, arrival) for t, (_, _, arrival) in self._arriving.items()]
        values = [(level, value) for level, value, _ in self._arriving.values()]
        return {
            "arriving": np.array(arriving, np.int64).reshape(-1, 2),
            "arriving_values": np.array(values, float).reshape(-1, 2),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        who = np.asarray(state["arriving"], np.int64).reshape(-1, 2).tolist()
        what = np.asarray(state["arriving_values"], float).reshape(-1, 2).tolist()
        self._arriving = {
            trial: (level, value, arrival)
            for (trial, arrival), (level, value) in zip(who, what, strict=True)
        }


VARIANTS: dict[str, type[StoppingVariant] | type[PromotionVariant]] = {
    "stopping": StoppingVariant,
    "promotion": PromotionVariant,
}
