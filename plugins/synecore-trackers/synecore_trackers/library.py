"""The libraries behind the trackers: imported when one is built, not sooner."""

from __future__ import annotations

import importlib
from types import ModuleType

from synecore.errors import PluginError


def load(name: str, who: str, extra: str) -> ModuleType:
    """Import the module `name`, which `extra` of this distribution brings, for the callback `who`.

    Raises:
        PluginError: where it or something it needs is missing, with what to install.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise PluginError(
            f"{who} needs the package {error.name!r}, which is missing: "
            f'pip install "synecore-trackers[{extra}]"'
        ) from error
