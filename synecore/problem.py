"""What is optimised: objectives, constraints, fidelity, earlier tasks."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt
from attrs.validators import gt, min_len

from synecore.errors import OptionError

if TYPE_CHECKING:
    from synecore.plugins.hookspecs import Capability

Array: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]


class Goal(enum.Enum):
    MINIMIZE = "min"
    MAXIMIZE = "max"


def _metric_name(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, str) or not value:
        raise OptionError(
            f"{type(instance).__name__.lower()}: {value!r} is not the name of a reported value."
        )


@attrs.frozen(kw_only=True)
class Objective:
    name: str = attrs.field(validator=_metric_name)
    goal: Goal = attrs.field(default=Goal.MINIMIZE, converter=Goal)


@attrs.frozen(kw_only=True)
class Constraint:
    """Feasible where the metric is at most `bound` (at least, with `at_least=True`)."""

    name: str = attrs.field(validator=_metric_name)
    bound: float = attrs.field(converter=float)
    at_least: bool = False

    @bound.validator
    def _is_finite(self, attribute: attrs.Attribute[Any], value: float) -> None:
        if not math.isfinite(value):
            raise OptionError(f"constraint {self.name!r}: the bound must be finite: {value!r}.")


def _whole(instance: Fidelity, attribute: attrs.Attribute[Any], value: float) -> None:
    if not (math.isinf(value) or float(value).is_integer()):
        raise OptionError(
            f"fidelity {instance.name!r}: {attribute.name!r} must be a whole number: {value!r}."
        )


@attrs.frozen(kw_only=True)
class Fidelity:
    """Resource a trial consumes as it runs, such as epochs; `high` is a full evaluation."""

    name: str = attrs.field(validator=_metric_name)  # resource_attr: the metric that carries it
    low: float = attrs.field(default=1.0, converter=float, validator=[gt(0.0), _whole])
    high: float = attrs.field(converter=float, validator=[gt(0.0), _whole])  # inf: not known
    attr: str | None = None  # max_resource_attr: configuration key the trial reads its limit from

    def __attrs_post_init__(self) -> None:
        if self.low > self.high:
            raise OptionError(
                f"fidelity {self.name!r}: the smallest resource {self.low:g} is above the "
                f"largest, {self.high:g}."
            )


class SearchSpace(Protocol):
    """Parameters and their array encoding.

    X is (n, d): numeric columns in [0, 1] after the parameter's scale, categorical
    columns hold the choice index, inactive columns of a conditional space hold NaN.
    """

    names: Sequence[str]
    is_categorical: npt.NDArray[np.bool_]  # (d,)
    n_choices: IntArray  # (d,), 0 for numeric

    constants: Mapping[str, Any]
    size: int | None  # number of configurations, None where infinite

    def sample(self, n: int, rng: np.random.Generator) -> Array: ...
    def from_unit(self, U: Array) -> Array:
        """(n, d) uniform in [0, 1)^d -> (n, d) snapped, distributed as `sample` draws; but see
        `feasible`."""

    def points(self) -> Array:
        """All (size, d) configurations of a finite space that is not too large to be listed."""

    def active(self, X: Array) -> npt.NDArray[np.bool_]:
        """(n, d) which parameters count, given those they depend on."""

    def feasible(self, X: Array) -> npt.NDArray[np.bool_]:
        """(n,) which rows satisfy the constraints between parameters."""

    def features(self, X: Array) -> Array:
        """(n, p) in the unit cube, categorical columns one-hot, for models that need numbers."""

    def from_features(self, F: Array) -> Array:
        """(n, p) -> (n, d), rounded to the nearest configuration."""

    def snap(self, X: Array) -> Array: ...
    def encode(self, configs: Sequence[Mapping[str, Any]]) -> Array: ...
    def decode(self, X: Array) -> list[dict[str, Any]]: ...
    def contains(self, config: Mapping[str, Any]) -> bool:
        """Whether a configuration, constants aside, lies in this space."""

    def impute(self, points: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Fill in what points leave open, by the middle of each domain; drop repeated ones."""

    def to_json(self) -> dict[str, Any]: ...


@attrs.frozen(kw_only=True)
class Task:
    """An earlier experiment on the same metrics, for transfer."""

    name: str
    space: SearchSpace
    trials: TrialView
    features: Array | None = None


def _objectives(objectives: Iterable[Objective]) -> tuple[Objective, ...]:
    return tuple(objectives)


@attrs.frozen(kw_only=True)
class Problem:
    """All that a component is told about the task."""

    space: SearchSpace
    objectives: tuple[Objective, ...] = attrs.field(converter=_objectives, validator=min_len(1))
    constraints: tuple[Constraint, ...] = ()
    fidelity: Fidelity | None = None
    cost: str | None = None
    tasks: tuple[Task, ...] = ()
    start_points: tuple[Mapping[str, Any], ...] = ()  # evaluated first, in this order

    def __attrs_post_init__(self) -> None:
        _reject_twice("objective", [o.name for o in self.objectives])
        _reject_twice("constraint", [(c.name, c.at_least) for c in self.constraints])
        _reject_twice("task", [task.name for task in self.tasks])
        if self.fidelity is not None:
            others = [o.name for o in self.objectives] + [c.name for c in self.constraints]
            if self.fidelity.name in [*others, self.cost]:
                raise OptionError(
                    f"problem: {self.fidelity.name!r} is the resource, so it cannot be an "
                    "objective, a constraint or the cost too; give resource_attr another name."
                )

    @classmethod
    def create(
        cls,
        config_space: Mapping[str, Any] | SearchSpace,
        *,
        metric: str | Sequence[str] | None,
        mode: str | Sequence[str] = "min",
        resource_attr: str | None = None,
        max_resource_attr: str | None = None,
        max_t: float | None = None,
        points_to_evaluate: Sequence[Mapping[str, Any]] | None = None,
        constraints: Any = None,
        cost_attr: str | None = None,
        tasks: Sequence[Task] = (),
    ) -> Problem:
        """Build a problem from the user's words; see `synecore.words` for what each may be.

        There is a fidelity where `resource_attr` is given.

        Raises:
            OptionError: naming the word at fault; SpaceError for the space and its points.
        """
        from synecore import words  # reads the space's domains, which most users of Problem do not

        space = words.read_space(config_space)
        fidelity = None
        if resource_attr is not None:
            high = words.read_max_resource(space.constants, max_resource_attr, max_t)
            fidelity = Fidelity(
                name=resource_attr,
                high=math.inf if high is None else high,
                attr=max_resource_attr,
            )
        return cls(
            space=space,
            objectives=words.read_objectives(metric, mode),
            constraints=words.read_constraints(constraints),
            fidelity=fidelity,
            cost=words.read_cost(cost_attr),
            tasks=tuple(tasks),
            start_points=words.read_points(space, points_to_evaluate),
        )

    @property
    def needs(self) -> frozenset[Capability]:
        """What a component must support so that no part of this problem is left out.

        A fidelity and a cost may be left out: such a component runs every trial to its end.
        """
        from synecore.plugins.hookspecs import Capability

        needed = {
            Capability.MULTI_OBJECTIVE: len(self.objectives) > 1,
            Capability.CONSTRAINTS: bool(self.constraints),
            Capability.TRANSFER: bool(self.tasks),
            Capability.CONDITIONAL: _is_conditional(self.space),
        }
        return frozenset(capability for capability, needs in needed.items() if needs)

    def amended(self, change: Mapping[str, Any]) -> Problem:
        """Return this problem with the fields of `change`, in JSON's terms, in place of its own.

        What observations mean cannot change: objectives, constraints and cost stay.
        """
        from synecore import words

        return words.amend(self, change)

    def to_json(self) -> dict[str, Any]:
        """Return JSON values. Of earlier tasks, only the names: give them to `from_json` again."""
        from synecore import words

        return words.problem_to_json(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, tasks: Sequence[Task] = ()) -> Problem:
        from synecore import words

        return words.problem_from_json(data, tasks)


def _is_conditional(space: SearchSpace) -> bool:
    """Whether parameters depend on one another: by conditions, or by constraints between them."""
    conditional = np.any(getattr(space, "is_conditional", False))
    return bool(conditional) or bool(getattr(space, "constraints", ()))


def _reject_twice(what: str, names: Sequence[Any]) -> None:
    seen = set()
    for name in names:
        if name in seen:
            shown = name[0] if isinstance(name, tuple) else name
            raise OptionError(f"problem: {what} {shown!r} is given twice.")
        seen.add(name)


class TrialView(Protocol):
    """Read-only columns of the one trial table. Arrays are valid until the next event."""

    @property
    def start_points(self) -> Sequence[Mapping[str, Any]]:
        """The problem's start points, then those a user added later, in order of service."""

    @property
    def n_trials(self) -> int: ...
    @property
    def n_obs(self) -> int: ...
    def trial(self, column: str) -> npt.NDArray[Any]: ...
    def obs(self, column: str) -> npt.NDArray[Any]: ...
    def pending(self) -> tuple[IntArray, Array]:
        """Queued or running trials short of their milestone: rows (q,) and milestones (q,)."""

    def seen(self, X: Array) -> npt.NDArray[np.bool_]:
        """Which snapped rows of X (n, d) are the configuration of some trial; (n,)."""
