"""Hooks a plugin may implement. Hook API version 1.

A hook is a function marked with `@hookimpl`, in the module that the plugin's entry points name. It
takes the arguments it wants, by name.

- A component hook runs once, when one of the plugin's components is first asked for. Six kinds of
  component have a hook of their own; a plugin may open further kinds, whose entry points are in
  `synecore.v1.<kind>s` like all others.
- An observer hook runs at most once a tick of the tuning loop, with the tick's events. A plugin
  that observes says so in `synecore.v1.observers`; one that raises is logged once with its
  traceback and not called again, and the experiment goes on. Objects in `Tuner(callbacks=[...])`
  observe through methods of the same names, with or without `synecore_`.
- A hook without a specification here is refused, unless it is marked
  `@hookimpl(optionalhook=True)`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import attrs
import pluggy

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from synecore.actions import Event
    from synecore.options import ComponentRef
    from synecore.presets import Preset
    from synecore.problem import Problem, TrialView
    from synecore.tuning.status import TuningStatus

API = 1
hookspec = pluggy.HookspecMarker("synecore")
hookimpl = pluggy.HookimplMarker("synecore")


class Capability(enum.Enum):
    FIDELITY = "fidelity"
    MULTI_OBJECTIVE = "several objectives"
    CONSTRAINTS = "constraints"
    COST = "cost"
    TRANSFER = "earlier tasks"
    CONDITIONAL = "conditional spaces"


class Make(Protocol):
    """Build a nested component, for the same problem or for another one."""

    def __call__(
        self,
        kind: str,
        name: str | ComponentRef,
        *,
        problem: Problem | None = None,
        seed: np.random.SeedSequence | None = None,
        **options: Any,
    ) -> Any:
        """Return the component `name` of `kind`.

        `name` may be the value of a `component()` option. Give a `seed` of its own
        (`seeds.child(setup.seed, "second")`) where two components of one kind must differ.
        """


@attrs.frozen
class Setup:
    """What every component is built from."""

    problem: Problem | None  # None for backends and stores, which learn it when opened
    seed: np.random.SeedSequence  # keyed by role ("searcher/initial"), not by order of creation
    make: Make


def _capabilities(given: Iterable[Capability]) -> frozenset[Capability]:
    return frozenset(given)


def _names(given: Iterable[str]) -> frozenset[str]:
    return frozenset(given)


@attrs.frozen
class Component:
    """What a plugin says of one of its components; nothing heavy is imported to say it."""

    name: str
    target: str | Preset  # "package.module:callable", called as target(setup, options)
    options: type | None = None  # attrs class
    supports: frozenset[Capability] = attrs.field(default=frozenset(), converter=_capabilities)
    summary: str = ""
    requires: frozenset[Capability] = attrs.field(default=frozenset(), converter=_capabilities)
    ignores: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    # options of sibling components, accepted with a warning


@attrs.frozen
class ExperimentView:
    """What observers see of an experiment."""

    name: str
    problem: Problem
    trials: TrialView
    metadata: dict[str, Any]
    folder: Path  # where the experiment lies
    status: TuningStatus  # counts, times and the best so far


@hookspec
def synecore_schedulers() -> Iterable[Component]:
    """Return the schedulers this plugin provides: what decides which trials start, resume,
    pause and stop.

    Called once, when `make_scheduler` is first given one of the plugin's names.
    """
    return ()


@hookspec
def synecore_searchers() -> Iterable[Component]:
    """Return the searchers this plugin provides: what proposes points to evaluate.

    Called once, when one of the plugin's searchers is first asked for, by `make_searcher` or by a
    scheduler's option.
    """
    return ()


@hookspec
def synecore_surrogates() -> Iterable[Component]:
    """Return the surrogate models this plugin provides: probabilistic regression for searchers.

    Called once, when one of the plugin's surrogates is first asked for.
    """
    return ()


@hookspec
def synecore_acquisitions() -> Iterable[Component]:
    """Return the acquisition functions this plugin provides: what scores points under a posterior.

    Called once, when one of the plugin's acquisition functions is first asked for.
    """
    return ()


@hookspec
def synecore_backends() -> Iterable[Component]:
    """Return the backends this plugin provides: what runs trials.

    Called once, when `make_backend` is first given one of the plugin's names. A backend is built
    without a problem; it learns the problem when it is opened.
    """
    return ()


@hookspec
def synecore_stores() -> Iterable[Component]:
    """Return the stores this plugin provides: what keeps the journal of an experiment.

    Called once, when one of the plugin's stores is first asked for.
    """
    return ()


@hookspec
def synecore_components(kind: str) -> Iterable[Component]:
    """Return this plugin's components of a further kind that some plugin opens, such as displays.

    `kind` is the entry-point group without "synecore.v1." and the final "s". Called once a kind.
    """
    return ()


@hookspec
def synecore_columns(experiment: ExperimentView, event: Event) -> Mapping[str, Any] | None:
    """Return extra columns to store with a report, as JSON values by name; None for none.

    Called before the report is stored, after the scheduler has decided on it. `event` is the
    report: its `trial` and `metrics`.
    """


@hookspec
def synecore_experiment_start(experiment: ExperimentView) -> None:
    """Observe the start, or the resumption, of an experiment.

    Called before the backend is opened; nothing has started yet.
    """


@hookspec
def synecore_events(experiment: ExperimentView, events: Sequence[Event]) -> None:
    """Observe what happened in one tick, after it was stored.

    `events` are in order of time: `Started`, `Resumed`, `Reported`, `Decided`, `Ended` and the
    others of `synecore.actions`. The table in `experiment.trials` already holds them.
    """


@hookspec
def synecore_experiment_end(experiment: ExperimentView, reason: str) -> None:
    """Observe the end of an experiment, and `reason`: in words, why it ended.

    Called after the last event was stored, also when the run was interrupted or failed.
    """


@hookspec
def synecore_commands(commands: Any) -> None:
    """Add subcommands to the `synecore` command line.

    `commands` is what `argparse.ArgumentParser.add_subparsers` returns: add a parser to it and set
    its default `run` to a function of the parsed arguments that returns the exit status. A plugin
    that adds commands says so in `synecore.v1.commands`.
    """
