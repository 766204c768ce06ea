from __future__ import annotations

import asyncio
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from synecore import Experiment, Reporter, StoppingCriterion, Tuner, make_backend, make_scheduler
from synecore.actions import Ended, Reported
from synecore.errors import ExperimentError, OptionError
from synecore.problem import Problem
from synecore.report import give_up
from synecore.space import uniform
from synecore_local.in_process import turns
from synecore_local.in_process.backend import InProcessBackend
from synecore_local.in_process.call import TrialStopped

SPACE = {"lr": uniform(0.0, 1.0), "depth": 3, "epochs": 9, "layers": [8, {"units": 4}]}
CONFIG = {**SPACE, "lr": 0.5}
LOCK = threading.Lock()  # which no other process could be sent


def problem(metric: str | list[str] = "loss", **words: Any) -> Problem:
    return Problem.create(SPACE, metric=metric, **words)


def without_automatic(reported: Any) -> dict[str, Any]:
    return {name: value for name, value in reported.items() if not name.startswith("st_")}


class Calls:
    """Opens backends for functions, and closes them."""

    def __init__(self, workshop: Any) -> None:
        self._workshop = workshop
        self.backends: list[InProcessBackend] = []

    def backend(
        self, function: Callable[..., Any], of: Problem | None = None, **options: Any
    ) -> InProcessBackend:
        backend = make_backend("python", tune_function=function, in_process=True, **options)
        assert isinstance(backend, InProcessBackend)
        backend.open(self._workshop.context(problem=of or problem()))
        self.backends.append(backend)
        return backend

    def start(self, backend: InProcessBackend, *trials: int, **changes: Any) -> None:
        for trial in trials:
            backend.start(self._workshop.job(trial, CONFIG, **changes))

    def run(
        self, function: Callable[..., Any], of: Problem | None = None, **changes: Any
    ) -> tuple[list[dict[str, Any]], Ended]:
        """Run one trial to its end; return its reports and the end."""
        backend = self.backend(function, of)
        self.start(backend, 0, **changes)
        events = self._workshop.collect(backend)
        return [without_automatic(report) for report in events.reports()], events.end()


@pytest.fixture
def calls(workshop: Any) -> Iterator[Calls]:
    calls = Calls(workshop)
    yield calls
    for backend in calls.backends:
        backend.close()


# ---- arguments and reports ----------------------------------------------------------------


def test_gets_the_entries_that_it_takes(calls: Calls) -> None:
    def train(depth, lr, *more, extra="default"):
        return {"loss": lr, "depth": depth, "extra": extra}

    assert calls.run(train)[0] == [{"loss": 0.5, "depth": 3, "extra": "default"}]
    assert calls.run(lambda **config: {"loss": 1, "got": config})[0] == [{"loss": 1, "got": CONFIG}]


def test_what_it_does_to_a_list_of_the_space_stays_its_own_affair(calls: Calls) -> None:
    def train(layers):
        layers[1]["units"] += 1
        return layers[1]["units"]

    assert calls.run(train)[0] == calls.run(train)[0] == [{"loss": 5}]


def test_a_space_that_lacks_an_argument_is_an_error_before_the_first_trial(calls: Calls) -> None:
    with pytest.raises(OptionError, match=r"needs the argument\(s\) 'momentum', but the config"):
        calls.backend(lambda momentum: 0)


@pytest.mark.parametrize(
    ("returned", "reported"),
    [
        (2, [{"loss": 2}]),
        (np.float32(0.5), [{"loss": 0.5}]),
        ({"loss": 1, "size": (1, 2)}, [{"loss": 1, "size": [1, 2]}]),
        (None, []),
        ("good", []),
    ],
)
def test_what_it_returns_is_its_last_report(
    calls: Calls, returned: Any, reported: list[dict[str, Any]]
) -> None:
    reports, end = calls.run(lambda lr: returned)
    assert reports == reported
    assert end.exit == "ok"


def test_a_report_may_be_no_number(calls: Calls) -> None:
    (report,), _ = calls.run(lambda lr: math.nan)
    assert math.isnan(report["loss"])


def test_what_it_returns_counts_for_all_its_resource(calls: Calls) -> None:
    epochs = problem(resource_attr="epoch", max_resource_attr="epochs")
    assert calls.run(lambda lr: 0.5, epochs, until=9.0)[0] == [{"epoch": 9, "loss": 0.5}]


def test_what_cannot_be_reported_is_one_warning(
    calls: Calls, caplog: pytest.LogCaptureFixture, workshop: Any
) -> None:
    backend = calls.backend(lambda lr: "good")
    calls.start(backend, 0, 1)
    workshop.collect(backend, 2)
    (record,) = caplog.records
    assert record.message.startswith("the function returned 'good' (str), which is not reported")


def test_a_generator_reports_what_it_yields_and_then_what_it_returns(calls: Calls) -> None:
    def train(lr):
        yield {"loss": 3, "epoch": 1}
        yield 2
        yield None
        return {"loss": 1}

    assert calls.run(train)[0] == [{"loss": 3, "epoch": 1}, {"loss": 2}, {"loss": 1}]


def test_the_automatic_fields_are_those_of_a_process(calls: Calls, workshop: Any) -> None:
    def train(lr):
        report = Reporter()
        report(loss=1)
        report(loss=2)
        return 3

    fields = []
    process = workshop.function_backend(train, {"problem": problem()})
    for backend in (process, calls.backend(train)):
        calls.start(backend, 0)
        events = workshop.collect(backend)
        fields.append([list(report) for report in events.reports()])
        assert [report["st_worker_iter"] for report in events.reports()] == [0, 1, 0]
    assert fields[0] == fields[1]


def test_prints_go_to_the_terminal_and_reports_do_not(
    calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    def train(lr):
        print("working")
        Reporter()(loss=lr)

    assert calls.run(train)[0] == [{"loss": 0.5}]
    assert capsys.readouterr().out == "working\n"


def test_a_report_that_cannot_be_written_fails_the_trial(calls: Calls) -> None:
    reports, end = calls.run(lambda lr: {"loss": object()})
    assert reports == []
    assert end.exit == "failed"
    assert "report(): metric 'loss' cannot be written as JSON" in end.error


# ---- turns --------------------------------------------------------------------------------


def test_a_trial_goes_on_only_when_the_next_event_is_asked_for(calls: Calls) -> None:
    reached = []

    def train(lr):
        for epoch in (1, 2):
            reached.append(epoch)
            Reporter()(loss=lr, epoch=epoch)
        reached.append("end")

    backend = calls.backend(train)
    calls.start(backend, 0)
    assert reached == []
    for expected in ([1], [1, 2], [1, 2, "end"]):
        (event,) = backend.poll(60.0)
        assert reached == expected
    assert isinstance(event, Ended)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a step take as long as a busy machine makes it."""
    monkeypatch.setattr(turns, "LONG", 60.0)


@pytest.mark.usefixtures("patient")
def test_trials_take_turns_in_the_order_of_their_start(calls: Calls, workshop: Any) -> None:
    def train(lr):
        for epoch in (1, 2, 3):
            yield {"loss": epoch}

    backend = calls.backend(train)
    calls.start(backend, 0, 1)
    backend.poll(60.0)
    calls.start(backend, 2)
    order = [event.trial for event in workshop.collect(backend, 3)]
    assert order == [1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 2]


def test_a_trial_that_takes_long_keeps_no_other_waiting(calls: Calls, workshop: Any) -> None:
    free = threading.Event()
    begun = []

    def train(lr):
        begun.append(lr)
        if len(begun) == 1:
            free.wait(60)
        return lr

    backend = calls.backend(train)
    calls.start(backend, 0, 1)
    assert [event.trial for event in workshop.collect(backend)] == [1, 1]
    free.set()
    assert [event.trial for event in workshop.collect(backend)] == [0, 0]


def test_it_runs_in_the_context_of_the_tuner(calls: Calls) -> None:
    def train(lr):
        return {"loss": lr, "divide": np.geterr()["divide"]}

    with np.errstate(divide="ignore"):
        assert calls.run(train)[0] == [{"loss": 0.5, "divide": "ignore"}]


def test_reports_from_tasks_and_their_threads_are_the_trials(calls: Calls) -> None:
    def train(lr):
        async def epochs():
            Reporter()(loss=1)
            await asyncio.to_thread(Reporter(), loss=2)

        asyncio.run(epochs())

    assert calls.run(train)[0] == [{"loss": 1}, {"loss": 2}]


def test_threads_are_used_again_and_end_with_the_backend(calls: Calls, workshop: Any) -> None:
    before = set(threading.enumerate())

    def new() -> set[threading.Thread]:
        return set(threading.enumerate()) - before

    backend = calls.backend(lambda lr: lr)
    for trial in range(0, 10, 2):
        calls.start(backend, trial, trial + 1)
        workshop.collect(backend, 2)
        assert len(new()) == 1
    backend.close()
    workshop.wait(lambda: not new())


# ---- stopping -----------------------------------------------------------------------------


def test_a_stop_is_raised_where_it_reported_and_is_no_exception(
    calls: Calls, workshop: Any
) -> None:
    seen = []

    def train(lr):
        report = Reporter()
        try:
            for epoch in range(1, 100):
                try:
                    report(loss=lr, epoch=epoch)
                except Exception:
                    seen.append("an exception")
        except TrialStopped:
            seen.append("stopped")
            raise
        finally:
            seen.append("cleaned up")

    backend = calls.backend(train)
    calls.start(backend, 0, 1)
    workshop.first(backend, 3)
    backend.stop(0, keep_checkpoint=False)
    (end,) = backend.poll(60.0)
    assert isinstance(end, Ended)
    assert (end.trial, end.exit, end.error) == (0, "killed", "")
    assert seen == ["stopped", "cleaned up"]
    (report,) = backend.poll(60.0)
    assert report.trial == 1


def test_a_stopped_generator_is_closed(calls: Calls, workshop: Any) -> None:
    seen = []

    def train(lr):
        try:
            while True:
                yield lr
        finally:
            seen.append("closed")

    backend = calls.backend(train)
    calls.start(backend, 0)
    workshop.first(backend)
    backend.stop(0, keep_checkpoint=True)
    assert workshop.collect(backend).end().exit == "killed"
    assert seen == ["closed"]


def test_a_trial_stopped_before_its_turn_is_never_called(calls: Calls, workshop: Any) -> None:
    called = []
    backend = calls.backend(lambda lr: called.append(lr))
    calls.start(backend, 0)
    backend.stop(0, keep_checkpoint=False)
    assert workshop.collect(backend).end().exit == "killed"
    assert called == []


def test_a_function_that_never_returns_is_given_up_with_a_warning(
    calls: Calls, workshop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    free = threading.Event()
    backend = calls.backend(lambda lr: free.wait(60) and None, stop_grace=0.05)
    calls.start(backend, 0)
    assert list(backend.poll(0.01)) == []
    backend.stop(0, keep_checkpoint=False)
    assert workshop.collect(backend).end().exit == "killed"
    (record,) = caplog.records
    assert record.message.startswith("trial 0 was told to stop and has neither reported nor")
    assert "cannot be killed" in record.message
    free.set()
    calls.start(backend, 1)
    assert [event.trial for event in workshop.collect(backend)] == [1]


def test_closing_waits_for_what_runs_and_stops_it_at_its_report(
    calls: Calls, workshop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    seen = []

    def train(lr):
        try:
            Reporter()(loss=1)
            Reporter()(loss=2)
        finally:
            seen.append("over")

    backend = calls.backend(train)
    calls.start(backend, 0, 1, 2)
    workshop.first(backend, 2)
    backend.close()
    assert seen == ["over", "over"]
    assert caplog.records == []


def test_closing_does_not_wait_for_ever(calls: Calls, caplog: pytest.LogCaptureFixture) -> None:
    free = threading.Event()
    backend = calls.backend(lambda lr: free.wait(60) and None, stop_grace=0.05)
    calls.start(backend, 0)
    backend.poll(0.01)
    backend.close()
    free.set()
    assert "trial 0 was told to stop" in caplog.text


def test_a_backend_may_be_opened_again(calls: Calls, workshop: Any) -> None:
    backend = calls.backend(lambda lr: lr)
    with pytest.raises(ExperimentError, match="already runs the experiment in"):
        backend.open(workshop.context(problem=problem()))
    calls.start(backend, 0)
    workshop.collect(backend)
    backend.close()
    with pytest.raises(ExperimentError, match="not open"):
        backend.poll(0.0)
    backend.open(workshop.context(problem=problem(), now=5.0, running=(workshop.unfinished(7),)))
    (end,) = backend.poll(0.0)
    assert (end.trial, end.exit) == (7, "killed")
    assert end.at >= 5.0
    calls.start(backend, 0)
    assert workshop.collect(backend).end().exit == "ok"


# ---- failures -----------------------------------------------------------------------------


def test_an_exception_fails_the_trial_with_the_functions_own_traceback(calls: Calls) -> None:
    def train(lr):
        raise RuntimeError(f"no luck with {lr}")

    _, end = calls.run(train)
    assert (end.exit, end.hopeless) == ("failed", False)
    lines = end.error.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith("in train")
    assert lines[-1] == "RuntimeError: no luck with 0.5"


@pytest.mark.parametrize(
    ("code", "exit", "error"),
    [
        (None, "ok", ""),
        (0, "ok", ""),
        (3, "failed", "exit code 3"),
        ("no data", "failed", "exit code 1: no data"),
    ],
)
def test_an_exit_ends_the_trial_and_not_the_tuner(
    calls: Calls, code: Any, exit: str, error: str
) -> None:
    _, end = calls.run(lambda lr: sys.exit(code))
    assert (end.exit, end.error, end.hopeless) == (exit, error, False)


def test_giving_up_is_hopeless_and_says_why(calls: Calls) -> None:
    _, end = calls.run(lambda lr: give_up("too deep"))
    assert (end.exit, end.error, end.hopeless) == ("failed", "exit code 78: too deep", True)


def test_an_interrupt_in_the_function_reaches_the_tuner(calls: Calls) -> None:
    def train(lr):
        raise KeyboardInterrupt

    backend = calls.backend(train)
    calls.start(backend, 0)
    with pytest.raises(KeyboardInterrupt):
        backend.poll(60.0)


def test_a_constant_that_no_process_could_get_fails_the_trial(workshop: Any, calls: Calls) -> None:
    backend = calls.backend(lambda lr, depth: lr)
    backend.start(workshop.job(config={**CONFIG, "depth": LOCK}))
    end = workshop.collect(backend).end()
    assert end.exit == "failed"
    assert end.error.startswith("the trial could not be started: lock has no JSON form")


# ---- checkpoints and files ----------------------------------------------------------------


def count_up(st_checkpoint_dir: str, lr: float) -> Iterator[dict[str, Any]]:
    path = Path(st_checkpoint_dir) / "step"
    step = int(path.read_text()) if path.exists() else 0
    while True:
        step += 1
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(step))
        yield {"loss": 1, "step": step}


def test_no_file_is_made_but_for_checkpoints(calls: Calls, workshop: Any) -> None:
    calls.run(lambda lr: lr)
    assert not workshop.experiment.exists()
    backend = calls.backend(count_up)
    calls.start(backend, 0)
    workshop.first(backend)
    files = [path for path in workshop.experiment.rglob("*") if path.is_file()]
    assert files == [backend.checkpoint_trial_path(0) / "step"]
    assert backend.trial_path(0) == workshop.experiment / "0"
    assert backend.stdout(0) == backend.stderr(0) == []
    assert backend.entrypoint_path() == Path("count_up")


def test_a_child_starts_from_a_copy_of_the_checkpoint(
    calls: Calls, workshop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    backend = calls.backend(count_up)
    calls.start(backend, 0)
    workshop.first(backend, 3)
    calls.start(backend, 1, checkpoint_of=0)
    events = workshop.first(backend, 2)
    assert [(event.trial, event.metrics["step"]) for event in events] == [(0, 4), (1, 4)]
    assert caplog.records == []
    calls.start(backend, 2, checkpoint_of=9)
    assert "trial 9, from whose checkpoint it was to start, has none" in caplog.text


@pytest.mark.parametrize("delete", [False, True])
def test_checkpoints_are_removed_by_wish_once_they_are_not_needed(
    calls: Calls, workshop: Any, delete: bool
) -> None:
    backend = calls.backend(count_up, delete_checkpoints=delete)
    assert backend.delete_checkpoints is delete
    calls.start(backend, 0, 1)
    workshop.first(backend, 2)
    backend.stop(0, keep_checkpoint=False)
    backend.stop(1, keep_checkpoint=True)
    workshop.collect(backend, 2)
    exist = [backend.checkpoint_trial_path(trial).exists() for trial in (0, 1)]
    assert exist == [not delete, True]
    backend.stop(1, keep_checkpoint=False)
    assert backend.checkpoint_trial_path(1).exists() is not delete


# ---- options ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("time_limit", 5.0),
        ("memory_limit", 100.0),
        ("num_gpus", 1),
        ("threads_per_trial", 2),
        ("wake_up", "polling"),
        ("warm", True),
    ],
)
def test_what_only_a_process_can_have_is_refused(option: str, value: Any) -> None:
    with pytest.raises(OptionError) as caught:
        make_backend("python", tune_function=math.sin, in_process=True, **{option: value})
    assert str(caught.value) == (
        f"backend 'python': '{option}' can be had only for trials in processes of their own; leave "
        "it out, or in_process=True"
    )


def test_what_cannot_travel_need_not_travel(calls: Calls) -> None:
    def train(lr):
        with LOCK:
            return lr

    assert calls.run(train)[0] == [{"loss": 0.5}]


# ---- with the tuner -----------------------------------------------------------------------


def tuned(function: Callable[..., Any], n: int, n_workers: int = 1, **options: Any) -> Tuner:
    space = {"x": uniform(-5.0, 5.0), "y": uniform(-5.0, 5.0), "epochs": 9}
    method = {"searcher": "random", "metric": "loss", "random_seed": 7, **options}
    tuner = Tuner(
        make_backend("python", tune_function=function, in_process=True),
        make_scheduler(method.pop("name", "fifo"), space, **method),
        StoppingCriterion(max_num_trials_finished=n - 1),
        n_workers=n_workers, display="none", tuner_name=f"in-process-{n_workers}",
    )  # fmt: skip
    tuner.run()
    return tuner


def quadratic(x, y):
    return (x - 1) ** 2 + (y + 2) ** 2


def test_a_thousand_trials_of_a_cheap_function_are_a_matter_of_a_moment() -> None:
    began = time.monotonic()
    tuner = tuned(quadratic, 1000)
    assert time.monotonic() - began < 20.0  # 0.4 s on two quiet cores
    assert tuner.tuning_status.num_trials_completed == 1000
    _, best = tuner.best_config()
    assert quadratic(best["x"], best["y"]) < 0.2


ASHA = {
    "name": "asha",
    "resource_attr": "epoch",
    "max_resource_attr": "epochs",
    "grace_period": 1,
    "reduction_factor": 3,
}


def test_asha_stops_a_trial_at_the_very_report() -> None:
    steps = []

    def train(x, y, epochs):
        report = Reporter()
        for epoch in range(1, epochs + 1):
            steps.append(epoch)
            report(epoch=epoch, loss=quadratic(x, y) + 1 / epoch)

    tuner = tuned(train, 30, n_workers=4, **ASHA)
    status = tuner.tuning_status
    assert status.num_trials_completed < 15
    assert len(steps) == status.overall_metric_statistics.count < 150


@pytest.mark.usefixtures("patient")
def test_the_same_seed_gives_the_same_events_in_the_same_order() -> None:
    def train(x, y, epochs):
        for epoch in range(1, epochs + 1):
            yield {"epoch": epoch, "loss": quadratic(x, y) + 1 / epoch}

    def events_of(tuner: Tuner) -> list[dict[str, Any]]:
        rows = [attrs.asdict(event) for event in Experiment.open(tuner.name).events()]
        for row in rows:
            del row["at"]
            row["metrics"] = without_automatic(row.get("metrics", {}))
        return rows

    first, second = (events_of(tuned(train, 60, n_workers=4, **ASHA)) for _ in range(2))
    assert first == second


INTERRUPTED = """
import signal, sys, time
import synecore
from synecore.space import uniform

def train(x):
    for _ in range(2):
        yield {"loss": x}
    print("waiting", flush=True)
    time.sleep(600)

synecore.tune(
    train, {"x": uniform(0, 1)}, metric="loss", method="random", backend="python",
    backend_options={"in_process": True, "stop_grace": 0.1}, max_num_trials_finished=5,
    tuner_name="waits", suffix_tuner_name=False, display="none",
)
"""


def test_an_interruption_during_a_call_ends_the_run_gracefully(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, "SYNECORE_FOLDER": str(tmp_path)},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in errors
    assert "trial 0 was told to stop and has neither reported nor returned" in errors
    experiment = Experiment.open(tmp_path / "waits")
    assert [event.metrics["loss"] for event in experiment.events() if isinstance(event, Reported)]
    assert experiment.metadata.get("ended") is None


def test_a_promoted_trial_is_called_again_with_its_new_limit() -> None:
    limits: dict[float, list[int]] = {}

    def train(x, y, epochs, st_checkpoint_dir):
        path = Path(st_checkpoint_dir) / "epoch"
        done = int(path.read_text()) if path.exists() else 0
        limits.setdefault(x, []).append((done, epochs))
        for epoch in range(done + 1, epochs + 1):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(epoch))
            yield {"epoch": epoch, "loss": quadratic(x, y) + 1 / epoch}

    tuned(train, 3, n_workers=2, type="promotion", **ASHA)
    assert max(limits.values(), key=len) == [(0, 1), (1, 3), (3, 9)]
