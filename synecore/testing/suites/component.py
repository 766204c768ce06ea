"""What every component that is made from a problem and a seed must keep to."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import pytest

from synecore.errors import UnsupportedProblemError
from synecore.plugins.construct import spec_of
from synecore.plugins.hookspecs import Capability
from synecore.plugins.resolve import Resolved
from synecore.problem import Problem
from synecore.testing.equality import difference
from synecore.testing.fakes import through_json
from synecore.testing.guards import global_randomness, stopped_clocks
from synecore.testing.problems import KnownProblem, all_problems, with_fidelity
from synecore.testing.recording import Call, Recorder, again, state_of
from synecore.testing.suites.options import OptionSuite, resolved
from synecore.tuning.journal import load_state, save_state

Make: TypeAlias = Callable[[Problem, int], Any]  # (problem, seed) -> component
SEED = 7


class ComponentSuite(OptionSuite):
    """The checks shared by schedulers, searchers, surrogates and acquisition functions.

    A subclass gives the fixture `make`: a function of (problem, seed) that returns a new component.

    Attributes:
        random: Whether the seed matters. None: it does if the component's state holds a generator.
        depth: Calls repeated after each restored state.
    """

    random: ClassVar[bool | None] = None
    depth: ClassVar[int] = 4
    _played: ClassVar[dict[Any, list[Call]]]

    def __init_subclass__(cls) -> None:
        cls._played = {}  # what its components answered, since most checks look at the same run

    @pytest.fixture
    def make(self) -> Make:
        raise NotImplementedError(
            f"{type(self).__name__} needs a fixture `make` that returns a function of "
            "(problem, seed) which builds the component under test"
        )

    @pytest.fixture
    def known(self, make: Make) -> KnownProblem:
        """The problem of most checks: the first of `candidates` that the component accepts."""
        for known in self.candidates():
            if accepts(make, known):
                return known
        names = ", ".join(known.name for known in self.candidates())
        raise AssertionError(f"the component refuses every problem of the suite: {names}")

    @pytest.fixture
    def component(self, make: Make, known: KnownProblem) -> Any:
        return make(known.problem, SEED)

    # ---- what a kind of component fills in ------------------------------------------------

    def candidates(self) -> Sequence[KnownProblem]:
        """Problems in order of preference."""
        return all_problems()

    def play(self, recorder: Recorder, known: KnownProblem) -> None:
        """Use the recorder's component as it is meant to be used."""
        raise NotImplementedError

    def comparable(self, call: Call, answer: Any) -> Any:
        """What of an answer must be the same each time."""
        return answer

    # ---- determinism ----------------------------------------------------------------------

    def test_same_seed_same_answers(self, make: Make, known: KnownProblem) -> None:
        first, second = (self.calls(make, known, fresh=True) for _ in range(2))
        assert self.differs(first, second) == ""

    def test_another_seed_gives_other_answers(self, make: Make, known: KnownProblem) -> None:
        component = make(known.problem, SEED)
        draws = holds_generator(state_of(component)) if self.random is None else self.random
        others = [self.calls(make, known, seed=seed) for seed in (SEED + 1, SEED + 2)]
        differences = [self.differs(self.calls(make, known), other) for other in others]
        if draws:
            assert any(differences), "the component holds a generator, but its seed changes nothing"
        elif self.random is False:
            assert differences == ["", ""], "the component is said to be deterministic"

    def test_no_global_random_state(self, make: Make, known: KnownProblem) -> None:
        played = []
        for poison in (1, 2):
            with global_randomness(poison) as used:
                played.append(self.calls(make, known, fresh=True))
                assert used() == "", "a component draws from its own generator (Setup.seed) alone"
        assert self.differs(*played) == "", "the answers depend on a global random state"

    def test_no_clock_read(self, make: Make, known: KnownProblem) -> None:
        component = make(known.problem, SEED)
        with stopped_clocks(component):
            self.play(Recorder(component), known)

    def test_inputs_unchanged(self, make: Make, known: KnownProblem) -> None:
        changes = [call.changed for call in self.calls(make, known)]
        assert [change for change in changes if change] == []

    # ---- state ----------------------------------------------------------------------------

    def test_state_survives_json_and_arrays(
        self, make: Make, known: KnownProblem, tmp_path: Path
    ) -> None:
        states = [call.state for call in self.calls(make, known)]
        for number, state in enumerate(states):
            if state is not None:
                assert difference(state, through_json(state), f"state {number}") == ""
        if states[-1] is not None:
            save_state(tmp_path / "state", states[-1], len(states))
            snapshot = load_state(tmp_path / "state")
            loaded = snapshot.state
            assert snapshot.n_events == len(states)
            assert difference(states[-1], loaded, "state read from disk") == ""
            fresh = restored(make(known.problem, SEED), loaded)
            assert difference(loaded, state_of(fresh), "state after loading it") == ""

    def test_resumed_equals_uninterrupted_from_every_event_and_when_asked_twice(
        self, make: Make, known: KnownProblem
    ) -> None:
        calls = self.calls(make, known)
        starts = range(len(calls)) if calls[0].state is not None else range(0, len(calls), 10)
        for start in starts:
            fresh = make(known.problem, SEED)
            state = calls[start].state
            if state is None:  # this component is replayed from the first event
                assert self.answers_differ(fresh, calls[:start]) == ""
            else:
                restored(fresh, through_json(state))
            end = len(calls) if start in (0, len(calls) // 2) else start + self.depth
            differs = self.answers_differ(fresh, calls[start:end])
            assert differs == "", f"after a resumption at call {start} of {len(calls)}"

    def test_replay_reproduces_decisions(self, make: Make, known: KnownProblem) -> None:
        assert self.answers_differ(make(known.problem, SEED), self.calls(make, known)) == ""

    # ---- problems -------------------------------------------------------------------------

    @pytest.mark.parametrize("other", all_problems(), ids=lambda known: known.name)
    def test_declared_capabilities_work_others_are_refused(
        self, make: Make, other: KnownProblem
    ) -> None:
        found = declared(make, self.candidates())
        if found is None:  # nobody holds it to what it declares: it may refuse what it likes
            if accepts(make, other):
                self.play(Recorder(make(other.problem, SEED)), other)
            return
        if Capability.FIDELITY in found.component.requires | found.base.requires:
            if other.problem.fidelity is None:
                with pytest.raises(UnsupportedProblemError):
                    make(other.problem, SEED)
            other = with_fidelity(other)
        missing = other.problem.needs - supported(found)
        refusal = refused(make, other)
        if missing:
            assert any(capability.value in refusal for capability in missing), refusal
        elif refusal:  # by a part that it was made with, as a searcher
            assert not refusal.startswith(f"{found.where} "), refusal
        else:
            self.play(Recorder(make(other.problem, SEED)), other)

    # ---- how ------------------------------------------------------------------------------

    def calls(
        self, make: Make, known: KnownProblem, *, seed: int = SEED, fresh: bool = False
    ) -> list[Call]:
        """What was asked of a new component and what it answered; `fresh`: not those of before."""
        key = (known.name, seed)
        if fresh or key not in self._played:
            recorder = Recorder(make(known.problem, seed), keep_states=True)
            self.play(recorder, known)
            assert recorder.calls, "the component was never called"
            self._played[key] = recorder.calls
        return self._played[key]

    def differs(self, first: Sequence[Call], second: Sequence[Call]) -> str:
        """Where two plays part, in words; "" if nowhere."""
        for number, (a, b) in enumerate(zip(first, second, strict=False)):
            if a.method != b.method:
                return f"call {number} is {b.method}, not {a.method}"
            left, right = self.comparable(a, a.answer), self.comparable(b, b.answer)
            text = difference(left, right, f"answer {number} ({a.method})")
            if text:
                return text
        return "" if len(first) == len(second) else f"{len(second)} calls, not {len(first)}"

    def answers_differ(self, component: Any, calls: Sequence[Call]) -> str:
        """Where the answers of `component` to these calls part from those on record."""
        for number, (call, answer) in enumerate(zip(calls, again(component, calls), strict=True)):
            expected, actual = self.comparable(call, call.answer), self.comparable(call, answer)
            text = difference(expected, actual, f"answer {number} ({call.method})")
            if text:
                return text
        return ""


def refused(make: Make, known: KnownProblem) -> str:
    """Why the component cannot be made for a problem; "" if it can."""
    try:
        make(known.problem, SEED)
    except UnsupportedProblemError as error:
        return str(error)
    return ""


def accepts(make: Make, known: KnownProblem) -> bool:
    return not refused(make, known)


def declared(make: Make, candidates: Sequence[KnownProblem]) -> Resolved | None:
    """What the component declares of itself, None where nobody holds it to that.

    Schedulers and searchers must treat a whole problem; the parts that they are built from are
    given what they understand.
    """
    known = next(known for known in candidates if accepts(make, known))
    spec = spec_of(make(known.problem, SEED))
    if spec is None or spec.kind not in ("scheduler", "searcher"):
        return None
    return resolved(spec)


def supported(found: Resolved) -> frozenset[Capability]:
    """What a component and all that it is built with by default support."""
    supports = found.component.supports or found.base.supports
    return supports.intersection(*map(supported, found.nested))


def restored(component: Any, state: Any) -> Any:
    if hasattr(component, "load_state_dict"):
        component.load_state_dict(copy.deepcopy(state))
    return component


def holds_generator(state: Any) -> bool:
    """Whether somewhere in a state lies the state of a numpy generator."""
    if isinstance(state, Mapping):
        return "bit_generator" in state or any(holds_generator(v) for v in state.values())
    if isinstance(state, list | tuple):
        return any(holds_generator(item) for item in state)
    return False
