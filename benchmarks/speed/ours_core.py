"""Our side of `core.py`."""

from __future__ import annotations

import shutil
import statistics
import time
from typing import Any

import numpy as np
from side import Numbers, Stopwatch, main, microseconds_a_call, start_up

from synecore import AskTell, StoppingCriterion, Tuner, make_scheduler, make_searcher
from synecore.actions import Ended, Reported, Status
from synecore.problem import Problem
from synecore.space import SearchSpace, choice, lograndint, loguniform, randint, uniform
from synecore.testing import InlineBackend
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine
from synecore.tuning.status import TuningStatus

MAX_T = 81
WORKERS = 32


def space() -> dict[str, Any]:
    """Return eight hyperparameters of the usual kinds."""
    return {
        "x0": uniform(0, 1), "x1": uniform(-1, 1), "x2": uniform(0, 10), "x3": uniform(5, 6),
        "rate": loguniform(1e-6, 1), "layers": randint(1, 100), "width": lograndint(1, 1000),
        "kind": choice(["a", "b", "c"]),
    }  # fmt: skip


def imports(n: int) -> Numbers:
    """Time whole interpreters that import something."""
    wall, cpu = start_up("from synecore import Reporter", n)
    return {
        "import_reporter_wall": wall,
        "import_reporter_cpu": cpu,
        "import_package_cpu": start_up("import synecore", n)[1],
        "import_baselines_cpu": start_up("import synecore; from synecore.baselines import ASHA", n)[
            1
        ],
    }


def asha(n: int) -> Numbers:
    """Let ASHA start and judge trials through the public ask/tell interface, n reports in all."""
    study = AskTell(
        "asha", space(), metric="loss", resource_attr="epoch", max_t=MAX_T, random_seed=0
    )
    rng = np.random.default_rng(0)
    ask, report = Stopwatch(), Stopwatch()
    running: list[tuple[Any, int]] = []  # trials and the epoch they are in
    while report.n < n:
        free = WORKERS - len(running)
        ask.start()
        begun = [study.ask() for _ in range(free)]
        ask.stop(free)
        running += [(trial, 1) for trial in begun]
        reports = [
            (trial, {"epoch": epoch, "loss": loss, "accuracy": 1 - loss, "time": 0.1})
            for (trial, epoch), loss in zip(running, rng.random(WORKERS).tolist(), strict=True)
        ]
        report.start()
        decisions = [study.report(trial, metrics) for trial, metrics in reports]
        report.stop(WORKERS)
        running = [
            (trial, epoch + 1)
            for (trial, epoch), decision in zip(running, decisions, strict=True)
            if decision == "CONTINUE"
        ]
    return {"asha_suggest": ask.microseconds, "asha_report": report.microseconds}


def parts(n: int) -> Numbers:
    """Time the scheduler, the searcher, the engine around them, and the status, apart.

    Single calls of the scheduler are too short for a clock of CPU time: theirs is the median of
    wall time.
    """
    scheduler = make_scheduler(
        "asha", space(), metric="loss", resource_attr="epoch", max_t=MAX_T, random_seed=0
    )
    ask, told = _timed(scheduler, "suggest"), _timed(scheduler, "on_report")
    status = TuningStatus(TrialTable(scheduler.problem, scheduler.tags))
    engine, table = Engine(scheduler, status.table), status.table
    rng = np.random.default_rng(0)
    asked, reported, counted = Stopwatch(), Stopwatch(), Stopwatch()
    running: dict[int, int] = {}  # trial -> epoch
    while reported.n < n:
        free = WORKERS - len(running)
        asked.start()
        begun = [engine.ask(1, 0.0)[0] for _ in range(free)]
        asked.stop(free)
        running |= dict.fromkeys(begun, 1)
        losses = rng.random(WORKERS).tolist()
        events = [
            Reported(at=1.0, trial=trial,
                     metrics={"epoch": epoch, "loss": loss, "accuracy": 1 - loss, "time": 0.1})
            for (trial, epoch), loss in zip(running.items(), losses, strict=True)
        ]  # fmt: skip
        reported.start()
        for event in events:
            engine.report(event)
        reported.stop(WORKERS)
        counted.start()
        for event in events:
            status.update(event)
        counted.stop(WORKERS)
        for trial in list(running):
            running[trial] += 1
            if table.status(trial) is Status.STOPPING:
                engine.ended(Ended(at=1.0, trial=trial, exit="killed"))
                del running[trial]
        engine.take()
    searcher = make_searcher("random", scheduler.problem, seed=0)
    empty = TrialTable(scheduler.problem)
    return {
        "asha_scheduler_suggest": 1e6 * statistics.median(ask),
        "asha_scheduler_report": 1e6 * statistics.median(told),
        "random_searcher_propose": microseconds_a_call(lambda: searcher.propose(1, empty), 1000),
        "engine_ask": asked.microseconds,
        "engine_report": reported.microseconds,
        "status_update": counted.microseconds,
    }


def _timed(owner: object, method: str) -> list[float]:
    """Note the seconds of every call of a method of one object, the clock's own taken off."""
    call, clock = getattr(owner, method), time.perf_counter
    own = min(-clock() + clock() for _ in range(20))
    seconds: list[float] = []

    def timed(*arguments: Any) -> Any:
        began = clock()
        answer = call(*arguments)
        seconds.append(clock() - began - own)
        return answer

    setattr(owner, method, timed)
    return seconds


def random(n: int) -> Numbers:
    """Let random search start trials that end at once."""
    study = AskTell("random", space(), metric="loss", random_seed=0)
    ask = Stopwatch()
    while ask.n < n:
        ask.start()
        trials = [study.ask() for _ in range(WORKERS)]
        ask.stop(WORKERS)
        for trial in trials:
            study.tell(trial, {"loss": 1.0})
    return {"random_suggest": ask.microseconds}


def encodings(n: int) -> Numbers:
    """Turn configurations into vectors and back, one at a time and 1,000 at a time."""
    encoder = SearchSpace(space())
    X = encoder.sample(1000, np.random.default_rng(0))
    configs = encoder.decode(X)
    x, config, wide = X[:1] * 0.99, configs[:1], X * 0.99
    many = max(n // 50, 2)
    return {
        "encode_one": microseconds_a_call(lambda: encoder.encode(config), n),
        "decode_one": microseconds_a_call(lambda: encoder.decode(x), n),
        "snap_one": microseconds_a_call(lambda: encoder.snap(x), n),
        "encode_many": microseconds_a_call(lambda: encoder.encode(configs), many) / 1000,
        "decode_many": microseconds_a_call(lambda: encoder.decode(wide), many) / 1000,
        "snap_many": microseconds_a_call(lambda: encoder.snap(wide), many) / 1000,
    }


def bookkeeping(trials: int) -> Numbers:
    """Run trials that cost nothing, five reports each, with all that a real run keeps on disk."""
    problem = Problem.create(space(), metric="loss")
    tuner = Tuner(
        trial_backend=InlineBackend(
            lambda config, k: {"loss": config["x0"] + k, "epoch": k, "st_worker_time": 0.1 * k},
            n_reports=5, on_disk=False,
        ),
        scheduler=make_scheduler("fifo", problem, random_seed=0),
        stop_criterion=StoppingCriterion(max_num_trials_completed=trials - 1),
        n_workers=4, store={"name": "jsonl", "sync": "none"}, display="none",
    )  # fmt: skip
    watch = Stopwatch()
    watch.start()
    tuner.run()
    watch.stop(trials)
    shutil.rmtree(tuner.tuner_path)
    return {f"bookkeeping_{trials}": watch.microseconds}


if __name__ == "__main__":
    main([imports, asha, parts, random, encodings, bookkeeping])
