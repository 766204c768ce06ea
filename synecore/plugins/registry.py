"""Plugins, activated one at a time: the only user of pluggy's manager.

A plugin that cannot be loaded is quarantined: recorded with its distribution, version and reason,
unregistered, and raised only to whoever asked for it.
"""

from __future__ import annotations

import functools
import importlib
import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import pluggy

from synecore.errors import PluginError, SynecoreError, did_you_mean
from synecore.plugins import hookspecs
from synecore.plugins.hookspecs import Component
from synecore.plugins.index import Entry, Index, default_index, normalized, read_index
from synecore.plugins.missing import missing_package

logger = logging.getLogger("synecore.plugins")
_HOOKS = {
    "scheduler": "synecore_schedulers",
    "searcher": "synecore_searchers",
    "surrogate": "synecore_surrogates",
    "acquisition": "synecore_acquisitions",
    "backend": "synecore_backends",
    "store": "synecore_stores",
}
_NOT_COMPONENTS = ("observer", "command")


@attrs.frozen
class Checked:
    """What `plugins list --check` shows of one entry."""

    entry: Entry
    component: Component | None
    problem: str = ""


class Registry:
    """Turns entries of an index into components, hooks and messages.

    Args:
        index: What is installed; read from the metadata where it is not given.
        env: SYNECORE_TRACE logs each hook call, SYNECORE_STRICT turns logged failures of
            observers into errors.
    """

    def __init__(self, index: Index | None = None, env: Mapping[str, str] = os.environ) -> None:
        self.index = read_index(env) if index is None else index
        self.strict = _on(env.get("SYNECORE_STRICT"))
        self.quarantine: dict[str, str] = {}  # module -> why it could not be loaded
        self._components: dict[tuple[str, str], dict[str, Component]] = {}  # by module and kind
        self._manager = pluggy.PluginManager("synecore")
        self._manager.add_hookspecs(hookspecs)
        if _on(env.get("SYNECORE_TRACE")):
            self._manager.add_hookcall_monitoring(_log_call, _log_result)

    # ---- components ---------------------------------------------------------------------

    def component(self, kind: str, name: str) -> tuple[Entry, Component]:
        """Return a component by name, having imported its plugin's hooks and nothing else.

        Raises:
            UnknownComponentError: if there is none of this name, or more than one.
            PluginError: if the plugin cannot be loaded or does not keep its promise.
        """
        entry = self.index.select(kind, name)
        components = self._provided(entry)
        if entry.name not in components:
            raise PluginError(
                f"{kind} {entry.name!r} is promised by the metadata of {entry.source}, but "
                f"{_hook_name(kind)} of {entry.module!r} returns "
                f"{', '.join(components) or 'nothing; is it marked with @hookimpl'}"
                f"{'?' if not components else did_you_mean(entry.name, components) or '.'}"
            )
        return entry, components[entry.name]

    def _provided(self, entry: Entry) -> dict[str, Component]:
        key = (entry.module, entry.kind)
        if key not in self._components:
            self.activate(entry)
            hook = self._caller(entry.module, _hook_name(entry.kind))
            arguments = {} if entry.kind in _HOOKS else {"kind": entry.kind}
            where = f"{_hook_name(entry.kind)} of {entry.module!r} of {entry.source}"
            try:
                returned = [item for items in hook(**arguments) for item in items]
            except (Exception, SystemExit) as error:
                raise PluginError(f"{where} failed: {_said(error)}") from error
            components: dict[str, Component] = {}
            for item in returned:
                if not isinstance(item, Component):
                    raise PluginError(f"{where} returned {item!r:.200}, which is no Component.")
                if item.name in components:
                    raise PluginError(f"{where} returned {item.name!r} twice.")
                components[item.name] = item
            self._components[key] = components
        return self._components[key]

    def load(self, entry: Entry, component: Component) -> Any:
        """Import a component's target, which may be heavy.

        Raises:
            PluginError: naming the component and its distribution, and the package to install
                where one is missing.
        """
        where = f"{entry.kind} {component.name!r} of {entry.source}"
        module, colon, attribute = str(component.target).partition(":")
        if not (module and colon and attribute):
            raise PluginError(
                f"{where}: target {component.target!r} is not like 'package.module:callable'."
            )
        try:
            return functools.reduce(getattr, attribute.split("."), importlib.import_module(module))
        except (Exception, SystemExit) as error:
            said = missing_package(error, entry) or f"could not be imported: {_said(error)}"
            raise PluginError(f"{where}: {said}") from error

    # ---- plugins ------------------------------------------------------------------------

    def activate(self, entry: Entry) -> Any:
        """Import and register the one module of an entry; return it.

        Raises:
            PluginError: the first time and each time after, with the same words.
        """
        plugin = self._manager.get_plugin(entry.module)
        if plugin is not None:
            return plugin
        if entry.module in self.quarantine:
            raise PluginError(self.quarantine[entry.module])
        try:
            plugin = importlib.import_module(entry.module)
            self._register(plugin, entry.module)
        except (Exception, SystemExit) as error:
            said = missing_package(error, entry) or _said(error)
            text = f"plugin {entry.module!r} of {entry.source} could not be loaded: {said}"
            self.quarantine[entry.module] = text
            raise PluginError(text) from error
        return plugin

    def _register(self, plugin: Any, name: str) -> None:
        try:
            self._manager.register(plugin, name=name)
            self._reject_unknown_hooks(plugin)
        except BaseException:
            if self._manager.has_plugin(name):  # pluggy leaves a rejected plugin half registered
                self._manager.unregister(name=name)
            raise

    def _reject_unknown_hooks(self, plugin: Any) -> None:
        # pluggy's own check_pending looks at all plugins and stops at the first at fault.
        specified = [name for name in dir(hookspecs) if name.startswith("synecore_")]
        for caller in self._manager.get_hookcallers(plugin) or ():
            for implementation in caller.get_hookimpls():
                ours = implementation.plugin is plugin and not implementation.optionalhook
                if ours and not caller.has_spec():
                    raise PluginError(
                        f"unknown hook {caller.name!r}{did_you_mean(caller.name, specified)}"
                    )

    def _caller(self, module: str, hook: str) -> pluggy.HookCaller:
        """Return the caller of one plugin's implementation of a hook."""
        plugin = self._manager.get_plugin(module)
        others = [other for other in self._manager.get_plugins() if other is not plugin]
        return self._manager.subset_hook_caller(hook, remove_plugins=others)

    def caller(self, entry: Entry, hook: str) -> pluggy.HookCaller | None:
        """Return the caller of an activated plugin's hook, None if it does not implement it."""
        plugin = self._manager.get_plugin(entry.module)
        callers = self._manager.get_hookcallers(plugin) or () if plugin is not None else ()
        if all(caller.name != hook for caller in callers):
            return None
        return self._caller(entry.module, hook)

    # ---- observers and commands ---------------------------------------------------------

    def observers(self) -> list[Entry]:
        """Activate the plugins that say they observe, and no others; return those that load."""
        return list(self._extensions("observer"))

    def add_commands(self, commands: Any) -> None:
        """Let the plugins that say so add subcommands to the command line."""
        for entry in self._extensions("command"):
            caller = self.caller(entry, "synecore_commands")
            if caller is None:
                continue
            try:
                caller(commands=commands)
            except (Exception, SystemExit) as error:
                self.failed(f"synecore_commands of {entry.module!r} of {entry.source}", error)

    def _extensions(self, kind: str) -> Iterator[Entry]:
        modules = set()
        for entry in self.index.of_kind(kind):
            if entry.module in modules:
                continue
            modules.add(entry.module)
            if entry.hidden:
                continue
            try:
                if entry.problem:
                    raise PluginError(entry.problem)
                self.activate(entry)
            except PluginError as error:
                if self.strict:
                    raise
                logger.warning("%s", error)
            else:
                yield entry

    def failed(self, where: str, error: BaseException) -> None:
        """Log a failure that must not spread, with its traceback; an error if strict."""
        if self.strict:
            raise PluginError(f"{where} failed: {_said(error)}") from error
        logger.error("%s failed and is switched off", where, exc_info=error)

    # ---- checking -----------------------------------------------------------------------

    def check(self, distribution: str | None = None) -> list[Checked]:
        """Load the hooks of every entry, targets included, and say what is wrong with each."""
        return [
            self._checked(entry)
            for entry in self.index
            if distribution is None or normalized(entry.distribution) == normalized(distribution)
        ]

    def _checked(self, entry: Entry) -> Checked:
        component = None
        try:
            if entry.problem:
                return Checked(entry, None, entry.problem)
            if entry.kind in _NOT_COMPONENTS:
                self.activate(entry)
                return Checked(entry, None)
            _, component = self.component(entry.kind, f"{entry.distribution}:{entry.name}")
            if isinstance(component.target, str):
                self.load(entry, component)
            else:
                self.component(component.target.kind, component.target.name)
        except SynecoreError as error:
            return Checked(entry, component, str(error))
        return Checked(entry, component)


@functools.cache
def default_registry() -> Registry:
    """Return the registry of this process, over its one index."""
    return Registry(default_index())


def _hook_name(kind: str) -> str:
    return _HOOKS.get(kind, "synecore_components")


def _said(error: BaseException) -> str:
    if isinstance(error, SynecoreError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _on(value: str | None) -> bool:
    return (value or "").lower() not in ("", "0", "false", "no", "off")


def _log_call(hook_name: str, implementations: Any, arguments: Mapping[str, Any]) -> None:
    plugins = ", ".join(implementation.plugin_name for implementation in implementations)
    logger.info("hook %s: %s", hook_name, plugins or "nobody")


def _log_result(outcome: Any, hook_name: str, implementations: Any, arguments: Any) -> None:
    error = outcome.exception
    if error is not None:
        logger.info("hook %s raised %s", hook_name, _said(error))
