"""First come, first served: every trial the searcher proposes runs to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from synecore.actions import Action, Reply, Report, Resume, Start, Status
from synecore.plugins.hookspecs import Setup
from synecore.problem import Problem, TrialView
from synecore.protocols import Rebuildable, Searcher, State
from synecore_basic.options import FIFOOptions


class FIFO:
    """Starts trials in the order in which they are proposed, and never ends one."""

    decides: Literal["reports", "milestones"] = "milestones"

    def __init__(self, setup: Setup, options: FIFOOptions) -> None:
        if setup.problem is None:
            raise TypeError("a scheduler is built for a problem")
        self.problem: Problem = setup.problem
        fidelity = setup.problem.fidelity
        self._resource = None if fidelity is None else fidelity.high
        self.searcher: Searcher = setup.make("searcher", options.searcher)
        self.tags: Mapping[str, str] = self.searcher.tags

    def suggest(
        self, n: int, trials: TrialView, now: float
    ) -> Sequence[Start | Resume] | Literal[Reply.WAIT, Reply.EXHAUSTED]:
        proposals = self.searcher.propose(n, trials, resource=self._resource)
        if not proposals:
            return Reply.EXHAUSTED
        return [Start(p.x, tags=p.tags, why=p.why) for p in proposals]

    def on_report(self, report: Report, trials: TrialView) -> Sequence[Action]:
        return ()

    def on_end(self, trial: int, status: Status, trials: TrialView) -> Sequence[Action]:
        return ()

    def state_dict(self) -> State | None:
        searcher = self.searcher.state_dict()
        return None if searcher is None else {"searcher": searcher}

    def load_state_dict(self, state: State) -> None:
        self.searcher.load_state_dict(state["searcher"])

    def rebuild(self, trials: TrialView) -> None:
        if isinstance(self.searcher, Rebuildable):
            self.searcher.rebuild(trials)
