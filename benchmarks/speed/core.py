"""Speed of the core: imports, decisions, encodings, bookkeeping of a run.

    python benchmarks/speed/core.py [--quick] [--peer FOLDER]

The last line is one JSON object {measure: {"ours": x, "peer": y or null, "unit": u}}.
"""

from __future__ import annotations

import sys

from comparison import ALONE, Case, Measure, main


def cases(quick: bool) -> list[Case]:
    """Return what is compared; fewer rounds and smaller sizes with `quick`."""
    rounds = 1 if quick else 5
    n = 3 if quick else 15
    few = 300 if quick else 2000
    reports = 4000 if quick else 20_000
    bookkeeping = [(100, True), (1000, True), (10_000, not quick)]
    return [
        Case("imports", {
            "import_reporter_wall": Measure("ms", budget=30, best=True),
            "import_reporter_cpu": Measure("ms", budget=30),
            "import_package_cpu": Measure("ms", budget=60),
            "import_baselines_cpu": Measure("ms", budget=180),
        }, {"n": n}, rounds=1 if quick else 3),
        Case("asha", {
            "asha_suggest": Measure("us"),
            "asha_report": Measure("us"),
        }, {"n": reports}, rounds=rounds),
        Case("parts", {
            "asha_scheduler_suggest": Measure("us", budget=20),
            "asha_scheduler_report": Measure("us", budget=20),
            "random_searcher_propose": Measure("us", budget=6),
            "engine_ask": Measure("us"),
            "engine_report": Measure("us"),
            "status_update": Measure("us"),
        }, {"n": reports}, peers=ALONE, rounds=rounds),
        Case("random", {"random_suggest": Measure("us")}, {"n": few}, rounds=rounds),
        Case("encodings", {
            "encode_one": Measure("us"),
            "decode_one": Measure("us"),
            "snap_one": Measure("us"),
            "encode_many": Measure("us"),
            "decode_many": Measure("us"),
            "snap_many": Measure("us"),
        }, {"n": 500 if quick else 2000}, rounds=rounds),
        *(
            Case(
                "bookkeeping", {f"bookkeeping_{trials}": Measure("us a trial")},
                {"trials": trials}, peers={"": {}} if with_peer else ALONE,
                rounds=1 if quick or trials > 1000 else 3,
            )
            for trials, with_peer in bookkeeping
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main("core", cases))
