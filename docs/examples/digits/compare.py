"""Random search beside ASHA on the digits network, for the same time: `python compare.py 30`.

Random search trains every configuration to the end. ASHA with `type="stopping"` ends most of them
after 1 or 3 epochs; with `type="promotion"` it pauses them, and goes on with the best from their
checkpoints.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from demo import SPACE

from synecore import Experiment, tune

METHODS: dict[str, dict[str, Any]] = {
    "random search": {"method": "random"},
    "ASHA, stopping": {"method": "asha", "type": "stopping"},
    "ASHA, promotion": {"method": "asha", "type": "promotion"},
}


def main(seconds: float) -> dict[str, Experiment]:
    experiments = {}
    for title, method in METHODS.items():
        experiment = experiments[title] = tune(
            Path(__file__).with_name("train.py"),
            SPACE,
            metric="accuracy",
            mode="max",
            resource_attr="epoch",
            max_resource_attr="epochs",
            random_seed=0,
            max_wallclock_time=seconds,
            n_workers=2,
            tuner_name=f"digits-compared-{title.replace(', ', '-').replace(' ', '-').lower()}",
            metadata={"tag": "compare", "algorithm": title},
            **method,
        )
        table = experiment.table()
        reached = Counter(int(epoch) for epoch in table.trial("reached"))
        best = experiment.best_config()
        print(f"{title}: {table.n_trials} trials, best accuracy {best['accuracy']:.4f}")
        print("  epochs: trials", dict(sorted(reached.items())), flush=True)
    return experiments


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0)
