"""One object that the tuner tells, and that tells everyone who observes.

Observers are objects of the user's own (`Tuner(callbacks=[...])`) with some of the methods
`experiment_start`, `columns`, `events`, `experiment_end`, and plugins that say in their metadata
that they observe, with the hooks of the same names and the prefix `synecore_`. Both name the
arguments they want. One that raises is logged once with its traceback and not called again; the
experiment goes on.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from synecore.errors import OptionError, did_you_mean
from synecore.plugins import hookspecs
from synecore.plugins import registry as registries

if TYPE_CHECKING:
    from synecore.actions import Event
    from synecore.plugins.hookspecs import ExperimentView
    from synecore.plugins.registry import Registry

METHODS = ("experiment_start", "columns", "events", "experiment_end")
_PREFIX = "synecore_"


@attrs.define
class _Observer:
    """One object or plugin, until it fails."""

    source: str
    calls: dict[str, Callable[..., Any]]


class Observers:
    """Fans out to the user's objects, in order, then to the observer plugins.

    Args:
        callbacks: Objects with any of the methods, spelled like the hooks, prefix or not.
        registry: Where plugins are looked up; the process's own by default.

    Raises:
        OptionError: for an object that has none of the methods, or one with other arguments.
    """

    def __init__(self, callbacks: Sequence[object] = (), registry: Registry | None = None) -> None:
        self._registry = registries.default_registry() if registry is None else registry
        self._observers = [_from_object(callback) for callback in callbacks]
        self._observers += self._from_plugins()
        self._by_method: dict[str, list[_Observer]] = {}
        self._sort()

    @property
    def add_columns(self) -> bool:
        """Whether anyone adds columns; if not, `columns` need not be called."""
        return bool(self._by_method["columns"])

    def experiment_start(self, experiment: ExperimentView) -> None:
        for observer in self._by_method["experiment_start"]:
            self._call(observer, "experiment_start", experiment=experiment)

    def columns(self, experiment: ExperimentView, event: Event) -> dict[str, Any]:
        """Return the extra columns of a report; of equal names, the last one's value."""
        columns: dict[str, Any] = {}
        for observer in self._by_method["columns"]:
            returned = self._call(observer, "columns", experiment=experiment, event=event)
            if isinstance(returned, Mapping):
                columns.update(returned)
            elif returned is not None:
                self._failed(observer, "columns", TypeError(f"no mapping of columns: {returned!r}"))
        return columns

    def events(self, experiment: ExperimentView, events: Sequence[Event]) -> None:
        for observer in self._by_method["events"]:
            self._call(observer, "events", experiment=experiment, events=events)

    def experiment_end(self, experiment: ExperimentView, reason: str) -> None:
        for observer in self._by_method["experiment_end"]:
            self._call(observer, "experiment_end", experiment=experiment, reason=reason)

    def _call(self, observer: _Observer, method: str, **arguments: Any) -> Any:
        call = observer.calls.get(method)
        if call is None:  # switched off since the loop over observers began
            return None
        try:
            return call(**arguments)
        except (Exception, SystemExit) as error:
            self._failed(observer, method, error)
            return None

    def _failed(self, observer: _Observer, method: str, error: BaseException) -> None:
        observer.calls.clear()
        self._sort()
        self._registry.failed(f"{method} of {observer.source}", error)

    def _sort(self) -> None:
        # New lists, since a loop over the old one may be going on.
        self._by_method = {
            method: [observer for observer in self._observers if method in observer.calls]
            for method in METHODS
        }

    def _from_plugins(self) -> list[_Observer]:
        observers = []
        for entry in self._registry.observers():
            calls: dict[str, Callable[..., Any]] = {}
            for method in METHODS:
                caller = self._registry.caller(entry, _PREFIX + method)
                if caller is not None:
                    calls[method] = functools.partial(_merged, caller)
            observers.append(_Observer(f"plugin {entry.module!r} of {entry.source}", calls))
        return observers


def _merged(caller: Callable[..., list[Any]], **arguments: Any) -> Any:
    """Return the mapping of a plugin's one implementation, None where it gave none."""
    returned = caller(**arguments)
    return returned[0] if returned else None


def _from_object(callback: object) -> _Observer:
    # An adapter goes by the name of the user's object, which is the one to mend.
    source = f"callback {getattr(callback, 'observed_as', type(callback).__name__)}"
    calls = {}
    for method in METHODS:
        call = getattr(callback, method, None) or getattr(callback, _PREFIX + method, None)
        if callable(call):
            calls[method] = _fitted(call, method, source)
    if not calls:
        public = [name for name in dir(callback) if not name.startswith("_")]
        raise OptionError(
            f"{source} has none of the methods {', '.join(METHODS)}"
            f"{next((h for h in (did_you_mean(m, METHODS) for m in public) if h), '.')}"
        )
    return _Observer(source, calls)


def _fitted(call: Callable[..., Any], method: str, source: str) -> Callable[..., Any]:
    """Return `call` with the arguments of the hook that it names."""
    offered = tuple(inspect.signature(getattr(hookspecs, _PREFIX + method)).parameters)
    try:
        parameters = inspect.signature(call).parameters.values()
    except ValueError:  # written in C
        return call
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return call
    named = [
        parameter for parameter in parameters if parameter.kind is not parameter.VAR_POSITIONAL
    ]
    names = {parameter.name for parameter in named}
    strange = [
        parameter.name
        for parameter in named
        if parameter.name not in offered and parameter.default is parameter.empty
    ]
    if strange:
        raise OptionError(
            f"{source}: {method} asks for {', '.join(map(repr, strange))}; "
            f"its arguments may be {', '.join(offered)}."
        )
    if names.issuperset(offered):
        return call
    kept = [name for name in offered if name in names]
    return lambda **arguments: call(**{name: arguments[name] for name in kept})
