"""The peer's side of `core.py`: Syne Tune 0.13, in its own environment."""

from __future__ import annotations

import contextlib
import datetime
import io
import logging
import time
from pathlib import Path

import numpy as np
from side import Numbers, Stopwatch, main, microseconds_a_call, start_up

logging.disable(logging.WARNING)
with contextlib.redirect_stdout(io.StringIO()):  # it lists the extras that are not installed
    from syne_tune import StoppingCriterion, Tuner
    from syne_tune.backend.trial_backend import TrialBackend
    from syne_tune.backend.trial_status import Status, Trial
    from syne_tune.config_space import choice, lograndint, loguniform, randint, uniform
    from syne_tune.optimizer.baselines import ASHA, RandomSearch
    from syne_tune.optimizer.scheduler import SchedulerDecision
    from syne_tune.optimizer.schedulers.searchers.utils import make_hyperparameter_ranges

MAX_T = 81
WORKERS = 32
NOW = datetime.datetime(2024, 1, 1)


def space():
    return {
        "x0": uniform(0, 1), "x1": uniform(-1, 1), "x2": uniform(0, 10), "x3": uniform(5, 6),
        "rate": loguniform(1e-6, 1), "layers": randint(1, 100), "width": lograndint(1, 1000),
        "kind": choice(["a", "b", "c"]),
    }  # fmt: skip


def imports(n: int) -> Numbers:
    wall, cpu = start_up("from syne_tune import Reporter", n)
    return {
        "import_reporter_wall": wall,
        "import_reporter_cpu": cpu,
        "import_package_cpu": start_up("import syne_tune", n)[1],
        "import_baselines_cpu": start_up("from syne_tune.optimizer.baselines import ASHA", n)[1],
    }


def _start(scheduler, trial_id: int) -> Trial:
    suggestion = scheduler.suggest(trial_id)
    trial = Trial(trial_id=trial_id, config=suggestion.config, creation_time=NOW)
    scheduler.on_trial_add(trial)
    return trial


def asha(n: int) -> Numbers:
    scheduler = ASHA(
        space(), metric="loss", mode="min", resource_attr="epoch", max_t=MAX_T, random_seed=0,
        search_options={"debug_log": False},
    )  # fmt: skip
    rng = np.random.default_rng(0)
    ask, report = Stopwatch(), Stopwatch()
    running = []
    while report.n < n:
        free = WORKERS - len(running)
        ask.start()
        begun = [_start(scheduler, ask.n + i) for i in range(free)]
        ask.stop(free)
        running += [(trial, 1) for trial in begun]
        reports = [
            (trial, {"epoch": epoch, "loss": loss, "accuracy": 1 - loss, "time": 0.1})
            for (trial, epoch), loss in zip(running, rng.random(WORKERS).tolist(), strict=True)
        ]
        report.start()
        decisions = [_report(scheduler, trial, metrics) for trial, metrics in reports]
        report.stop(WORKERS)
        running = [
            (trial, epoch + 1)
            for (trial, epoch), decision in zip(running, decisions, strict=True)
            if decision == SchedulerDecision.CONTINUE
        ]
    return {"asha_suggest": ask.microseconds, "asha_report": report.microseconds}


def _report(scheduler, trial, metrics):
    """Report as the peer's tuner does, and take a stopped trial out of the scheduler."""
    decision = scheduler.on_trial_result(trial, metrics)
    if decision != SchedulerDecision.CONTINUE:
        scheduler.on_trial_remove(trial)
    return decision


def random(n: int) -> Numbers:
    scheduler = RandomSearch(
        space(), metric="loss", mode="min", random_seed=0, search_options={"debug_log": False}
    )
    ask = Stopwatch()
    while ask.n < n:
        ask.start()
        trials = [_start(scheduler, ask.n + i) for i in range(WORKERS)]
        ask.stop(WORKERS)
        for trial in trials:
            scheduler.on_trial_complete(trial, {"loss": 1.0})
    return {"random_suggest": ask.microseconds}


def encodings(n: int) -> Numbers:
    ranges = make_hyperparameter_ranges(space())
    rng = np.random.RandomState(0)
    configs = [ranges.random_config(rng) for _ in range(1000)]
    X = ranges.to_ndarray_matrix(configs)
    x, config, wide = X[0] * 0.99, configs[0], X * 0.99
    many = max(n // 500, 1)
    return {
        "encode_one": microseconds_a_call(lambda: ranges.to_ndarray(config), n),
        "decode_one": microseconds_a_call(lambda: ranges.from_ndarray(x), n),
        "snap_one": microseconds_a_call(lambda: ranges.to_ndarray(ranges.from_ndarray(x)), n),
        "encode_many": microseconds_a_call(lambda: ranges.to_ndarray_matrix(configs), many) / 1000,
        "decode_many": microseconds_a_call(
            lambda: [ranges.from_ndarray(row) for row in wide], many
        ) / 1000,
        "snap_many": microseconds_a_call(
            lambda: ranges.to_ndarray_matrix([ranges.from_ndarray(row) for row in wide]), many
        ) / 1000,
    }  # fmt: skip


class Instant(TrialBackend):
    """Trials that have ended, with five reports each, when they are looked at first."""

    def __init__(self) -> None:
        super().__init__()
        self.path = None

    def _schedule(self, trial_id, config) -> None:
        pass

    def _all_trial_results(self, trial_ids):
        return [
            self._trial_dict[i].add_results(
                metrics=[
                    {
                        "loss": self._trial_dict[i].config["x0"] + k, "epoch": k,
                        "st_worker_time": 0.1 * k, "st_worker_timestamp": time.time(),
                    }
                    for k in range(1, 6)
                ],
                status=Status.completed, training_end_time=NOW,
            )
            for i in trial_ids
        ]  # fmt: skip

    def _pause_trial(self, *_) -> None:
        pass

    def _resume_trial(self, *_) -> None:
        pass

    def _stop_trial(self, *_) -> None:
        pass

    def stdout(self, trial_id):
        return []

    def stderr(self, trial_id):
        return []

    def entrypoint_path(self) -> Path:
        return Path("instant.py")

    def set_entrypoint(self, entry_point) -> None:
        pass

    def busy_trial_ids(self):
        return []

    def stop_all(self) -> None:
        pass


def tuner_of_instant_trials(trials: int) -> Tuner:
    """Return a tuner that has not run yet; it saves itself as it does by default."""
    scheduler = RandomSearch(
        space(), metric="loss", mode="min", random_seed=0, search_options={"debug_log": False}
    )
    return Tuner(
        trial_backend=Instant(), scheduler=scheduler, n_workers=4, sleep_time=0,
        stop_criterion=StoppingCriterion(max_num_trials_completed=trials),
        print_update_interval=1e9,
    )  # fmt: skip


def bookkeeping(trials: int) -> Numbers:
    tuner = tuner_of_instant_trials(trials)
    watch = Stopwatch()
    watch.start()
    with contextlib.redirect_stdout(io.StringIO()):
        tuner.run()
    watch.stop(trials)
    return {f"bookkeeping_{trials}": watch.microseconds}


if __name__ == "__main__":
    main([imports, asha, random, encodings, bookkeeping])
