"""Speed of the result stores: what it costs to have a report on disk, and to read it back.

    python benchmarks/speed/stores.py [--quick] [--peer FOLDER]

The peer keeps no journal: it writes all results anew (`newest_report_durable_N`, after N trials:
ours is the append of one event), and its whole tuner (`snapshot_N`: ours is the scheduler's state).
The last line is one JSON object {measure: {"ours": x, "peer": y or null, "unit": u}}.
"""

from __future__ import annotations

import sys

from comparison import ALONE, Case, Measure, main


def cases(quick: bool) -> list[Case]:
    """Return what is compared; fewer events and rounds with `quick`."""
    rounds = 1 if quick else 3
    events = 400 if quick else 4000
    disk = Case("disk", {"disk_alone": Measure("ms an event", best=True)},
                {"events": events}, ALONE, rounds)  # fmt: skip
    appends = [
        Case("append", {
            f"{store}_{sync}_{size}": Measure("ms an event", budget=budget, best=True)
        }, {"store": store, "sync": sync, "batch": size, "events": events}, ALONE, rounds)
        for store in ("jsonl", "sqlite")
        for sync, size, budget in (
            ("batch", 1, None), ("batch", 8, 0.3), ("none", 1, None), ("none", 8, None),
        )
    ]  # fmt: skip
    reading = [
        Case("read", {f"{store}_read": Measure("us an event")},
             {"store": store, "events": 10 * events}, ALONE, rounds)
        for store in ("jsonl", "sqlite")
    ]  # fmt: skip
    saving = [
        Case("save", {
            f"newest_report_durable_{trials}": Measure("ms", best=True),
            f"snapshot_{trials}": Measure("ms", best=True),
        }, {"trials": trials}, {"": {}}, rounds)
        for trials in ((100, 500) if quick else (100, 1000, 4000))
    ]  # fmt: skip
    return [disk, *appends, *reading, *saving]


if __name__ == "__main__":
    sys.exit(main("stores", cases))
