"""Asynchronous successive halving and Hyperband.

Li, Jamieson, Rostamizadeh, Gonina, Hardt, Recht, Talwalkar, "A System for Massively Parallel
Hyperparameter Tuning" (2018), arXiv:1810.05934, algorithm 2; for successive halving Jamieson and
Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization" (AISTATS 2016).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Literal

import attrs
import numpy as np

from synecore import seeds
from synecore.actions import Action, Reply, Report, Resume, Start, Status, Stop, Why
from synecore.plugins.hookspecs import Setup
from synecore.problem import Array, Goal, TrialView
from synecore.protocols import Proposal, Rebuildable, Searcher, State
from synecore_asha import snapshots
from synecore_asha.arguments import for_searcher, levels_of, removal_for, with_fidelity
from synecore_asha.brackets import Brackets, RungSystem
from synecore_asha.data import SearcherData
from synecore_asha.options import ASHAOptions
from synecore_asha.replayed import replay_rungs
from synecore_asha.rungs import Rung
from synecore_asha.variants import VARIANTS, Variant

logger = logging.getLogger(__name__)
BUSY = int(Status.STOPPING)  # this status and those below hold a worker


class ASHA:
    """Compares trials at rungs, without ever waiting for others to arrive there.

    Attributes
    ----------
    rung_levels  levels r_j < r_max, ascending
    brackets     the rungs and what is known at them
    checkpoint_removal  keeps checkpoints few; None without `early_checkpoint_removal_kwargs`
    """

    decides: Literal["reports", "milestones"] = "milestones"

    def __init__(self, setup: Setup, options: ASHAOptions) -> None:
        problem, fidelity = with_fidelity(setup.problem)
        self.problem = problem
        self.scheduler_type = options.type
        data = for_searcher(options)
        self.searcher_data: SearcherData = data["searcher_data"]
        self.register_pending_myopic: bool = data["register_pending_myopic"]
        self.resource_attr = fidelity.name
        self.max_resource_level = fidelity.high
        self.rung_levels = levels_of(options, fidelity.high)
        self.brackets = Brackets(
            self.rung_levels, fidelity.high, options.brackets,
            system_each=options.rung_system_per_bracket,
        )  # fmt: skip
        known = {name: data[name] for name in data if name in options.searcher.options}
        self.searcher: Searcher = setup.make("searcher", options.searcher, **known)
        self.tags: Mapping[str, str] = {**self.searcher.tags, "bracket": "i4"}
        self._do_snapshots = options.do_snapshots
        self._sign = -1.0 if problem.objectives[0].goal is Goal.MAXIMIZE else 1.0
        self._ends_itself = fidelity.attr is not None
        self._variant: Variant = VARIANTS[options.type](
            self._explain, ends_itself=self._ends_itself
        )
        self._rng = seeds.stream(setup.seed, "scheduler")
        self.checkpoint_removal = removal_for(options, self.brackets, setup.seed)
        if self.checkpoint_removal is not None:  # others are not asked after each report
            self.columns = self.checkpoint_removal.columns

    # ---- decisions ----------------------------------------------------------------------

    def suggest(
        self, n: int, trials: TrialView, now: float
    ) -> Sequence[Start | Resume] | Literal[Reply.WAIT, Reply.EXHAUSTED]:
        """Resume what may be promoted; start new trials on the workers that are left."""
        if self.checkpoint_removal is not None:
            n = self.checkpoint_removal.admitted(n, trials)
            if n == 0:
                return Reply.WAIT
        weights = self._bracket_weights(trials)
        chosen: list[Start | Resume] = []
        begin: list[int] = []  # brackets of new trials
        for _ in range(n):
            bracket = self.brackets.draw(self._rng, weights)
            resume = self._resume(self.brackets.system(bracket), trials)
            if resume is None:
                begin.append(bracket)
            else:
                chosen.append(resume)
        if begin:
            chosen += self._start(begin, trials)
        if chosen:
            return chosen
        # The space is used up; what is paused in other brackets may still be promoted.
        for system in self.brackets.systems:
            resume = self._resume(system, trials)
            if resume is not None:
                return [resume]
        busy = self._variant.pauses and bool((trials.trial("status") <= BUSY).any())
        return Reply.WAIT if busy else Reply.EXHAUSTED

    def on_report(self, report: Report, trials: TrialView) -> Sequence[Action]:
        """Judge a trial that reached its milestone, one rung a call."""
        if not report.at_milestone:
            return ()
        trial = report.trial
        system = self._system_of(trial, trials)
        rung = system.rung(float(trials.trial("milestone")[trial]))
        if rung is not None:
            value, removal = float(report.y[0]), self.checkpoint_removal
            if removal is None:
                return self._variant.at_rung(trial, value, rung, system)
            removal.arrived(value, rung, system)
            decided = self._variant.at_rung(trial, value, rung, system)
            return (*decided, *removal.drop(trials, report.now))
        if self._ends_itself:
            return ()
        return (Stop(trial, why={"resource": report.resource, "max_t": self.max_resource_level}),)

    def on_end(self, trial: int, status: Status, trials: TrialView) -> Sequence[Action]:
        """Note that a trial waits for its promotion, or cannot be promoted any more."""
        system = self._system_of(trial, trials)
        place = self._variant.on_end(trial, status, system)
        if self.checkpoint_removal is None:
            return ()
        return self.checkpoint_removal.ended(trial, place, system, trials)

    def _resume(self, system: RungSystem, trials: TrialView) -> Resume | None:
        """Return the paused trial that runs on, if there is one."""
        resume, removal = self._variant.resume(system, trials), self.checkpoint_removal
        if resume is None or removal is None or removal.resumed(resume.trial, trials):
            return resume
        return attrs.evolve(resume, why={**resume.why, "checkpoint": "removed"})

    def _system_of(self, trial: int, trials: TrialView) -> RungSystem:
        """Return the rungs that the trial competes in."""
        if not self.brackets.system_each:
            return self.brackets.systems[0]
        return self.brackets.system(int(trials.trial("bracket")[trial]))

    def _start(self, begin: Sequence[int], trials: TrialView) -> list[Start]:
        """Return up to len(begin) new trials, the i-th in bracket begin[i]."""
        if self._do_snapshots and hasattr(self.searcher, "read_snapshot"):
            self.searcher.read_snapshot(snapshots.take(self.brackets, begin[0], trials))
        first = [self.brackets.first_level(bracket) for bracket in begin]
        resource: float | Array = first[0] if len(first) == 1 else np.array(first)
        proposals = self.searcher.propose(len(begin), trials, resource=resource)
        return [
            self._begin(proposal, bracket, level)
            for proposal, bracket, level in zip(proposals, begin, first, strict=False)
        ]

    def _begin(self, proposal: Proposal, bracket: int, level: float) -> Start:
        return Start(
            proposal.x,
            until=level if self._variant.pauses else self.max_resource_level,
            milestone=level,
            tags={**proposal.tags, "bracket": bracket},
            why=proposal.why if self.brackets.n == 1 else {**proposal.why, "bracket": bracket},
        )

    def _bracket_weights(self, trials: TrialView) -> list[float] | None:
        """Return what the searcher has learned about brackets, None for the default."""
        if self.brackets.n == 1 or not hasattr(self.searcher, "bracket_weights"):
            return None
        levels = np.array([*self.brackets.levels, self.max_resource_level])[: self.brackets.n]
        return [float(weight) for weight in self.searcher.bracket_weights(levels, trials)]

    def _explain(self, rung: Rung, rank: int, value: float, cutoff: float | None) -> Why:
        """Return what `synecore why` shows, in the user's signs; ranks count from 1."""
        sign = self._sign
        return {
            "rung": int(rung.level),
            "rank": rank + 1,
            "of": len(rung),
            "cutoff": None if cutoff is None else sign * cutoff,
            "value": sign * value,
        }

    def set_time_budget(self, seconds: float | None) -> None:
        """Note how long the experiment may take, for what may happen until then."""
        if self.checkpoint_removal is not None:
            self.checkpoint_removal.victims.set_time_budget(seconds)

    # ---- what others may look at --------------------------------------------------------

    @property
    def terminator(self) -> Brackets:
        """The rungs, by the name that users of the documented system know."""
        return self.brackets

    @property
    def num_brackets(self) -> int:
        return self.brackets.n

    def does_pause_resume(self) -> bool:
        return self._variant.pauses

    def information_for_rungs(self) -> list[tuple[int, int, float]]:
        """Return (level, number of entries, quantile), highest rung first."""
        return self.brackets.information_for_rungs()

    def paused_trials(self, resource: float | None = None) -> list[tuple[int, int, float, int]]:
        """Return (trial, rank, minimised value, level) of trials that wait for promotion."""
        return self.brackets.paused_trials(resource)

    # ---- state --------------------------------------------------------------------------

    def state_dict(self) -> State | None:
        searcher = self.searcher.state_dict()
        if searcher is None:
            return None
        removal = self.checkpoint_removal
        return {
            "searcher": searcher,
            "rng": seeds.state_of(self._rng),
            "brackets": self.brackets.state_dict(),
            "variant": self._variant.state_dict(),
            "removal": None if removal is None else removal.state_dict(),
        }

    def load_state_dict(self, state: State) -> None:
        self.searcher.load_state_dict(state["searcher"])
        seeds.restore(self._rng, state["rng"])
        self.brackets.load_state_dict(state["brackets"])
        self._variant.load_state_dict(state["variant"])
        if self.checkpoint_removal is not None:
            self.checkpoint_removal.load_state_dict(state["removal"])

    def rebuild(self, trials: TrialView) -> None:
        """Fill the rungs from the table; equal to the live ones after any event."""
        self.brackets.clear()
        self._variant.clear()
        if self.checkpoint_removal is not None:
            self.checkpoint_removal.clear(trials)
        replay_rungs(self.brackets, self._variant, trials, self.checkpoint_removal)
        if isinstance(self.searcher, Rebuildable):
            self.searcher.rebuild(trials)
