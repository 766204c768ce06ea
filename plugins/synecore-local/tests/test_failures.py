"""Limits of trials, and failures after which another attempt cannot help."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from synecore.constants import EXIT_NO_RETRY
from synecore_local import limits as module

HANG = "report(pid=os.getpid())\ntime.sleep(1000)"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + HANG
# Two children, one of them in a session of its own, hold 40 MiB each.
FAMILY = """
import subprocess
child = "import time; held = b'x' * (40 << 20); print('ready', flush=True); time.sleep(1000)"
children = [subprocess.Popen([sys.executable, "-c", child], start_new_session=own,
                             stdout=subprocess.PIPE) for own in (0, 1)]
for process in children:
    process.stdout.readline()
print("two children", file=sys.stderr, flush=True)
time.sleep(1000)
"""


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let those who watch over limits believe that a thousand seconds have passed."""

    def pass_time() -> None:
        later = SimpleNamespace(monotonic=lambda: time.monotonic() + 1000.0)
        monkeypatch.setattr(module, "time", later)

    return pass_time


def test_a_trial_that_runs_for_too_long_fails_for_good(workshop: Any) -> None:
    began = time.monotonic()
    end = workshop.run(HANG, time_limit=0.3).end()
    assert (end.exit, end.hopeless) == ("failed", True)
    assert end.error.startswith("its time_limit of 0.3 s was reached; ")
    assert time.monotonic() - began > 0.3


def test_the_error_shows_the_end_of_its_log(workshop: Any, pass_time: Any) -> None:
    script = workshop.python("print('epoch 7', file=sys.stderr)\n" + HANG)
    backend = workshop.backend(script, time_limit=100)
    backend.start(workshop.job())
    workshop.first(backend)
    pass_time()
    assert backend.poll(0.0) == []
    assert workshop.collect(backend).end().error == (
        "its time_limit of 100 s was reached; end of std.err:\nepoch 7"
    )


def test_the_time_of_all_starts_counts(workshop: Any) -> None:
    backend = workshop.backend(workshop.python("report(a=1)\ntime.sleep(0.25)"), time_limit=0.9)
    exits = []
    while "failed" not in exits:
        attempt = len(exits)
        backend.start(workshop.job(attempt=attempt, resumes=attempt > 0))
        exits.append(workshop.collect(backend).end().exit)
    assert 1 < len(exits) <= 4


def test_a_trial_may_clean_up_when_its_time_is_over_and_has_failed_all_the_same(
    workshop: Any, pass_time: Any
) -> None:
    body = (
        "def clean(*_):\n    report(cleaned=1)\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, clean)\n" + HANG
    )
    backend = workshop.backend(workshop.python(body), time_limit=100)
    backend.start(workshop.job())
    workshop.first(backend)
    pass_time()
    backend.poll(0.0)
    events = workshop.collect(backend)
    assert events.reports() == [{"cleaned": 1}]
    assert (events.end().exit, events.end().hopeless) == ("failed", True)


def test_a_trial_that_ignores_its_limit_is_killed_after_the_grace(
    workshop: Any, pass_time: Any
) -> None:
    backend = workshop.backend(workshop.python(DEAF), time_limit=100, stop_grace=0.3)
    backend.start(workshop.job())
    workshop.first(backend)
    pass_time()
    began = time.monotonic()
    backend.poll(0.0)
    end = workshop.collect(backend).end()
    assert (end.exit, end.hopeless) == ("failed", True)
    assert time.monotonic() - began > 0.29


def test_a_trial_that_is_stopped_before_its_limit_was_stopped(
    workshop: Any, pass_time: Any
) -> None:
    backend = workshop.backend(workshop.python(DEAF), time_limit=100, stop_grace=0.2)
    backend.start(workshop.job())
    workshop.first(backend)
    backend.stop(0, keep_checkpoint=True)
    pass_time()
    backend.poll(0.0)
    end = workshop.collect(backend).end()
    assert (end.exit, end.error, end.hopeless) == ("killed", "", False)


@pytest.mark.parametrize("warm", [False, True])
def test_the_memory_of_all_its_processes_is_limited(
    workshop: Any, monkeypatch: pytest.MonkeyPatch, warm: bool
) -> None:
    monkeypatch.setattr(module, "_LOOK", 0.05)
    end = workshop.run(FAMILY, memory_limit=70, warm=warm).end()
    assert (end.exit, end.hopeless) == ("failed", True)
    first, *lines = end.error.split("\n")
    assert first.startswith("its memory_limit of 70 MiB was reached: it held ")
    assert first.endswith(" MiB; end of std.err:")
    assert 80 < float(first.split("held ")[1].split(" MiB")[0]) < 200
    assert lines == ["two children"]


def test_a_trial_within_its_limits_is_left_alone(workshop: Any) -> None:
    body = "held = b'x' * (20 << 20)\nreport(a=1)\ntime.sleep(0.1)"
    events = workshop.run(body, memory_limit=2000, time_limit=60)
    assert (events.end().exit, events.end().hopeless) == ("ok", False)


def test_a_script_can_say_that_another_attempt_cannot_help(workshop: Any) -> None:
    end = workshop.run(
        f"print('this space needs a GPU', file=sys.stderr, flush=True)\nsys.exit({EXIT_NO_RETRY})"
    ).end()
    assert (end.exit, end.hopeless) == ("failed", True)
    assert end.error == "exit code 78; end of std.err:\nthis space needs a GPU"


def test_the_reporter_s_way_to_give_up(workshop: Any) -> None:
    end = workshop.run("from synecore.report import give_up\ngive_up('no such kernel')").end()
    assert (end.exit, end.hopeless) == ("failed", True)
    assert "no such kernel" in end.error


def test_a_crash_may_be_worth_another_attempt(workshop: Any) -> None:
    assert not workshop.run("sys.exit(1)").end().hopeless


@pytest.mark.parametrize("config", [{"layers": [64, 32]}, {"text": "x" * 5_000_000}])
def test_a_configuration_that_cannot_be_handed_over_cannot_be_later(
    workshop: Any, config: dict[str, Any]
) -> None:
    assert workshop.run("pass", config).end().hopeless


def test_a_missing_file_may_be_there_later(workshop: Any) -> None:
    script = workshop.script("#!/bin/sh\n", "train", 0o755)
    backend = workshop.backend(script)
    script.unlink()
    backend.start(workshop.job())
    end = workshop.collect(backend).end()
    assert (end.exit, end.hopeless) == ("failed", False)
