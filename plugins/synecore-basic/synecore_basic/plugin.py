"""Hooks of synecore-basic."""

from __future__ import annotations

from collections.abc import Iterable

from synecore.plugins.hookspecs import Capability, Component, hookimpl
from synecore_basic.options import (
    FIFOOptions,
    GridOptions,
    MedianStoppingOptions,
    RandomOptions,
    ScalarizeOptions,
    SobolOptions,
)

# What a searcher that reads no results leaves out of no problem: results are kept, not modelled.
BLIND = frozenset(Capability) - {Capability.TRANSFER}
# Options of model-based searchers, which users leave in place when they compare methods.
OF_MODELS = frozenset({"num_init_random", "num_init_candidates", "opt_nstarts", "opt_maxiter"})


@hookimpl
def synecore_schedulers() -> Iterable[Component]:
    return [
        Component(
            "fifo",
            "synecore_basic.fifo:FIFO",
            FIFOOptions,
            supports=frozenset(Capability),
            summary="Runs every proposed trial to its end, in order.",
        ),
        Component(
            "median-stopping",
            "synecore_basic.median_stopping:MedianStopping",
            MedianStoppingOptions,
            supports=frozenset(Capability),
            summary="Stops trials that rank below the median, on top of another scheduler.",
        ),
        Component(
            "scalarize",
            "synecore_basic.scalarize:Scalarize",
            ScalarizeOptions,
            supports=frozenset(Capability),
            summary="Gives another scheduler a weighted sum of several objectives.",
        ),
    ]


@hookimpl
def synecore_searchers() -> Iterable[Component]:
    return [
        Component(
            "random",
            "synecore_basic.random_searcher:RandomSearcher",
            RandomOptions,
            supports=BLIND,
            summary="Draws configurations at random, none twice.",
            ignores=OF_MODELS,
        ),
        Component(
            "grid",
            "synecore_basic.grid_searcher:GridSearcher",
            GridOptions,
            supports=BLIND,
            summary="Walks through a grid of configurations.",
            ignores=OF_MODELS | {"debug_log"},
        ),
        Component(
            "sobol",
            "synecore_basic.sobol_searcher:SobolSearcher",
            SobolOptions,
            supports=BLIND,
            summary="Draws configurations from a scrambled Sobol' sequence.",
            ignores=OF_MODELS | {"debug_log"},
        ),
    ]
