"""The peer's side of `local_backend.py`: Syne Tune 0.13, in its own environment.

`sleep_time` is the pause between two looks of its tuner: None for its default of 5 seconds.
"""

from __future__ import annotations

import contextlib
import io
import logging
import statistics
import threading
import time
from pathlib import Path

from side import Numbers, Stopwatch, main

logging.disable(logging.WARNING)
with contextlib.redirect_stdout(io.StringIO()):  # it lists the extras that are not installed
    from syne_tune import StoppingCriterion, Tuner
    from syne_tune.backend import LocalBackend
    from syne_tune.config_space import uniform
    from syne_tune.optimizer.baselines import RandomSearch
    from syne_tune.results_callback import StoreResultsCallback

SCRIPT = Path(__file__).with_name("trial.py")


class Watch(StoreResultsCallback):
    def __init__(self) -> None:
        super().__init__()
        self.began = time.time()
        self.first = None
        self.ages = []

    def on_trial_result(self, trial, status, result, decision) -> None:
        super().on_trial_result(trial, status, result, decision)
        now = time.time()
        if self.first is None:
            self.first = now - self.began
        self.ages.append(now - result["sent"])


def _tuner(watch, stop, sleep_time, n_workers=2, **constants) -> Tuner:
    scheduler = RandomSearch(
        {"x": uniform(0, 1), "library": "syne_tune", **constants}, metric="loss", mode="min",
        random_seed=0, search_options={"debug_log": False},
    )  # fmt: skip
    pause = {} if sleep_time is None else {"sleep_time": sleep_time}
    return Tuner(
        trial_backend=LocalBackend(str(SCRIPT)), scheduler=scheduler, stop_criterion=stop,
        n_workers=n_workers, callbacks=[watch], **pause,
    )  # fmt: skip


def _run(tuner: Tuner) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        tuner.run()


def first_result(sleep_time) -> Numbers:
    watch = Watch()
    tuner = _tuner(watch, StoppingCriterion(max_num_trials_completed=1), sleep_time)
    watch.began = time.time()
    _run(tuner)
    return {"run_to_first_result": watch.first}


def latency(seconds: float, sleep_time) -> Numbers:
    watch = Watch()
    stop = StoppingCriterion(max_wallclock_time=seconds)
    tuner = _tuner(watch, stop, sleep_time, epochs=10**6, sleep=0.1)
    wall, cpu = time.perf_counter(), time.process_time()
    _run(tuner)
    share = (time.process_time() - cpu) / (time.perf_counter() - wall)
    ages = sorted(watch.ages)
    return {
        "report_to_decision": 1e3 * statistics.median(ages),
        "report_to_decision_p95": 1e3 * ages[int(0.95 * len(ages))],
        "busy_cpu_share": 100 * share,
    }


def throughput(trials: int, sleep_time) -> Numbers:
    tuner = _tuner(Watch(), StoppingCriterion(max_num_trials_completed=trials), sleep_time)
    began = time.perf_counter()
    _run(tuner)
    return {"trials_per_second": trials / (time.perf_counter() - began)}


def chatty(reports: int, sleep_time) -> Numbers:
    stop = StoppingCriterion(max_num_trials_completed=1)
    tuner = _tuner(Watch(), stop, sleep_time, n_workers=1, epochs=reports)
    began = time.perf_counter()
    _run(tuner)
    return {"reports_per_second": reports / (time.perf_counter() - began)}


def polling(reports: int) -> Numbers:
    backend = LocalBackend(str(SCRIPT), rotate_gpus=False)
    backend.set_path(str(Path.cwd() / "polling"))
    config = {"x": 0.5, "library": "syne_tune", "epochs": reports, "rest": 600.0}
    trials = [backend.start_trial(config).trial_id for _ in range(4)]
    try:
        seen = 0
        while seen < 4 * reports:
            time.sleep(1.0)
            seen += len(backend.fetch_status_results(trials)[1])
        watch = Stopwatch()
        watch.start()
        for _ in range(3):
            backend.fetch_status_results(trials)
        watch.stop(3)
    finally:
        backend.stop_all()
    return {"poll_of_long_logs": watch.microseconds / 1e3}


def idle(seconds: float, sleep_time) -> Numbers:
    found = []

    def look() -> None:
        time.sleep(1.5)
        wall, cpu = time.perf_counter(), time.process_time()
        time.sleep(seconds)
        found.append((time.process_time() - cpu) / (time.perf_counter() - wall))

    stop = StoppingCriterion(max_wallclock_time=seconds + 2)
    tuner = _tuner(Watch(), stop, sleep_time, rest=600.0)
    thread = threading.Thread(target=look)
    thread.start()
    _run(tuner)
    thread.join()
    return {"idle_cpu_share": 100 * found[0]}


if __name__ == "__main__":
    main([first_result, latency, throughput, chatty, polling, idle])
