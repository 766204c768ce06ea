"""Our side of `local_backend.py`."""

from __future__ import annotations

import contextlib
import math
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from side import Numbers, Stopwatch, main

from synecore import StoppingCriterion, Tuner, TunerCallback, make_backend, make_scheduler
from synecore.actions import Ended
from synecore.problem import Problem
from synecore.protocols import Job, RunContext
from synecore.space import uniform

SCRIPT = Path(__file__).with_name("trial.py")


class Watch(TunerCallback):
    """Notes when each report was decided on and stored, and how old it was then."""

    def __init__(self) -> None:
        self.began = time.time()  # of run(); set again before it is called
        self.first: float | None = None
        self.ages: list[float] = []

    def on_trial_result(self, trial: Any, status: str, result: Any, decision: str) -> None:
        now = time.time()
        if self.first is None:
            self.first = now - self.began
        self.ages.append(now - result["sent"])


def _tuner(watch: Watch, stop: StoppingCriterion, n_workers: int = 2, **constants: float) -> Tuner:
    space = {"x": uniform(0, 1), "library": "synecore", **constants}
    return Tuner(
        trial_backend=make_backend("local", entry_point=SCRIPT),
        scheduler=make_scheduler("fifo", space, metric="loss", random_seed=0),
        stop_criterion=stop, n_workers=n_workers, callbacks=[watch], display="none",
    )  # fmt: skip


def first_result() -> Numbers:
    """Seconds from run() to the decision on the first report, in a fresh process."""
    watch = Watch()
    tuner = _tuner(watch, StoppingCriterion(max_num_trials_completed=0))
    watch.began = time.time()
    tuner.run()
    return {"run_to_first_result": watch.first or float("nan")}


def latency(seconds: float) -> Numbers:
    """Milliseconds from a report to the decision on it, two trials that report ten times a second.

    The share of a core that the tuner takes meanwhile is in percent.
    """
    watch = Watch()
    tuner = _tuner(watch, StoppingCriterion(max_wallclock_time=seconds), epochs=10**6, sleep=0.1)
    wall, cpu = time.perf_counter(), time.process_time()
    tuner.run()
    share = (time.process_time() - cpu) / (time.perf_counter() - wall)
    ages = sorted(watch.ages)
    return {
        "report_to_decision": 1e3 * statistics.median(ages),
        "report_to_decision_p95": 1e3 * ages[int(0.95 * len(ages))],
        "busy_cpu_share": 100 * share,
    }


def throughput(trials: int) -> Numbers:
    """Trials a second of a script that reports once, with two workers."""
    tuner = _tuner(Watch(), StoppingCriterion(max_num_trials_completed=trials - 1))
    began = time.perf_counter()
    tuner.run()
    return {"trials_per_second": trials / (time.perf_counter() - began)}


def warm(trials: int) -> Numbers:
    """The same with trials forked from a parent that has their imports; scripts, and functions."""
    return {
        "warm_trials_per_second": _rate(
            make_backend("local", entry_point=SCRIPT, warm=True), trials, library="synecore"
        ),
        "warm_calls_per_second": _rate(
            make_backend("python", tune_function=_returns, warm=True), trials
        ),
    }


def _rate(backend: Any, trials: int, **constants: str) -> float:
    space = {"x": uniform(0, 1), **constants}
    tuner = Tuner(
        trial_backend=backend,
        scheduler=make_scheduler("fifo", space, metric="loss", random_seed=0),
        stop_criterion=StoppingCriterion(max_num_trials_completed=trials - 1),
        n_workers=2, display="none",
    )  # fmt: skip
    began = time.perf_counter()
    tuner.run()
    return trials / (time.perf_counter() - began)


def _returns(x: float) -> float:
    return x


def start(trials: int) -> Numbers:
    """Milliseconds from the start of a trial to the tuner's news of its first report, and alone.

    Alone: the same interpreter runs the same script without any tuner, and an empty program.
    """
    config = {"x": 0.5, "library": "synecore"}
    script = [str(SCRIPT), "--x", "0.5", "--library", "synecore"]
    return {
        "start_cold": _first_reports(make_backend("local", entry_point=SCRIPT), config, trials),
        "start_warm": _first_reports(
            make_backend("local", entry_point=SCRIPT, warm=True), config, trials
        ),
        "script_alone": _alone(["-u", *script], trials),
        "interpreter_alone": _alone(["-c", "pass"], trials),
    }


def _first_reports(backend: Any, config: Mapping[str, Any], trials: int) -> float:
    problem = Problem.create({"x": uniform(0, 1), "library": "synecore"}, metric="loss")
    with _opened(backend, problem, n_workers=1):
        taken = []
        for trial in range(trials + 1):
            began = time.perf_counter()
            backend.start(
                Job(trial=trial, config=config, until=math.inf, milestone=math.inf,
                    checkpoint_of=None, resumes=False)
            )  # fmt: skip
            ended = reported = False
            while not ended:
                for event in backend.poll(1.0):
                    if not reported:
                        taken.append(time.perf_counter() - began)
                    reported = True
                    ended |= isinstance(event, Ended)
    return 1e3 * statistics.median(taken[1:])  # the first one also sets things up


def _alone(arguments: list[str], trials: int) -> float:
    taken = []
    for _ in range(trials):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
        taken.append(time.perf_counter() - began)
    return 1e3 * statistics.median(taken)


@contextlib.contextmanager
def _opened(backend: Any, problem: Problem, n_workers: int) -> Iterator[None]:
    folder = Path.cwd() / f"opened-{time.monotonic_ns()}"
    folder.mkdir()
    backend.open(
        RunContext(
            folder=folder, problem=problem, seed=np.random.SeedSequence(0), n_workers=n_workers,
            decides="reports", now=0.0,
        )
    )  # fmt: skip
    try:
        yield
    finally:
        backend.close()


def chatty(reports: int) -> Numbers:
    """Reports a second that one trial which does nothing else gets on record, none lost."""
    stop = StoppingCriterion(max_num_trials_completed=0)
    tuner = _tuner(Watch(), stop, n_workers=1, epochs=reports)
    began = time.perf_counter()
    experiment = tuner.run()
    seconds = time.perf_counter() - began
    seen = [row["epoch"] for row in experiment.rows() if row["trial_id"] == 0]
    if seen != list(range(1, reports + 1)):
        raise RuntimeError(f"{reports} reports were made, {len(seen)} are on record")
    return {"reports_per_second": reports / seconds}


def polling(reports: int) -> Numbers:
    """Milliseconds of CPU to look at four silent trials that have printed `reports` each."""
    backend = make_backend("local", entry_point=SCRIPT)
    space = {"x": uniform(0, 1), "library": "synecore", "epochs": reports, "rest": 600.0}
    problem = Problem.create(space, metric="loss")
    with _opened(backend, problem, n_workers=4):
        for trial in range(4):
            config = {**problem.space.constants, "x": 0.5}
            backend.start(
                Job(trial=trial, config=config, until=float("inf"), milestone=float("inf"),
                    checkpoint_of=None, resumes=False)
            )  # fmt: skip
        seen = 0
        while seen < 4 * reports:
            seen += len(backend.poll(1.0))
        watch = Stopwatch()
        watch.start()
        for _ in range(1000):
            backend.poll(0.0)
        watch.stop(1000)
    return {"poll_of_long_logs": watch.microseconds / 1e3}


def idle(seconds: float) -> Numbers:
    """Percent of a core that the tuner takes while two trials sleep."""
    found: list[float] = []

    def look() -> None:
        time.sleep(1.5)  # until the trials have begun
        wall, cpu = time.perf_counter(), time.process_time()
        time.sleep(seconds)
        found.append((time.process_time() - cpu) / (time.perf_counter() - wall))

    tuner = _tuner(Watch(), StoppingCriterion(max_wallclock_time=seconds + 2), rest=600.0)
    thread = threading.Thread(target=look)
    thread.start()
    tuner.run()
    thread.join()
    return {"idle_cpu_share": 100 * found[0]}


if __name__ == "__main__":
    main([first_result, latency, throughput, warm, start, chatty, polling, idle])
