"""Build one resolved component: setup, nested components, start points, the spec it carries."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np

from synecore import seeds
from synecore.errors import OptionError, PluginError
from synecore.options import ComponentRef
from synecore.plugins.hookspecs import Setup
from synecore.plugins.missing import missing_package
from synecore.plugins.registry import Registry
from synecore.plugins.resolve import Resolved, check_capabilities, resolve
from synecore.plugins.spec import ComponentSpec
from synecore.problem import Problem

logger = logging.getLogger(__name__)
UNSEEDED = np.random.SeedSequence(0)  # for kinds that get their seed when they are opened
_FOR_PROBLEMS = ("scheduler", "searcher")  # kinds that must treat the whole problem
_specs: dict[int, ComponentSpec] = {}  # of objects that take no attributes


def spec_of(built: Any) -> ComponentSpec | None:
    """Return the spec of an object that `make` built, even one with slots; None for any other."""
    spec = getattr(built, "component_spec", None) or _specs.get(id(built))
    return spec if isinstance(spec, ComponentSpec) else None


def reference(kind: str, name: Any, options: Mapping[str, Any]) -> ComponentRef:
    try:
        ref = ComponentRef.of(name)
    except ValueError as error:
        raise OptionError(f"{kind}: {name!r:.200} is not {error}.") from None
    return ComponentRef(ref.name, {**ref.options, **options})


def seeded(
    kind: str, name: str, seed: int | np.random.SeedSequence | None
) -> tuple[Any, np.random.SeedSequence]:
    """Return the seed as the spec records it, and its sequence."""
    if seed is None:
        seed = seeds.draw_seed()
        logger.info("%s %r: random_seed=%d, drawn because none was given", kind, name, seed)
    if isinstance(seed, np.random.SeedSequence):
        return seeds.seed_to_json(seed), seed
    sequence = seeds.sequence(seed)
    return int(seed), sequence


class _Maker:
    """`Setup.make` of one component."""

    def __init__(
        self, registry: Registry, kind: str, problem: Problem | None, seed: np.random.SeedSequence
    ) -> None:
        self._registry = registry
        self._kind = kind
        self._problem = problem
        self._seed = seed

    def __call__(
        self,
        kind: str,
        name: str | ComponentRef,
        *,
        problem: Problem | None = None,
        seed: np.random.SeedSequence | None = None,
        **options: Any,
    ) -> Any:
        problem = self._problem if problem is None else problem
        sequence = self._seed if seed is None else seed
        ref = reference(kind, name, options)
        recorded = seeds.seed_to_json(sequence)
        return build_component(
            self._registry, kind, ref, problem, sequence, recorded, outer=self._kind
        )


def build_component(
    registry: Registry,
    kind: str,
    ref: ComponentRef,
    problem: Problem | None,
    sequence: np.random.SeedSequence,
    recorded: Any,
    *,
    outer: str = "",
) -> Any:
    if ref.is_ready:
        return _queued(kind, ref.options["object"], problem, outer)
    found = resolve(registry, ref, kind)
    return construct(registry, found, problem, sequence, recorded, outer=outer)


def construct(
    registry: Registry,
    found: Resolved,
    problem: Problem | None,
    sequence: np.random.SeedSequence,
    recorded: Any,
    *,
    outer: str = "",
) -> Any:
    kind = found.entry.kind
    if kind in _FOR_PROBLEMS and problem is not None:
        check_capabilities(found, problem)
    target = registry.load(found.base_entry, found.base)
    setup = Setup(problem, sequence, _Maker(registry, kind, problem, sequence))
    try:
        built = target(setup, found.options)
    except ImportError as error:
        said = missing_package(error, found.base_entry)
        if said is None:
            raise
        raise PluginError(f"{found.where} of {found.base_entry.source}: {said}") from error
    built = _queued(kind, built, problem, outer)
    _attach(built, found.spec(recorded))
    return built


def _queued(kind: str, built: Any, problem: Problem | None, outer: str) -> Any:
    """Wrap the outermost searcher, so that start points are served once and by none of them."""
    if kind != "searcher" or outer == "searcher" or problem is None:
        return built
    from synecore.tuning.queue import PointQueue

    return built if isinstance(built, PointQueue) else PointQueue(built, problem.space)


def _attach(built: Any, spec: ComponentSpec) -> None:
    try:
        built.component_spec = spec
    except AttributeError:  # a class with slots
        _specs[id(built)] = spec
        weakref.finalize(built, _specs.pop, id(built), None)
