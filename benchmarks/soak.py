"""Thousands of short trials to which all sorts of things happen; afterwards, nothing may be left.

    python benchmarks/soak.py [--trials 2000] [--workers 4] [--warm] [--folder NEW]

Half of the trials are stopped by ASHA, half are paused and promoted. Some crash, are killed, give
up, leave children behind or lines unfinished; failed ones are tried again. `soak_trial.py` says
what, and how often. Prints what was seen, as its last line as a JSON object, and exits with status
1 if a process, descriptor, thread, file or checkpoint was left behind, if memory grew, if a trial
had no end, or if what the trials say that they reported is not what is on record. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from synecore import Experiment, StoppingCriterion, Tuner, make_backend, make_scheduler
from synecore.actions import Event, Reported, Resumed, Retried, Started
from synecore.space import uniform

SCRIPT = Path(__file__).with_name("soak_trial.py")
SPACE = {"x": uniform(0, 1), "epochs": 9}
PAGE = os.sysconf("SC_PAGE_SIZE")
PATIENCE = 10.0  # seconds, for what was left behind to be gone
# MiB by which the tuner's memory may grow in the second half of a run: what the interpreter takes
# at a time, and what is kept of a trial.
GROWTH, GROWTH_PER_TRIAL = 4.0, 6 / 1024


class Memory:
    """Notes the tuner's memory as trials start; a callback of the tuner."""

    def __init__(self) -> None:
        self.megabytes: list[float] = []  # after so many trials, from 0

    def events(self, experiment: object, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Started):
                self.megabytes.append(resident())

    def at(self, share: float) -> float:
        return self.megabytes[max(0, round(share * len(self.megabytes)) - 1)]


def resident() -> float:
    """Return the memory of this process in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def tune(type_: str, trials: int, memory: Memory, options: argparse.Namespace) -> Experiment:
    """Run one experiment."""
    tuner = Tuner(
        trial_backend=make_backend(
            "local", entry_point=SCRIPT, stop_grace=0.5, warm=options.warm, delete_checkpoints=True
        ),
        scheduler=make_scheduler(
            "asha", SPACE, metric="loss", resource_attr="epoch", max_resource_attr="epochs",
            type=type_, random_seed=1,
        ),
        stop_criterion=StoppingCriterion(max_num_trials_started=trials - 1),
        n_workers=options.workers, max_failures=trials, max_retries=1, retry_delay=0.05,
        callbacks=[memory], tuner_name=f"soak-{type_}", display="none",
    )  # fmt: skip
    return tuner.run()


# ---- what the trials say, and what is on record ----------------------------------------------


def accounts(experiment: Experiment, books: Path) -> Counter[str]:
    """Compare the reports that trials say they made with those on record."""
    begun, made = set(), set()
    for file in books.glob("*/*"):
        for line in file.read_text().splitlines():
            word, _, token = line.partition(" ")
            (begun if word == "begun" else made).add(token)
    recorded: Counter[str] = Counter()
    for event in experiment.events():
        if isinstance(event, Reported):
            recorded[event.metrics["token"]] += 1
    return Counter({
        "processes": sum(1 for _ in books.glob("*/*")),
        "reports_made": len(made),
        "reports_perhaps_made": len(begun - made),  # killed within the report
        "reports_recorded": recorded.total(),
        "reports_lost": len(made - set(recorded)),
        "reports_invented": len(set(recorded) - begun),
        "reports_doubled": sum(count - 1 for count in recorded.values()),
    })  # fmt: skip


def outcomes(experiment: Experiment) -> Counter[str]:
    """Count how trials ended, and how they were begun again."""
    table = experiment.table()
    found = Counter(table.status(trial).label.lower() for trial in range(table.n_trials))
    found["trials"] = table.n_trials
    found["without_end"] = table.n_busy
    kinds = Counter(type(event) for event in experiment.events())
    found["resumed"], found["retried"] = kinds[Resumed], kinds[Retried]
    return found


# ---- what is left behind ---------------------------------------------------------------------


def processes_with(word: str) -> Iterator[int]:
    """Yield the processes with `word` in their environment, but this one."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                if word.encode() in (folder / "environ").read_bytes():
                    yield int(folder.name)
            except OSError:
                continue


def own() -> dict[str, int]:
    """Count what this process holds: descriptors, threads, children (zombies too)."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "children": len(children),
    }


def leftovers(experiment: Experiment) -> list[str]:
    """Return what lies in the folders of trials that should not."""
    known = {"config.json", "std.out", "std.err", "stop"}
    trials = {str(trial) for trial in range(experiment.table().n_trials)}
    found = [path.name for path in experiment.path.iterdir() if path.name.isdigit()]
    odd = [name for name in found if name not in trials]
    odd += [f"{t}/{name}" for t in trials for name in os.listdir(experiment.path / t)
            if name not in known]  # fmt: skip
    return odd


def soak(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Run it all, and return the figures."""
    os.environ["SYNECORE_FOLDER"] = str(scratch / "experiments")
    os.environ["TMPDIR"] = tempfile.tempdir = str(scratch / "tmp")
    os.mkdir(scratch / "tmp")
    books = os.environ["SOAK_BOOKS"] = str(scratch / "rehearsal")
    tune("stopping", 20, Memory(), options)  # whatever is loaded or opened once, now is
    before = own()

    memory, total, odd = Memory(), Counter[str](), []
    began = time.monotonic()
    for type_ in ("stopping", "promotion"):
        books = os.environ["SOAK_BOOKS"] = str(scratch / type_)
        experiment = tune(type_, options.trials // 2, memory, options)
        total += accounts(experiment, Path(books))
        total += outcomes(experiment)
        odd += leftovers(experiment)
        tuned = time.monotonic() - began
    deadline = time.monotonic() + PATIENCE
    while (left := list(processes_with(str(scratch)))) and time.monotonic() < deadline:
        time.sleep(0.05)
    after = own()
    return {
        "seconds": round(tuned, 1),
        "trials_per_second": round(total["trials"] / tuned, 1),
        "processes_per_second": round(total["processes"] / tuned, 1),
        **{name: total[name] for name in COUNTED},
        **{f"memory_at_{share:.0%}": round(memory.at(share), 1) for share in (0.25, 0.5, 1.0)},
        "memory_growth": round(memory.at(1.0) - memory.at(0.5), 1),
        "left_processes": len(left),
        **{f"left_{name}": after[name] - before[name] for name in before},
        "left_files": sorted(odd) + sorted(os.listdir(scratch / "tmp")),
    }


COUNTED = (
    "trials", "completed", "stopped", "paused", "failed", "without_end", "resumed", "retried",
    "processes", "reports_made", "reports_perhaps_made", "reports_recorded", "reports_lost",
    "reports_invented", "reports_doubled",
)  # fmt: skip


def wrong(figures: Mapping[str, Any]) -> list[str]:
    """Return the names of the figures that are not what they should be."""
    zero = ["without_end", "reports_lost", "reports_invented", "reports_doubled", "left_processes"]
    zero += ["left_descriptors", "left_threads", "left_children", "left_files"]
    found = [name for name in zero if figures[name]]
    most = figures["reports_made"] + figures["reports_perhaps_made"]
    if not figures["reports_made"] <= figures["reports_recorded"] <= most:
        found.append("reports_recorded")
    if figures["memory_growth"] > GROWTH + GROWTH_PER_TRIAL * figures["trials"] / 2:
        found.append("memory_growth")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--warm", action="store_true", help="fork trials from a warm process")
    parser.add_argument("--folder", help="a new one, which is kept; by default it is removed")
    options = parser.parse_args()
    if options.folder:
        os.makedirs(options.folder)
        figures = soak(options, Path(options.folder).resolve())
    else:
        with tempfile.TemporaryDirectory(prefix="soak-") as scratch:
            figures = soak(options, Path(scratch).resolve())
    for name, value in figures.items():
        print(f"{name:22} {value}")
    bad = wrong(figures)
    if bad:
        print(f"not as it should be: {', '.join(bad)}")
    print(json.dumps(figures))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
