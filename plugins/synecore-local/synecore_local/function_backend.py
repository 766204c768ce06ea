"""The component `python`: a function as a trial, in a process of its own or in the tuner's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synecore.plugins.hookspecs import Setup

from .options import FunctionOptions

if TYPE_CHECKING:
    from .backend import LocalBackend
    from .in_process.backend import InProcessBackend


def make(setup: Setup, options: FunctionOptions) -> LocalBackend | InProcessBackend:
    """Build the component `python`."""
    if options.in_process:
        from .in_process.backend import make as make_in_process  # without what processes need

        return make_in_process(setup, options)
    from .backend import make_for_function

    return make_for_function(setup, options)
