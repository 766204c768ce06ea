"""The component `python`: a function as a trial, in a process of its own or in the tuner's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synecore.plugins.hookspecs import Setup

from .options import FunctionOptions

if TYPE_CHECKING:
    from .backend import LocalBackend
    from .in_process import InProcessBackend


def make(setup: Setup, options: FunctionOptions) -> LocalBackend | InProcessBackend:
    """Build the component `python`."""
    if options.in_process:
        from . import in_process  # without what processes need

        return in_process.make(setup, options)
    from .backend import make_for_function

    return make_for_function(setup, options)
