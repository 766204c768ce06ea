"""From the user's words to a problem: metric, mode, max_t, points_to_evaluate and their kin."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import attrs

from synecore.constants import ST_CHECKPOINT_DIR, ST_CONFIG_JSON_FNAME_ARG
from synecore.conversion import NotConvertible, convert, plain
from synecore.errors import OptionError, did_you_mean
from synecore.problem import Constraint, Fidelity, Goal, Objective, Problem, Task

if TYPE_CHECKING:
    from synecore.problem import SearchSpace

DEFAULT_RESOURCE = "epoch"  # what a multi-fidelity scheduler reads where no resource_attr is given
MAX_RESOURCE_KEYS = ("epochs", "max_t", "max_epochs")  # looked up in this order
RESERVED = (ST_CHECKPOINT_DIR, ST_CONFIG_JSON_FNAME_ARG)  # arguments that backends add
_BOUND = re.compile(r"\s*(?P<name>.+?)\s*(?P<sign><=|>=)\s*(?P<bound>\S+)\s*")


def read_space(config_space: Mapping[str, Any] | SearchSpace) -> SearchSpace:
    """Return the search space of a mapping of domains and constants, or the one given."""
    if hasattr(config_space, "encode"):
        return cast("SearchSpace", config_space)
    from synecore.space import SearchSpace as ConcreteSpace

    if not isinstance(config_space, Mapping):
        raise OptionError(
            f"config_space: {config_space!r:.200} is not a mapping of names to domains and "
            'constants, as in {"lr": loguniform(1e-4, 1), "epochs": 100}.'
        )
    for name in RESERVED:
        if name in config_space:
            raise OptionError(
                f"config_space: {name!r} is an argument that the backend adds; "
                "give this parameter another name."
            )
    return cast("SearchSpace", ConcreteSpace(config_space))


def read_objectives(
    metric: str | Sequence[str] | None, mode: str | Sequence[str]
) -> tuple[Objective, ...]:
    """One mode for several metrics holds for each of them."""
    if not metric:
        raise OptionError(
            "metric: missing; name the reported value to optimise, as in metric='loss'."
        )
    names: list[Any] = list(metric) if isinstance(metric, (list, tuple)) else [metric]
    modes = list(mode) if isinstance(mode, (list, tuple)) else [mode] * len(names)
    if len(modes) != len(names):
        raise OptionError(
            f"mode: {len(modes)} given for {len(names)} metrics; give one for all, or one each."
        )
    return tuple(
        Objective(name=name, goal=_goal(one)) for name, one in zip(names, modes, strict=True)
    )


def _goal(mode: Any) -> Goal:
    try:
        return Goal(mode)
    except ValueError:
        raise OptionError(
            f"mode: {mode!r} is neither 'min' nor 'max'"
            f"{did_you_mean(str(mode)[:3], ['min', 'max']) or '.'}"
        ) from None


def read_max_resource(
    constants: Mapping[str, Any], max_resource_attr: str | None, max_t: Any
) -> int | None:
    """Return the largest resource, None where nothing tells it.

    In order: `max_t`; the constant that `max_resource_attr` names; the constants "epochs",
    "max_t" and "max_epochs".
    """
    if max_resource_attr is not None and max_resource_attr not in constants:
        raise OptionError(
            f"max_resource_attr: {max_resource_attr!r} is not a constant of the configuration "
            f"space{did_you_mean(max_resource_attr, constants) or '.'} "
            f"Constants: {', '.join(constants) or 'none'}."
        )
    if max_t is not None:
        return _resource("max_t", max_t)
    if max_resource_attr is not None:
        return _resource(f"config_space[{max_resource_attr!r}]", constants[max_resource_attr])
    for key in MAX_RESOURCE_KEYS:
        if key in constants:
            return _resource(f"config_space[{key!r}]", constants[key])
    return None


def _resource(where: str, value: Any) -> int:
    try:
        number = convert(value, int)
    except NotConvertible:
        number = 0
    if number < 1:
        raise OptionError(f"{where}: the largest resource must be an integer >= 1: {value!r}.")
    return int(number)


def read_points(
    space: SearchSpace, points: Sequence[Mapping[str, Any]] | None
) -> tuple[Mapping[str, Any], ...]:
    """Fill in what points leave open. None: one default point; an empty list: none."""
    if points is None:
        points = [{}]
    if isinstance(points, (str, Mapping)) or not all(isinstance(p, Mapping) for p in points):
        raise OptionError(
            f"points_to_evaluate: {points!r:.200} is not a list of configurations, "
            "as in [{'lr': 0.1}]; an empty list means none."
        )
    return tuple(space.impute(points)) if points else ()


def read_constraints(constraints: Any) -> tuple[Constraint, ...]:
    """Read {"latency": 5}, ["latency <= 5", "accuracy >= 0.9"] or constraints as they are."""
    if constraints is None:
        return ()
    if isinstance(constraints, (str, Constraint)):
        constraints = [constraints]
    if isinstance(constraints, Mapping):
        return tuple(_bound(name, bound, False) for name, bound in constraints.items())
    return tuple(_constraint(item) for item in constraints)


def _constraint(item: Any) -> Constraint:
    if isinstance(item, Constraint):
        return item
    match = _BOUND.fullmatch(item) if isinstance(item, str) else None
    if match is None:
        raise OptionError(f"constraints: {item!r} is not like 'latency <= 5' or 'accuracy >= 0.9'.")
    return _bound(match["name"], match["bound"], match["sign"] == ">=")


def _bound(name: str, bound: Any, at_least: bool) -> Constraint:
    try:
        return Constraint(name=name, bound=convert(bound, float), at_least=at_least)
    except NotConvertible:
        raise OptionError(f"constraints: the bound of {name!r} is no number: {bound!r}.") from None


def read_cost(cost_attr: str | None) -> str | None:
    if cost_attr is not None and (not isinstance(cost_attr, str) or not cost_attr):
        raise OptionError(f"cost_attr: {cost_attr!r} is not the name of a reported value.")
    return cost_attr


def problem_to_json(problem: Problem) -> dict[str, Any]:
    fidelity = problem.fidelity
    return {
        "space": problem.space.to_json(),
        "objectives": [{"name": o.name, "goal": o.goal.value} for o in problem.objectives],
        "constraints": [attrs.asdict(constraint) for constraint in problem.constraints],
        "fidelity": None if fidelity is None else plain(attrs.asdict(fidelity)),
        "cost": problem.cost,
        "tasks": [task.name for task in problem.tasks],
        "start_points": [plain(point) for point in problem.start_points],
    }


def problem_from_json(data: Mapping[str, Any], tasks: Sequence[Task]) -> Problem:
    from synecore.space import SearchSpace as ConcreteSpace

    recorded = [str(name) for name in data.get("tasks", ())]
    if [task.name for task in tasks] != recorded:
        raise OptionError(
            f"tasks: the problem was made with the earlier tasks {', '.join(recorded) or 'none'}; "
            "give the same ones, in this order."
        )
    return Problem(
        space=cast("SearchSpace", ConcreteSpace.from_json(data["space"])),
        objectives=tuple(Objective(**objective) for objective in data["objectives"]),
        constraints=tuple(Constraint(**constraint) for constraint in data.get("constraints", ())),
        fidelity=_fidelity(data.get("fidelity")),
        cost=data.get("cost"),
        tasks=tuple(tasks),
        start_points=tuple(data.get("start_points", ())),
    )


def _fidelity(data: Mapping[str, Any] | None) -> Fidelity | None:
    return None if data is None else Fidelity(**data)


def amend(problem: Problem, change: Mapping[str, Any]) -> Problem:
    """See `Problem.amended`."""
    from synecore.space import SearchSpace as ConcreteSpace

    fields: dict[str, Any] = {}
    for name, value in change.items():
        if name == "space":
            fields["space"] = ConcreteSpace.from_json(value)
        elif name == "fidelity":
            fields["fidelity"] = _amended_fidelity(problem.fidelity, value)
        elif name == "start_points":
            fields["start_points"] = (*problem.start_points, *value)
        else:
            raise OptionError(
                f"problem: {name!r} cannot change, since results on record would then mean "
                "something else. What can: space, fidelity, start_points."
            )
    return attrs.evolve(problem, **fields)


def _amended_fidelity(old: Fidelity | None, data: Mapping[str, Any] | None) -> Fidelity:
    new = _fidelity(data)
    if old is None or new is None or new.name != old.name:
        raise OptionError(
            "problem: of the fidelity only the bounds can change, not "
            f"{old.name if old else None!r} to {new.name if new else None!r}."
        )
    return new
