"""Which rows of the table a model learns from, and which values it expects next.

The table keeps every observation; `searcher_data` only chooses among them, so nothing is copied and
a change of the option needs no other run.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from synecore.problem import Array, IntArray, TrialView

SearcherData = Literal["rungs", "all", "rungs_and_last"]


def rows_for(which: SearcherData, trials: TrialView) -> IntArray:
    """Return the observation rows (n,) that `searcher_data` chooses, in order of time.

    "rungs": at milestones; "all": all; "rungs_and_last": at milestones, and the latest of each
    trial. Late reports, repeated ones and values that are not finite are never among them.
    """
    usable = ~(trials.obs("late") | trials.obs("repeat"))
    usable &= np.isfinite(trials.obs("y")).all(axis=1)
    if which == "all":
        return np.flatnonzero(usable)
    chosen = usable & trials.obs("at_milestone")
    if which == "rungs_and_last":
        rows = np.flatnonzero(usable)
        last = np.full(trials.n_trials, -1)
        last[trials.obs("trial")[rows]] = rows  # of repeated indices the last one stays
        chosen[last[last >= 0]] = True
    return np.flatnonzero(chosen)


def pending_for(
    which: SearcherData, trials: TrialView, *, myopic: bool = False
) -> tuple[IntArray, Array]:
    """Return trials (q,) and resources (q,) at which a value is expected.

    "rungs": each running trial at its milestone; otherwise at every unit of resource from the next
    report to the milestone, or with `myopic` at the next report alone.
    """
    rows, milestones = trials.pending()
    if which == "rungs":
        return rows, milestones
    next_one = trials.trial("reached")[rows] + 1.0
    if myopic:
        return rows, next_one
    counts = np.maximum(milestones - next_one + 1.0, 0.0).astype(np.int64)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(rows, counts), np.repeat(next_one, counts) + offsets
