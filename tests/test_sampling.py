"""The shared stream of random points."""

from __future__ import annotations

import json

import numpy as np
import pytest

from synecore import seeds
from synecore.errors import OptionError
from synecore.sampling import ROLE, RandomPoints
from synecore.space import SearchSpace, choice, loguniform, randint, subject_to, uniform

PLAIN = {"lr": loguniform(1e-4, 1.0), "n": randint(1, 9), "a": choice(["x", "y"])}
NARROW = subject_to(
    {
        "a": uniform(0.0, 1.0),
        "b": uniform(0.0, 1.0),
        "c": uniform(0, 1).when(d=1),
        "d": randint(0, 1),
    },
    "a < 0.3 * b",
)
SPACES = pytest.mark.parametrize("config_space", [PLAIN, NARROW], ids=["plain", "narrow"])


def stream(config_space, seed=3, **options):
    rng = seeds.stream(seeds.sequence(seed), ROLE)
    return RandomPoints(SearchSpace(config_space), rng, **options)


@SPACES
def test_is_what_the_space_samples_from_the_role_of_the_initial_design(config_space):
    space = SearchSpace(config_space)
    rng = seeds.stream(seeds.sequence(3), "searcher/initial")
    expected = space.sample(100, rng)

    points = RandomPoints.of(space, seeds.sequence(3))
    assert np.array_equal(points.take(100), expected, equal_nan=True)


@SPACES
@pytest.mark.parametrize("block", [1, 7, 256])
def test_does_not_depend_on_the_block_or_on_how_many_are_taken_at_once(config_space, block):
    expected = stream(config_space).take(40)
    points = stream(config_space, block=block)
    taken = np.concatenate([points.take(n) for n in (1, 0, 12, 7, 20)])

    assert np.array_equal(taken, expected, equal_nan=True)
    singly = stream(config_space, block=block)
    assert np.array_equal([singly.next() for _ in range(40)], expected, equal_nan=True)


@SPACES
@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 16, 17])
def test_the_state_is_exact_at_every_position_and_survives_json(config_space, n):
    points = stream(config_space, block=8)
    points.take(n)
    state = json.loads(json.dumps(points.state_dict()))
    other = stream(config_space, seed=99, block=8)
    other.take(11)
    other.load_state_dict(state)

    assert other.state_dict() == state
    assert np.array_equal(other.take(20), points.take(20), equal_nan=True)


def test_the_state_is_small():
    points = stream(PLAIN)
    points.take(300)

    assert len(json.dumps(points.state_dict())) < 400


def test_a_state_of_another_generator_is_refused():
    points = stream(PLAIN)
    state = {**points.state_dict(), "rng": seeds.state_of(np.random.Generator(np.random.SFC64(0)))}

    with pytest.raises(OptionError, match="made by 'SFC64'"):
        points.load_state_dict(state)


def test_points_are_the_takers_own():
    points, other = stream(PLAIN), stream(PLAIN)
    first = points.next()
    first[:] = -1.0

    other.next()
    assert np.array_equal(points.next(), other.next())
    assert np.array_equal(first, [-1.0, -1.0, -1.0])
