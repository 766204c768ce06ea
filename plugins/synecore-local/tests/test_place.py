"""GPUs, cores and threads as trials find them."""

from __future__ import annotations

import os
from typing import Any

import pytest

from synecore.actions import Ended
from synecore.errors import ExperimentError, OptionError
from synecore_local import devices as module

SHOW = "report(devices=os.environ.get('CUDA_VISIBLE_DEVICES'))\n"
HANG = SHOW + "time.sleep(1000)"
# Goes on as long as there is a file with the trial's number.
UNTIL_TOLD = SHOW + "while os.path.exists(sys.argv[2]): time.sleep(0.002)"


@pytest.fixture(autouse=True)
def all_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say nothing of GPUs; tests state how many there are."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def devices_of(events: Any) -> dict[int, str | None]:
    return {e.trial: e.metrics["devices"] for e in events if not isinstance(e, Ended)}


@pytest.fixture
def busy(workshop: Any) -> Any:
    """Start trials that run until `end(trial)`."""

    class Busy:
        def __init__(self, **options: Any) -> None:
            self.backend = workshop.backend(workshop.python(UNTIL_TOLD), **options)

        def start(self, *trials: int) -> None:
            for trial in trials:
                file = workshop.path / f"run-{trial}"
                file.touch()
                self.backend.start(workshop.job(trial, {"file": str(file)}))

        def first(self, n: int) -> dict[int, str | None]:
            return devices_of(workshop.first(self.backend, n))

        def end(self, trial: int) -> None:
            (workshop.path / f"run-{trial}").unlink()

    return Busy


def test_each_trial_has_gpus_of_its_own_and_others_wait_in_order(busy: Any, workshop: Any) -> None:
    trials = busy(num_gpus=4)
    trials.start(*range(6))
    assert trials.first(4) == {0: "0", 1: "1", 2: "2", 3: "3"}
    assert trials.backend.poll(0.1) == [], "the others have not begun"
    assert not (trials.backend.trial_path(4) / "std.out").exists()
    for ended, begun in ((2, 4), (0, 5)):
        trials.end(ended)
        events = workshop.first(trials.backend, 2)
        assert events.end(ended).exit == "ok"
        assert devices_of(events) == {begun: str(ended)}


def test_the_gpu_used_least_comes_first(workshop: Any) -> None:
    backend = workshop.backend(workshop.python(SHOW), num_gpus=3)
    for trial in range(5):
        backend.start(workshop.job(trial))
        assert devices_of(workshop.collect(backend)) == {trial: str(trial % 3)}


@pytest.mark.parametrize(
    ("visible", "options", "expected"),
    [
        (None, {"num_gpus": 4, "num_gpus_per_trial": 2}, ["0,1", "2,3"]),
        (None, {"num_gpus": 8, "num_gpus_per_trial": 2, "gpus_to_use": [4, 5, 6, 7]},
         ["4,5", "6,7"]),
        ("5,2,7", {"num_gpus": 8}, ["5", "2"]),
        ("GPU-5d5b,MIG-c6d4", {"num_gpus": 1}, ["GPU-5d5b", "MIG-c6d4"]),
        ("5,2,7", {"num_gpus": 8, "gpus_to_use": [2, 0]}, ["7", "5"]),
        (None, {"num_gpus": 4, "rotate_gpus": False}, [None, None]),
        ("1,3", {"num_gpus": 4, "rotate_gpus": False}, ["1,3", "1,3"]),
        ("5,2,7", {"num_gpus": 8, "rotate_gpus": False, "gpus_to_use": [0, 2]}, ["5,7", "5,7"]),
        (None, {"num_gpus": 0}, [None, None]),
        ("", {}, ["", ""]),
    ],
)  # fmt: skip
def test_what_trials_see(
    workshop: Any,
    monkeypatch: pytest.MonkeyPatch,
    visible: str | None,
    options: dict[str, Any],
    expected: list[str | None],
) -> None:
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    backend = workshop.backend(workshop.python(HANG), **options)
    for trial in range(2):
        backend.start(workshop.job(trial))
    assert devices_of(workshop.first(backend, 2)) == dict(enumerate(expected))


def test_more_than_there_are_is_refused_before_the_first_trial(workshop: Any) -> None:
    script = workshop.python(SHOW)
    with pytest.raises(OptionError, match="num_gpus_per_trial is 3, more than trials may use: num"):
        workshop.backend(script, num_gpus=2, num_gpus_per_trial=3)
    with pytest.raises(OptionError, match="gpus_to_use names GPU 2, counted from 0, but num_gpus"):
        workshop.backend(script, num_gpus=2, gpus_to_use=[1, 2])


def test_gpus_are_counted_once_and_not_before_the_experiment(
    workshop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = []
    monkeypatch.setattr(module, "get_num_gpus", lambda: counted.append(1) or 1)
    backend = workshop.closed_backend(workshop.python(SHOW))
    assert counted == []
    for _ in range(2):
        backend.open(workshop.context())
        backend.close()
    assert counted == [1]


@pytest.mark.parametrize("keep_checkpoint", [True, False])
def test_a_trial_that_waits_can_be_stopped(busy: Any, workshop: Any, keep_checkpoint: bool) -> None:
    trials = busy(num_gpus=1)
    trials.start(0, 1, 2)
    trials.first(1)
    trials.backend.stop(1, keep_checkpoint=keep_checkpoint)
    (end,) = trials.backend.poll(0.0)
    assert (end.trial, end.exit, end.error, end.hopeless) == (1, "killed", "", False)
    assert (trials.backend.trial_path(1) / "stop").exists() is not keep_checkpoint
    trials.end(0)
    assert devices_of(workshop.first(trials.backend, 2)) == {2: "0"}
    trials.backend.start(workshop.job(1, {"file": "/nowhere"}, resumes=True))
    trials.end(2)
    events = workshop.collect(trials.backend, 2)
    assert devices_of(events) == {1: "0"}, "a paused trial goes on later"


def test_a_trial_that_waits_is_begun_once(busy: Any, workshop: Any) -> None:
    trials = busy(num_gpus=1)
    trials.start(0, 1)
    trials.start(1)
    trials.first(1)
    with pytest.raises(ExperimentError, match="trial 1 is still running in attempt 0; attempt 1"):
        trials.backend.start(workshop.job(1, attempt=1))
    trials.end(0)
    trials.end(1)
    events = workshop.collect(trials.backend, 2)
    assert len(events.reports(1)) == 1


def test_a_gpu_is_free_again_whatever_happened_to_its_trial(workshop: Any) -> None:
    backend = workshop.backend(workshop.python("raise SystemExit(3)"), num_gpus=1)
    (workshop.experiment / "1").write_text("a file where the trial's folder should be")
    for trial, config in enumerate([{}, {}, {"list": [1]}, {}]):
        backend.start(workshop.job(trial, config))
    events = workshop.collect(backend, 4)
    assert [events.end(trial).error.split("\n")[0][:34] for trial in range(4)] == [
        "exit code 3; it wrote nothing",
        "the trial could not be started: [E",
        "the trial could not be started: th",
        "exit code 3; it wrote nothing",
    ]


def test_closing_ends_the_waiting_too(busy: Any, workshop: Any) -> None:
    trials = busy(num_gpus=1)
    trials.start(0, 1)
    trials.first(1)
    trials.backend.close()
    assert not (trials.backend.trial_path(1) / "std.out").exists()
    trials.backend.open(workshop.context(now=1.0, running=(workshop.unfinished(1),)))
    (end,) = trials.backend.poll(5.0)
    assert (end.trial, end.exit) == (1, "killed")
    trials.backend.start(workshop.job(1, {"file": "/nowhere"}, attempt=1))
    assert devices_of(workshop.collect(trials.backend)) == {1: "0"}


def test_a_gpu_is_not_free_while_a_child_of_its_trial_cleans_up(workshop: Any) -> None:
    """The main process is gone at once; what it left of its group is killed, and waited for."""
    body = SHOW + "if sys.argv[2] == '0' and os.fork() == 0:\n    time.sleep(1000)\n"
    backend = workshop.backend(workshop.python(body), num_gpus=1)
    for trial in range(2):
        backend.start(workshop.job(trial, {"trial": trial}))
    events = workshop.collect(backend, 2)
    assert devices_of(events) == {0: "0", 1: "0"}


# ---- cores --------------------------------------------------------------------------------

CORES = (
    "report(cores=sorted(os.sched_getaffinity(0)), threads=os.environ['OMP_NUM_THREADS'], "
    "devices=None)\n"
)


def test_each_trial_is_bound_to_cores_of_its_own(workshop: Any) -> None:
    own = sorted(os.sched_getaffinity(0))
    backend = workshop.backend(workshop.python(CORES + "time.sleep(1000)"), num_cpus_per_trial=1)
    for trial in range(len(own)):
        backend.start(workshop.job(trial))
    events = workshop.first(backend, len(own))
    assert [events.reports(trial)[0]["cores"] for trial in range(len(own))] == [[c] for c in own]
    assert {report.metrics["threads"] for report in events} == {"1"}
    assert sorted(os.sched_getaffinity(0)) == own


def test_threads_are_as_many_as_cores_unless_said_otherwise(
    workshop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = sorted(os.sched_getaffinity(0))
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    (report,) = workshop.run(CORES, num_cpus_per_trial=len(own)).reports()
    assert (report["cores"], report["threads"]) == (own, str(len(own)))


def test_threads_can_be_said_apart_from_cores(workshop: Any) -> None:
    (report,) = workshop.run(CORES, num_cpus_per_trial=1, threads_per_trial=3).reports()
    assert (len(report["cores"]), report["threads"]) == (1, "3")


def test_trials_are_bound_to_no_core_unless_asked_for(workshop: Any) -> None:
    (report,) = workshop.run(CORES).reports()
    assert report["cores"] == sorted(os.sched_getaffinity(0))


@pytest.mark.parametrize("warm", [False, True])
def test_a_trial_has_gpus_and_cores_however_it_starts(workshop: Any, warm: bool) -> None:
    own = sorted(os.sched_getaffinity(0))
    body = (
        "report(cores=sorted(os.sched_getaffinity(0)), threads=os.environ['OMP_NUM_THREADS'],"
        " devices=os.environ['CUDA_VISIBLE_DEVICES'])"
    )
    backend = workshop.backend(
        workshop.python(body), warm=warm, num_gpus=4, num_gpus_per_trial=2, num_cpus_per_trial=1
    )
    for trial in range(2):
        backend.start(workshop.job(trial))
    events = workshop.collect(backend, 2)
    assert devices_of(events) == {0: "0,1", 1: "2,3"}
    for trial in range(2):
        (report,) = events.reports(trial)
        assert len(report["cores"]) == 1
        assert set(report["cores"]) <= set(own)
        assert report["threads"] == "1"
