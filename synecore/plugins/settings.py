"""What a call of `make_scheduler` says: words about the problem, the searcher, and the options."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from synecore import words
from synecore.errors import OptionError
from synecore.options import ComponentRef, fields_of, sort_out
from synecore.plugins.hookspecs import Capability
from synecore.plugins.registry import Registry
from synecore.plugins.resolve import Resolved
from synecore.presets import merge_option
from synecore.problem import Problem

logger = logging.getLogger(__name__)
# Documented spellings of the problem's words, accepted among the options.
_SPELLINGS = {
    "metrics": "metric",
    "time_attr": "resource_attr",
    "max_resource_level": "max_t",
    "constraint_attr": "constraints",
}
WORDS = (
    "metric",
    "mode",
    "resource_attr",
    "max_resource_attr",
    "max_t",
    "points_to_evaluate",
    "random_seed",
    "searcher",
    "search_options",
    "constraints",
    "cost_attr",
    "tasks",
)


class SchedulerWords:
    """The words and options of one call, sorted."""

    def __init__(self, registry: Registry, ref: ComponentRef) -> None:
        self.registry = registry
        self.ref = ref
        self.fields = _fields(registry, "scheduler", ref.name)

    def take_words(self, given: dict[str, Any]) -> None:
        """Move the problem's words out of the options, where they have a documented spelling."""
        options = dict(self.ref.options)
        for spelling, word in _SPELLINGS.items():
            if spelling not in options or self._is_option(spelling):
                continue
            if given[word] is not None:
                raise OptionError(f"{word}: given as {spelling!r} too; give it once.")
            given[word] = _said(spelling, options.pop(spelling))
        if options.pop("time_keeper", None) is not None:
            logger.warning("time_keeper has no effect: schedulers are told the time.")
        self.ref = ComponentRef(self.ref.name, options)

    def take_searcher(
        self, searcher: Any, search_options: Mapping[str, Any] | None, given: dict[str, Any]
    ) -> None:
        """Put the searcher and its options into the scheduler's option "searcher"."""
        options = dict(self.ref.options)
        if searcher is None and search_options:
            searcher = {}
        if searcher is None:
            return
        if search_options is not None and not isinstance(search_options, Mapping):
            raise OptionError(f"search_options: {search_options!r:.200} is not a mapping.")
        if search_options:
            searcher = self._with_options(searcher, dict(search_options), given)
        if "scheduler" in self.fields and "searcher" not in self.fields:
            # A wrapper has no searcher of its own; the scheduler within it has.
            options = merge_option(options, "scheduler", {"searcher": searcher})
        else:
            options["searcher"] = searcher
        self.ref = ComponentRef(self.ref.name, options)

    def _with_options(self, searcher: Any, extra: dict[str, Any], given: dict[str, Any]) -> Any:
        known: Mapping[str, Any] = {}
        options: Mapping[str, Any]
        if isinstance(searcher, Mapping) and "name" not in searcher:
            options = searcher  # for the default searcher
        elif isinstance(searcher, (str, Mapping, ComponentRef)):
            ref = ComponentRef.of(searcher)
            known = _fields(self.registry, "searcher", ref.name)
            options = {"name": ref.name, **ref.options}
        else:
            raise OptionError(
                "search_options: give them to the searcher itself, where it is a ready object."
            )
        # The documented system takes these words of the problem here too.
        for spelling in ("constraint_attr", "cost_attr"):
            word = _SPELLINGS.get(spelling, spelling)
            if spelling in extra and spelling not in known and given[word] is None:
                given[word] = _said(spelling, extra.pop(spelling))
        return {**options, **extra}

    def _is_option(self, name: str) -> bool:
        return not sort_out(self.fields, {name: None})[1]


def _fields(registry: Registry, kind: str, name: str) -> dict[str, Any]:
    return fields_of(registry.component(kind, name)[1].options)


def _said(spelling: str, value: Any) -> Any:
    """A documented constraint is feasible at <= 0."""
    return {value: 0.0} if spelling == "constraint_attr" and value is not None else value


def problem_of(found: Resolved, config_space: Any, given: Mapping[str, Any]) -> Problem:
    """Return the problem that the words describe, as the scheduler needs it told.

    Raises:
        OptionError: if a word is wrong, or says again what a ready problem says.
    """
    if isinstance(config_space, Problem):
        named = [w for w, v in given.items() if v is not None and (w, v) != ("mode", "min")]
        if named:
            raise OptionError(f"{found.where}: {', '.join(named)}: the problem says it already.")
        return config_space
    try:
        space = words.read_space(config_space)
        return Problem.create(
            space,
            metric=given["metric"],
            mode=given["mode"],
            points_to_evaluate=given["points_to_evaluate"],
            constraints=given["constraints"],
            cost_attr=given["cost_attr"],
            tasks=given["tasks"] or (),
            **_fidelity(found, space.constants, given),
        )
    except OptionError as error:
        raise type(error)(f"{found.where}: {error}") from error


def _fidelity(
    found: Resolved, constants: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the words about the resource that count for this scheduler.

    One that runs every trial to its end, unless it is told a resource, takes no notice of the
    others: with "epochs" in the space it must not expect "epoch" in the reports.
    """
    told = {name: given[name] for name in ("resource_attr", "max_resource_attr", "max_t")}
    if Capability.FIDELITY not in found.supports:
        return {}
    if told["resource_attr"] is None:
        if Capability.FIDELITY not in found.requires:
            return {}
        high = words.read_max_resource(constants, told["max_resource_attr"], told["max_t"])
        told["resource_attr"] = None if high is None else words.DEFAULT_RESOURCE
    return told
