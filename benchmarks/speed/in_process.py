"""Speed of trials that are calls in the tuner's process, beside Optuna's `study.optimize`.

    python benchmarks/speed/in_process.py [--quick] [--peer FOLDER]

A quadratic of two parameters, random search, one worker. `durable_calls` keeps a journal that
survives a power cut (ours by default; Optuna's `JournalFileBackend`), `volatile_calls` one that
need not (ours with `sync="none"`, still a file; Optuna's memory). The last line is one JSON object
{measure: {"ours": x, "peer": y or null, "unit": u}}.
"""

from __future__ import annotations

import sys

from comparison import Case, Measure, main


def cases(quick: bool) -> list[Case]:
    """Return what is compared."""
    rounds = 1 if quick else 5
    return [
        Case("volatile", {
            "volatile_calls": Measure("trials/s", budget=2000, best=True),
            "volatile_call_cpu": Measure("us a trial", budget=500),
        }, {"trials": 200 if quick else 1000}, rounds=rounds),
        Case("durable", {
            "durable_calls": Measure("trials/s", budget=1000, best=True),
        }, {"trials": 200 if quick else 1000}, rounds=rounds),
        Case("reporting", {
            "reports_of_calls": Measure("reports/s", best=True),
            "report_of_call_cpu": Measure("us a report"),
        }, {"trials": 20 if quick else 100, "reports": 10}, rounds=rounds),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main("in_process", cases, peer_name="Optuna 5.0"))
