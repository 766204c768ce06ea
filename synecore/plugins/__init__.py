"""What a plugin's author imports, and what turns names into components.

    from synecore.plugins import Capability, Component, hookimpl

Resolved lazily: reading the index of what is installed needs neither pluggy nor numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synecore.plugins.hookspecs import (
        API,
        Capability,
        Component,
        ExperimentView,
        Make,
        Setup,
        hookimpl,
    )
    from synecore.plugins.index import Entry, Index
    from synecore.plugins.observers import Observers
    from synecore.plugins.registry import Registry, default_registry
    from synecore.presets import preset

_HOME = {
    "API": "hookspecs",
    "Capability": "hookspecs",
    "Component": "hookspecs",
    "Entry": "index",
    "ExperimentView": "hookspecs",
    "Index": "index",
    "Make": "hookspecs",
    "Observers": "observers",
    "Registry": "registry",
    "Setup": "hookspecs",
    "default_registry": "registry",
    "hookimpl": "hookspecs",
    "preset": "synecore.presets",
}

__all__ = [
    "API",
    "Capability",
    "Component",
    "Entry",
    "ExperimentView",
    "Index",
    "Make",
    "Observers",
    "Registry",
    "Setup",
    "default_registry",
    "hookimpl",
    "preset",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(home if "." in home else f"{__name__}.{home}")
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
