from __future__ import annotations

import json

import numpy as np
import pytest

from synecore import seeds
from synecore.errors import OptionError

GENERATORS = [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64]


def test_a_role_gives_the_same_numbers_whenever_it_is_asked_for() -> None:
    seed = seeds.sequence(3)
    before = seeds.stream(seed, "scheduler").random(4)
    seed.spawn(5)
    seeds.stream(seed, "searcher/initial").random(100)
    np.testing.assert_array_equal(seeds.stream(seed, "scheduler").random(4), before)
    np.testing.assert_array_equal(seeds.stream(seeds.sequence(3), "scheduler").random(4), before)


def test_roles_and_seeds_give_different_numbers() -> None:
    drawn = {
        seeds.stream(seeds.sequence(seed), role).integers(2**63)
        for seed in range(20)
        for role in ("searcher/initial", "searcher/model", "scheduler", "", "é")
    }
    assert len(drawn) == 100


def test_children_of_children_differ_from_children() -> None:
    seed = seeds.sequence(0)
    nested = seeds.child(seeds.child(seed, "a"), "b")
    flat = seeds.child(seed, "a/b")
    assert nested.generate_state(2).tolist() != flat.generate_state(2).tolist()


def test_the_stream_of_a_role_never_changes_between_versions() -> None:
    drawn = seeds.stream(seeds.sequence(0), "searcher/initial").integers(1000, size=5).tolist()
    assert drawn == [520, 343, 382, 883, 383]


@pytest.mark.parametrize("kind", GENERATORS)
def test_a_generator_goes_on_from_its_state_after_json(kind: type) -> None:
    rng = np.random.Generator(kind(7))
    rng.random(3)
    rng.integers(10, dtype=np.uint32)  # leaves half a draw behind
    state = json.loads(json.dumps(seeds.state_of(rng)))
    expected = rng.integers(2**31, size=10, dtype=np.uint32)
    other = np.random.Generator(kind(8))
    seeds.restore(other, state)
    np.testing.assert_array_equal(other.integers(2**31, size=10, dtype=np.uint32), expected)


def test_a_state_of_another_generator_is_refused() -> None:
    state = seeds.state_of(np.random.Generator(np.random.MT19937(0)))
    with pytest.raises(OptionError, match="made by 'MT19937', but this generator is a 'PCG64'"):
        seeds.restore(np.random.Generator(np.random.PCG64(0)), state)


@pytest.mark.parametrize("seed", [0, 2**40, np.int64(5)])
def test_a_sequence_survives_json(seed: int) -> None:
    sequence = seeds.child(seeds.sequence(seed), "searcher")
    again = seeds.seed_from_json(json.loads(json.dumps(seeds.seed_to_json(sequence))))
    np.testing.assert_array_equal(again.generate_state(4), sequence.generate_state(4))


def test_a_drawn_seed_can_be_given_again() -> None:
    drawn = {seeds.draw_seed() for _ in range(20)}
    assert len(drawn) == 20
    assert all(0 <= seed <= seeds.MAX_SEED for seed in drawn)


@pytest.mark.parametrize("seed", [-1, 1.5, "0", True, None])
def test_what_is_no_seed_is_refused(seed: object) -> None:
    with pytest.raises(OptionError, match="is not an integer >= 0"):
        seeds.sequence(seed)  # type: ignore[arg-type]
