"""What the user's words mean for one scheduler: resource, levels, options of its parts."""

from __future__ import annotations

import logging
import math
from typing import Any

import numpy as np

from synecore.errors import OptionError
from synecore.problem import Fidelity, Problem
from synecore_asha.brackets import Brackets
from synecore_asha.levels import rung_levels
from synecore_asha.options import ASHAOptions
from synecore_asha.removal import CheckpointRemoval
from synecore_asha.removal_options import NAME, read_removal_options

logger = logging.getLogger(__name__)


def with_fidelity(problem: Problem | None) -> tuple[Problem, Fidelity]:
    """Return the problem and its resource. Raises OptionError without a finite one."""
    fidelity = problem.fidelity if problem is not None else None
    if problem is None or fidelity is None or not math.isfinite(fidelity.high):
        raise OptionError(
            "scheduler 'asha' compares trials as they run, so it needs 'resource_attr' (the metric "
            "that counts epochs) and the largest resource, as 'max_resource_attr' (the key of the "
            "configuration space that holds it) or 'max_t'. To run trials without early stopping, "
            "use scheduler 'fifo'."
        )
    return problem, fidelity


def for_searcher(options: ASHAOptions) -> dict[str, Any]:
    """Return the options about a model's data, those that a searcher has itself included.

    They reach a searcher whose options know them: those of a nested component are complete.
    """
    defaults = {"searcher_data": "rungs", "register_pending_myopic": False}
    own = {name: getattr(options, name) for name in defaults}
    theirs = options.searcher.options
    return {
        name: theirs.get(name, default) if own[name] == default else own[name]
        for name, default in defaults.items()
    }


def levels_of(options: ASHAOptions, max_t: float) -> list[int]:
    """Return the rung levels, with a warning where options contradict each other."""
    if options.rung_levels is not None:
        ignored = {
            "grace_period": options.grace_period != 1,
            "reduction_factor": options.reduction_factor is not None,
            "rung_increment": options.rung_increment is not None,
        }
        names = [name for name, given in ignored.items() if given]
        if names:
            logger.warning(
                "scheduler 'asha': 'rung_levels' decides alone, ignored: %s.", ", ".join(names)
            )
    elif options.rung_increment is not None and options.reduction_factor is not None:
        logger.warning(
            "scheduler 'asha': 'reduction_factor' decides, 'rung_increment' is ignored; "
            "give only the one you mean."
        )
    return rung_levels(
        max_t,
        grace_period=options.grace_period,
        reduction_factor=options.reduction_factor,
        rung_increment=options.rung_increment,
        levels=options.rung_levels,
    )


def removal_for(
    options: ASHAOptions, brackets: Brackets, seed: np.random.SeedSequence
) -> CheckpointRemoval | None:
    """Return what keeps checkpoints few, None where that is not asked for or has no meaning."""
    if options.early_checkpoint_removal_kwargs is None:
        return None
    if options.type == "stopping":
        logger.warning(
            "scheduler 'asha': '%s' has no effect with type='stopping', which pauses no trial.",
            NAME,
        )
        return None
    chosen = read_removal_options(options.early_checkpoint_removal_kwargs)
    return CheckpointRemoval(chosen, brackets, seed)
