"""Speed of trials as processes of this machine, as a user's run meets it.

    python benchmarks/speed/local_backend.py [--quick] [--peer FOLDER]

The peer looks at its trials every `sleep_time` seconds: 5 by default, which is what a measure
stands beside; with "_peer_fastest" in its name it stands beside the peer at 0.01, the fastest
setting. The last line is one JSON object {measure: {"ours": x, "peer": y or null, "unit": u}}.
"""

from __future__ import annotations

import sys

from comparison import Case, Measure, main

DEFAULT, FASTEST = {"sleep_time": None}, {"sleep_time": 0.01}


def cases(quick: bool) -> list[Case]:
    """Return what is compared; with `quick` the peer only runs at its fastest setting."""
    peers = {"": None if quick else DEFAULT, "_peer_fastest": FASTEST}
    seconds = 3 if quick else 12
    return [
        Case("first_result", {
            "run_to_first_result": Measure("s", budget=0.1, best=True),
        }, peers=peers, rounds=2 if quick else 5),
        Case("latency", {
            "report_to_decision": Measure("ms", budget=5),
            "report_to_decision_p95": Measure("ms"),
            "busy_cpu_share": Measure("%"),
        }, {"seconds": seconds}, peers=peers, rounds=1 if quick else 2),
        Case("throughput", {
            "trials_per_second": Measure("trials/s", budget=40, best=True),
        }, {"trials": 20 if quick else 60}, peers={
            "": None if quick else {**DEFAULT, "trials": 8},
            "_peer_fastest": {**FASTEST, "trials": 8 if quick else 20},
        }, rounds=1 if quick else 3),
        Case("polling", {
            "poll_of_long_logs": Measure("ms", budget=0.1),
        }, {"reports": 1000 if quick else 10_000}, rounds=1 if quick else 2),
        Case("idle", {
            "idle_cpu_share": Measure("%", budget=0.5),
        }, {"seconds": 3 if quick else 6}, peers=peers, rounds=1 if quick else 2),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main("local_backend", cases))
