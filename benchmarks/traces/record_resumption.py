"""Record how likely Syne Tune 0.13 takes it that a paused trial is resumed, for synecore-asha.

Run once a peer version, in an environment of its own, and commit what it writes:

    python -m venv peer
    peer/bin/pip install syne-tune==0.13.0 "numpy<2" "pandas<3" scipy autograd
    peer/bin/python benchmarks/traces/record_resumption.py plugins/synecore-asha/tests/fixtures

A row is [rank, values at the rung, promotion quantile, probability of a better arrival, time left
divided by time spent, the peer's probability for 25 steps, and for 100 steps]. Ranks that are
within the quota already are left out: for some of them alone the peer's function fails.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

import numpy as np
import syne_tune
from syne_tune.callbacks.hyperband_remove_checkpoints_score import (
    compute_probabilities_of_getting_resumed,
)

GRID = (
    (3, 9, 20, 60),  # values at the rung
    (1 / 3, 27 / 56),  # promotion quantile
    (0.05, 0.2, 0.5),  # probability of a better arrival
    (0.5, 2.0, 10.0),  # time left / time spent
)
STEPS = (25, 100)


def rows() -> list[list[float]]:
    """Return the grid with the peer's probabilities."""
    found = []
    for n, quantile, p, beta in itertools.product(*GRID):
        quota = int(quantile * n + 1e-9)
        for rank in sorted({quota + 1, quota + 2, (quota + n) // 2 + 1, n}):
            if rank > n:
                continue
            one = [np.array([x]) for x in (rank, n, quantile, p)]
            peer = [compute_probabilities_of_getting_resumed(*one, beta, s)[0] for s in STEPS]
            found.append([rank, n, quantile, p, beta, *(round(float(x), 12) for x in peer)])
    return found


def main(folder: Path) -> None:
    """Write the rows, one a line."""
    lines = ",\n".join(json.dumps(row) for row in rows())
    text = f'{{"peer": "syne-tune {syne_tune.__version__}",\n "rows": [\n{lines}\n]}}\n'
    (folder / "resumption").mkdir(parents=True, exist_ok=True)
    (folder / "resumption" / "probabilities.json").write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
