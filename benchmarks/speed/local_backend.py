"""Speed of trials as processes of this machine, as a user's run meets it.

    python benchmarks/speed/local_backend.py [--quick] [--peer FOLDER]

The peer looks at its trials every `sleep_time` seconds: 5 by default, which is what a measure
stands beside; with "_peer_fastest" in its name it stands beside the peer at 0.01, the fastest
setting. The last line is one JSON object {measure: {"ours": x, "peer": y or null, "unit": u}}.
"""

from __future__ import annotations

import sys

from comparison import ALONE, Case, Measure, main

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
        Case("warm", {
            "warm_trials_per_second": Measure("trials/s", budget=300, best=True),
            "warm_calls_per_second": Measure("trials/s", budget=300, best=True),
        }, {"trials": 100 if quick else 600}, peers=ALONE, rounds=1 if quick else 3),
        Case("start", {
            "start_cold": Measure("ms", best=True),
            "start_warm": Measure("ms", best=True),
            "script_alone": Measure("ms", best=True),
            "interpreter_alone": Measure("ms", best=True),
        }, {"trials": 10 if quick else 40}, peers=ALONE, rounds=1 if quick else 3),
        Case("chatty", {
            "reports_per_second": Measure("reports/s", budget=10_000, best=True),
        }, {"reports": 20_000 if quick else 50_000}, peers={
            "": None, "_peer_fastest": FASTEST,
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
