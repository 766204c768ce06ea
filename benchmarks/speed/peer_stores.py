"""The peer's side of `stores.py`: Syne Tune 0.13, in its own environment."""

from __future__ import annotations

import contextlib
import io
import time

from peer_core import tuner_of_instant_trials
from side import Numbers, main
from syne_tune.results_callback import StoreResultsCallback


def save(trials: int) -> Numbers:
    """Save the tuner, and the results, after some trials of five reports each; wall time."""
    tuner = tuner_of_instant_trials(trials)
    with contextlib.redirect_stdout(io.StringIO()):
        tuner.run()
    began = time.perf_counter()
    tuner.save()
    saved = time.perf_counter()
    next(c for c in tuner.callbacks if isinstance(c, StoreResultsCallback)).store_results()
    stored = time.perf_counter()
    return {
        f"newest_report_durable_{trials}": 1e3 * (stored - saved),
        f"snapshot_{trials}": 1e3 * (saved - began),
    }


if __name__ == "__main__":
    main([save])
