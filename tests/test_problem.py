from __future__ import annotations

import json
import math
from typing import Any

import attrs
import pytest

from synecore.errors import OptionError, SpaceError
from synecore.plugins.hookspecs import Capability
from synecore.problem import Constraint, Fidelity, Goal, Objective, Problem, Task
from synecore.space import SearchSpace, choice, loguniform, randint, subject_to, uniform
from synecore.trials import TrialTable

SPACE = {"lr": loguniform(1e-4, 1), "width": randint(1, 8), "epochs": 27, "data": ["a", "b"]}


def create(space: Any = SPACE, **words: Any) -> Problem:
    return Problem.create(space, **{"metric": "loss", **words})


def refusal(**words: Any) -> str:
    with pytest.raises(OptionError) as caught:
        create(**words)
    return str(caught.value)


def test_one_metric_is_minimised_unless_told_otherwise() -> None:
    assert create().objectives == (Objective(name="loss", goal=Goal.MINIMIZE),)
    assert create(mode="max").objectives == (Objective(name="loss", goal=Goal.MAXIMIZE),)


def test_one_mode_holds_for_every_metric() -> None:
    goals = [o.goal.value for o in create(metric=["a", "b"], mode="max").objectives]
    assert goals == ["max", "max"]
    goals = [o.goal.value for o in create(metric=["a", "b"], mode=["min", "max"]).objectives]
    assert goals == ["min", "max"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            {"metric": None},
            "metric: missing; name the reported value to optimise, as in metric='loss'.",
        ),
        (
            {"metric": []},
            "metric: missing; name the reported value to optimise, as in metric='loss'.",
        ),
        ({"metric": 5}, "objective: 5 is not the name of a reported value."),
        ({"metric": ["a", "a"]}, "problem: objective 'a' is given twice."),
        (
            {"mode": "minimize"},
            "mode: 'minimize' is neither 'min' nor 'max'; did you mean 'min'?",
        ),
        ({"mode": 5}, "mode: 5 is neither 'min' nor 'max'."),
        (
            {"metric": ["a", "b"], "mode": ["min"]},
            "mode: 1 given for 2 metrics; give one for all, or one each.",
        ),
        (
            {"resource_attr": "loss"},
            "problem: 'loss' is the resource, so it cannot be an objective, a constraint or the "
            "cost too; give resource_attr another name.",
        ),
        (
            {"resource_attr": "time", "cost_attr": "time"},
            "problem: 'time' is the resource, so it cannot be an objective, a constraint or the "
            "cost too; give resource_attr another name.",
        ),
        ({"resource_attr": ""}, "fidelity: '' is not the name of a reported value."),
        ({"cost_attr": 3}, "cost_attr: 3 is not the name of a reported value."),
        (
            {"resource_attr": "epoch", "max_t": 0},
            "max_t: the largest resource must be an integer >= 1: 0.",
        ),
        (
            {"resource_attr": "epoch", "max_t": 1.5},
            "max_t: the largest resource must be an integer >= 1: 1.5.",
        ),
        (
            {"resource_attr": "epoch", "max_resource_attr": "epoch"},
            "max_resource_attr: 'epoch' is not a constant of the configuration space; "
            "did you mean 'epochs'? Constants: epochs, data.",
        ),
        (
            {"resource_attr": "epoch", "max_resource_attr": "width"},
            "max_resource_attr: 'width' is not a constant of the configuration space. "
            "Constants: epochs, data.",
        ),
        (
            {"resource_attr": "epoch", "max_resource_attr": "data"},
            "config_space['data']: the largest resource must be an integer >= 1: ['a', 'b'].",
        ),
        (
            {"constraints": ["latency < 5"]},
            "constraints: 'latency < 5' is not like 'latency <= 5' or 'accuracy >= 0.9'.",
        ),
        (
            {"constraints": {"latency": "fast"}},
            "constraints: the bound of 'latency' is no number: 'fast'.",
        ),
        (
            {"constraints": {"latency": math.inf}},
            "constraint 'latency': the bound must be finite: inf.",
        ),
        (
            {"constraints": ["a <= 1", "a <= 2"]},
            "problem: constraint 'a' is given twice.",
        ),
        (
            {"points_to_evaluate": {"lr": 0.1}},
            "points_to_evaluate: {'lr': 0.1} is not a list of configurations, "
            "as in [{'lr': 0.1}]; an empty list means none.",
        ),
        (
            {"points_to_evaluate": [3]},
            "points_to_evaluate: [3] is not a list of configurations, "
            "as in [{'lr': 0.1}]; an empty list means none.",
        ),
    ],
)
def test_a_wrong_word_gets_one_message(words: dict[str, Any], said: str) -> None:
    assert refusal(**words) == said


@pytest.mark.parametrize(
    ("words", "high", "attr"),
    [
        ({"max_t": 9}, 9, None),
        ({"max_t": "9"}, 9, None),
        ({"max_t": 9, "max_resource_attr": "steps"}, 9, "steps"),
        ({"max_resource_attr": "steps"}, 100, "steps"),
        ({}, 27, None),
    ],
)
def test_the_largest_resource_is_looked_for_in_order(
    words: dict[str, Any], high: int, attr: str | None
) -> None:
    space = {"x": uniform(0, 1), "steps": 100, "max_epochs": 3, "max_t": 5, "epochs": 27}
    fidelity = create(space, resource_attr="epoch", **words).fidelity
    assert fidelity == Fidelity(name="epoch", high=high, attr=attr)


@pytest.mark.parametrize(
    ("constants", "high"),
    [({"max_epochs": 3, "max_t": 5}, 5), ({"max_epochs": 3}, 3), ({"n": 3}, math.inf)],
)
def test_documented_constants_tell_the_largest_resource(
    constants: dict[str, int], high: float
) -> None:
    fidelity = create({"x": uniform(0, 1), **constants}, resource_attr="epoch").fidelity
    assert fidelity is not None
    assert fidelity.high == high


def test_without_a_resource_there_is_no_fidelity() -> None:
    assert create(max_t=27, max_resource_attr="epochs").fidelity is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, [{"lr": 0.01, "width": 5}]),
        ([], []),
        (
            [{"lr": 0.1}, {"lr": 0.1}, {"width": 2}],
            [{"lr": 0.1, "width": 5}, {"lr": 0.01, "width": 2}],
        ),
    ],
)
def test_points_to_evaluate_are_filled_in(given: Any, expected: list[dict[str, Any]]) -> None:
    points = create(points_to_evaluate=given).start_points
    assert [{k: p[k] for k in ("lr", "width")} for p in points] == [
        pytest.approx(point) for point in expected
    ]


def test_a_point_outside_the_space_is_an_error_of_the_space() -> None:
    with pytest.raises(SpaceError, match="lr"):
        create(points_to_evaluate=[{"lr": 5.0}])


@pytest.mark.parametrize(
    "given",
    [
        {"latency": 5, "memory": "2.5"},
        ["latency <= 5", "memory<=2.5"],
        [Constraint(name="latency", bound=5), Constraint(name="memory", bound=2.5)],
    ],
)
def test_constraints_are_given_in_three_ways(given: Any) -> None:
    assert create(constraints=given).constraints == (
        Constraint(name="latency", bound=5.0),
        Constraint(name="memory", bound=2.5),
    )


def test_a_constraint_may_hold_from_below() -> None:
    assert create(constraints="val acc >= 0.9").constraints == (
        Constraint(name="val acc", bound=0.9, at_least=True),
    )


@pytest.mark.parametrize(
    ("space", "said"),
    [
        (
            [1],
            "config_space: [1] is not a mapping of names to domains and constants, "
            'as in {"lr": loguniform(1e-4, 1), "epochs": 100}.',
        ),
        (
            {"x": uniform(0, 1), "st_checkpoint_dir": "a"},
            "config_space: 'st_checkpoint_dir' is an argument that the backend adds; "
            "give this parameter another name.",
        ),
    ],
)
def test_a_space_must_be_a_mapping_without_the_backends_names(space: Any, said: str) -> None:
    with pytest.raises(OptionError) as caught:
        create(space)
    assert str(caught.value) == said


def test_a_search_space_may_be_given_as_it_is() -> None:
    space = SearchSpace(SPACE)
    assert create(space).space is space


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"low": 9, "high": 3},
            "fidelity 'epoch': the smallest resource 9 is above the largest, 3.",
        ),
        ({"high": 2.5}, "fidelity 'epoch': 'high' must be a whole number: 2.5."),
        ({"low": 1.5, "high": 3}, "fidelity 'epoch': 'low' must be a whole number: 1.5."),
        ({"high": 0}, "'high' must be > 0.0: 0.0"),
    ],
)
def test_a_fidelity_has_whole_bounds_in_order(fields: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=r"high|low|smallest") as caught:
        Fidelity(name="epoch", **fields)
    assert str(caught.value) == said


def everything() -> Problem:
    space = subject_to({**SPACE, "depth": randint(1, 9)}, "width <= depth")
    return create(
        space,
        metric=["loss", "latency"],
        mode=["min", "max"],
        resource_attr="epoch",
        max_resource_attr="epochs",
        constraints=["memory <= 5", "latency >= 0"],
        cost_attr="seconds",
        points_to_evaluate=[{"width": 2, "depth": 3}],
    )


def test_survives_json() -> None:
    problem = everything()
    data = json.loads(json.dumps(problem.to_json(), allow_nan=False))
    again = Problem.from_json(data)
    assert again == problem
    assert again.to_json() == data


def test_an_unknown_end_of_the_resource_survives_json() -> None:
    problem = create({"x": uniform(0, 1)}, resource_attr="step")
    data = json.loads(json.dumps(problem.to_json(), allow_nan=False))
    assert Problem.from_json(data).fidelity == Fidelity(name="step", high=math.inf)


def test_earlier_tasks_must_be_given_again() -> None:
    earlier = create()
    task = Task(name="before", space=earlier.space, trials=TrialTable(earlier))
    problem = create(tasks=[task])
    data = problem.to_json()
    assert data["tasks"] == ["before"]
    assert Problem.from_json(data, tasks=[task]).tasks == (task,)
    with pytest.raises(OptionError, match="made with the earlier tasks before; give the same"):
        Problem.from_json(data)


def test_needs_name_what_must_not_be_left_out() -> None:
    assert create(resource_attr="epoch", cost_attr="seconds").needs == frozenset()
    assert everything().needs == {
        Capability.MULTI_OBJECTIVE,
        Capability.CONSTRAINTS,
        Capability.CONDITIONAL,
    }
    earlier = create()
    task = Task(name="before", space=earlier.space, trials=TrialTable(earlier))
    assert create(tasks=[task]).needs == {Capability.TRANSFER}


def test_a_condition_needs_a_component_for_conditional_spaces() -> None:
    space = {"kind": choice(["a", "b"]), "x": uniform(0, 1).when(kind="a")}
    assert create(space).needs == {Capability.CONDITIONAL}


def test_the_space_the_resource_and_the_start_points_can_be_amended() -> None:
    problem = create(resource_attr="epoch", max_t=9, points_to_evaluate=[])
    wider = SearchSpace({**SPACE, "lr": loguniform(1e-5, 1)})
    point = {"lr": 0.1, "width": 2, "epochs": 27}
    amended = problem.amended(
        {
            "space": json.loads(json.dumps(wider.to_json())),
            "fidelity": {"name": "epoch", "high": 27},
            "start_points": [point],
        }
    )
    assert amended.space == wider
    assert amended.fidelity == Fidelity(name="epoch", high=27)
    assert amended.start_points == (point,)
    assert amended.objectives == problem.objectives


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"objectives": []},
            "problem: 'objectives' cannot change, since results on record would then mean "
            "something else. What can: space, fidelity, start_points.",
        ),
        (
            {"fidelity": {"name": "step", "high": 3}},
            "problem: of the fidelity only the bounds can change, not 'epoch' to 'step'.",
        ),
        (
            {"fidelity": None},
            "problem: of the fidelity only the bounds can change, not 'epoch' to None.",
        ),
    ],
)
def test_what_observations_mean_cannot_be_amended(change: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError) as caught:
        create(resource_attr="epoch", max_t=9).amended(change)
    assert str(caught.value) == said


def test_a_problem_has_at_least_one_objective() -> None:
    with pytest.raises(ValueError, match="Length of 'objectives' must be >= 1: 0"):
        attrs.evolve(create(), objectives=())
