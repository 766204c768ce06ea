"""From names to objects: `make_scheduler("asha", space, metric="loss", ...)` and its kin.

What is built carries `component_spec`, JSON from which `rebuild` makes an equal one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from synecore import seeds
from synecore.errors import ExperimentError, OptionError
from synecore.options import ComponentRef
from synecore.plugins import registry as registries
from synecore.plugins.construct import (
    UNSEEDED,
    build_component,
    construct,
    reference,
    seeded,
    spec_of,
)
from synecore.plugins.index import installed_version, normalized
from synecore.plugins.resolve import resolve
from synecore.plugins.settings import WORDS, SchedulerWords, problem_of
from synecore.plugins.spec import ComponentSpec, objects_in
from synecore.problem import Problem

if TYPE_CHECKING:
    from synecore.problem import SearchSpace, Task
    from synecore.protocols import (
        AcquisitionFunction,
        Backend,
        ResultStore,
        Scheduler,
        Searcher,
        Surrogate,
    )

__all__ = [
    "make",
    "make_acquisition",
    "make_backend",
    "make_scheduler",
    "make_searcher",
    "make_store",
    "make_surrogate",
    "rebuild",
    "spec_of",
]
logger = logging.getLogger(__name__)


def make(
    kind: str,
    name: Any,
    *,
    problem: Problem | None = None,
    seed: int | np.random.SeedSequence | None = None,
    **options: Any,
) -> Any:
    """Return a component of any kind, by name, mapping or reference; a ready one as it is."""
    ref = reference(kind, name, options)
    recorded, sequence = seeded(kind, ref.name, seed) if problem is not None else (None, UNSEEDED)
    return build_component(registries.default_registry(), kind, ref, problem, sequence, recorded)


def make_scheduler(
    name: Any,
    config_space: Mapping[str, Any] | SearchSpace | Problem,
    *,
    metric: str | Sequence[str] | None = None,
    mode: str | Sequence[str] = "min",
    resource_attr: str | None = None,
    max_resource_attr: str | None = None,
    max_t: int | None = None,
    points_to_evaluate: Sequence[Mapping[str, Any]] | None = None,
    random_seed: int | None = None,
    searcher: Any = None,
    search_options: Mapping[str, Any] | None = None,
    constraints: Any = None,
    cost_attr: str | None = None,
    tasks: Sequence[Task] = (),
    **options: Any,
) -> Scheduler:
    """Return the scheduler `name` for a configuration space.

    Args:
        name: As in `synecore plugins list`, such as "asha" or "synecore-asha:asha".
        config_space: Names to domains and constants; or a `Problem`, which stands for all words
            about the problem below.
        metric: Reported value to optimise; several for several objectives.
        mode: "min" or "max"; one for all metrics, or one each.
        resource_attr: Reported value that counts the resource; "epoch" where a multi-fidelity
            scheduler knows the maximum.
        max_resource_attr: Constant of the space that tells a trial its largest resource.
        max_t: The largest resource; else the constant of `max_resource_attr`, "epochs", "max_t"
            or "max_epochs".
        points_to_evaluate: Configurations to start with, partial ones filled in. None: one in
            the middle of the space; an empty list: none.
        random_seed: Drawn and logged where it is not given.
        searcher: Name, mapping {"name": ..., **options}, reference or ready object.
        search_options: Options of the searcher, beside its name.
        constraints: {"latency": 5}, ["latency <= 5", "accuracy >= 0.9"] or `Constraint`s.
        cost_attr: Reported value that is the cost of a trial since its (re)start.
        tasks: Earlier experiments, for transfer.
        **options: Of the scheduler; `synecore plugins show` lists them.

    Raises:
        OptionError, UnknownComponentError, UnsupportedProblemError, PluginError: with one
            message that says what is wrong and what to do.
    """
    registry = registries.default_registry()
    ref = reference("scheduler", name, options)
    if ref.is_ready:
        raise OptionError("scheduler: a ready scheduler needs no making; give it to the tuner.")
    given: dict[str, Any] = {
        "metric": metric,
        "mode": mode,
        "resource_attr": resource_attr,
        "max_resource_attr": max_resource_attr,
        "max_t": max_t,
        "points_to_evaluate": points_to_evaluate,
        "constraints": constraints,
        "cost_attr": cost_attr,
        "tasks": tasks or None,
    }
    settings = SchedulerWords(registry, ref)
    settings.take_words(given)
    settings.take_searcher(searcher, search_options, given)
    found = resolve(registry, settings.ref, "scheduler", nearby=WORDS)
    problem = problem_of(found, config_space, given)
    seed, sequence = seeded("scheduler", found.entry.name, random_seed)
    return cast("Scheduler", construct(registry, found, problem, sequence, seed))


def make_searcher(
    name: Any,
    problem: Problem,
    *,
    seed: int | np.random.SeedSequence | None = None,
    start_points: bool = True,
    **options: Any,
) -> Searcher:
    """Return the searcher `name`, serving the problem's start points first unless told not to."""
    ref = reference("searcher", name, options)
    recorded, sequence = seeded("searcher", ref.name, seed)
    outer = "" if start_points else "searcher"
    registry = registries.default_registry()
    return cast(
        "Searcher",
        build_component(registry, "searcher", ref, problem, sequence, recorded, outer=outer),
    )


def make_surrogate(
    name: Any, problem: Problem, *, seed: int | np.random.SeedSequence = 0, **options: Any
) -> Surrogate:
    return cast("Surrogate", make("surrogate", name, problem=problem, seed=seed, **options))


def make_acquisition(
    name: Any,
    problem: Problem | None = None,
    *,
    seed: int | np.random.SeedSequence = 0,
    **options: Any,
) -> AcquisitionFunction:
    found = make("acquisition", name, problem=problem, seed=seed, **options)
    return cast("AcquisitionFunction", found)


def make_backend(name: Any, **options: Any) -> Backend:
    """Return the backend `name`: `make_backend("local", entry_point="train.py")`."""
    return cast("Backend", make("backend", name, **options))


def make_store(name: Any, **options: Any) -> ResultStore:
    """Return the store `name`: `make_store("jsonl", folder=...)`."""
    return cast("ResultStore", make("store", name, **options))


def rebuild(spec: Mapping[str, Any] | ComponentSpec, problem: Problem | None = None) -> Any:
    """Build again what carried this `component_spec`, which may come from a file.

    Raises:
        ExperimentError: if the distribution is gone, or an option was an object of the user's.
    """
    if not isinstance(spec, ComponentSpec):
        spec = ComponentSpec.from_json(spec)
    objects = objects_in(spec.options)
    if objects:
        raise ExperimentError(
            f"{spec.source} was given {', '.join(objects)}, which no file can keep; "
            f"build the {spec.kind} again in Python and pass it, as in {_resume_with(spec)}."
        )
    version = installed_version(spec.distribution)
    if version is None:
        pin = f"{normalized(spec.distribution)}=={spec.version}"
        raise ExperimentError(f"{spec.source} is not installed any more: pip install {pin}")
    if version != spec.version:
        logger.warning("%s is built by %s now", spec.source, version)
    if spec.seed is None:
        sequence = UNSEEDED
    elif isinstance(spec.seed, Mapping):
        sequence = seeds.seed_from_json(spec.seed)
    else:
        sequence = seeds.sequence(spec.seed)
    ref = ComponentRef(f"{spec.distribution}:{spec.name}", dict(spec.options))
    return build_component(
        registries.default_registry(), spec.kind, ref, problem, sequence, spec.seed
    )


def _resume_with(spec: ComponentSpec) -> str:
    if spec.kind != "backend":
        return f"Tuner.resume(name, {spec.kind}=...)"
    given = [name for name, value in spec.options.items() if objects_in(value)]
    options = ", ".join(f"{name}=..." for name in given)
    return f'Tuner.resume(name, trial_backend=make_backend("{spec.name}", {options}))'
