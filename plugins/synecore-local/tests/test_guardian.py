from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from synecore_local import guardian_process
from synecore_local.environment import MARKS, with_mark
from synecore_local.guardian import Guardian, kill_survivors, run_mark

# A tuner as far as the backend knows: it starts trials and polls.
TUNER = """
import os, sys, time
from pathlib import Path
from types import SimpleNamespace
import numpy as np
from synecore import make_backend
from synecore.protocols import Job, RunContext

script, folder, n = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
problem = SimpleNamespace(space=SimpleNamespace(constants={}), fidelity=None)
backend = make_backend("local", entry_point=script, warm="warm" in sys.argv)
backend.open(RunContext(folder=folder, problem=problem, seed=np.random.SeedSequence(0),
                        n_workers=n, decides="reports", now=0.0))
def start(trial):
    backend.start(Job(trial=trial, config={}, until=1.0, milestone=1.0, checkpoint_of=None,
                      resumes=False))
for trial in range(n):
    start(trial)
if "fork" in sys.argv and os.fork() == 0:
    time.sleep(1000)  # holds all the tuner's descriptors open
print("ready", flush=True)
while True:
    for event in backend.poll(1.0):
        print(event, flush=True)
        if hasattr(event, "exit"):
            start(n)
            n += 1
"""
DEAF = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleep = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(1000)", WORD]
subprocess.Popen(sleep)
subprocess.Popen(sleep, start_new_session=True)  # out of the group
os.write(1, b'[tune-metric]: {"a": 1}\\n')
os.execv(sys.executable, sleep)
"""
BRIEF = """
import os, subprocess, sys
subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(1000)", WORD],
                 start_new_session=True)
os.write(1, b'[tune-metric]: {"a": 1}\\n')
"""
FORKS = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
if os.fork() == 0:
    os.setsid()  # out of the group
    os.fork()
elif os.getsid(0) == os.getpid():
    os.write(1, b'[tune-metric]: {"a": 1}\\n')
time.sleep(1000)
"""


@pytest.fixture
def word(tmp_path: Path) -> str:
    return f"orphan-of-{tmp_path.name}-{os.getpid()}"


@pytest.fixture
def tuner(workshop: Any, word: str) -> Iterator[Any]:
    started: list[subprocess.Popen[str]] = []

    def start(body: str, n: int, *flags: str) -> subprocess.Popen[str]:
        script = workshop.script(f"WORD = {word!r}\n{body}")
        process = subprocess.Popen(
            [sys.executable, "-c", TUNER, str(script), str(workshop.experiment), str(n), *flags],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        assert process.stdout is not None
        process.stdout.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def read_until(process: subprocess.Popen[str], n_reports: int) -> None:
    assert process.stdout is not None
    while n_reports:
        line = process.stdout.readline()
        assert line
        n_reports -= "Reported" in line


@pytest.mark.parametrize("flags", [(), ("fork",)])
def test_no_trial_survives_a_tuner_that_was_killed(
    workshop: Any, tuner: Any, word: str, flags: tuple[str, ...]
) -> None:
    process = tuner(DEAF, 3, *flags)
    read_until(process, 3)
    workshop.wait(lambda: len(workshop.processes(word)) >= 9)
    process.kill()
    began = time.monotonic()
    workshop.wait(lambda: not workshop.processes(word))
    assert time.monotonic() - began < 5.0
    mark = run_mark(workshop.experiment)
    workshop.wait(lambda: not workshop.processes(mark))  # and the guardian is gone, too


def carriers(mark: str) -> list[int]:
    """Return the processes that carry a mark in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


def test_no_fork_survives_a_tuner_that_was_killed(workshop: Any, tuner: Any) -> None:
    process = tuner(FORKS, 2, "warm")
    read_until(process, 2)
    mark = run_mark(workshop.experiment)
    workshop.wait(lambda: len(carriers(mark)) == 1 + 2 * 6)  # and the process that forks
    process.kill()
    workshop.wait(lambda: not carriers(mark))


def test_a_tuner_that_is_killed_while_imports_are_made_leaves_nothing(
    workshop: Any, tuner: Any
) -> None:
    workshop.script("import time\ntime.sleep(1000)", "helper.py")
    process = tuner("import helper", 1, "warm")
    workshop.wait(workshop.experiment.exists)
    mark = run_mark(workshop.experiment)
    workshop.wait(lambda: len(carriers(mark)) == 1)
    process.kill()
    workshop.wait(lambda: not carriers(mark))


@pytest.mark.parametrize("delay", [0.0, 0.003, 0.01, 0.03, 0.1])
def test_no_trial_survives_whenever_the_tuner_is_killed(
    workshop: Any, tuner: Any, word: str, delay: float
) -> None:
    process = tuner(BRIEF, 2)
    read_until(process, 1)
    time.sleep(delay)
    process.kill()
    process.wait()
    mark = run_mark(workshop.experiment)
    workshop.wait(lambda: not workshop.processes(mark))
    assert workshop.processes(word) == []
    assert workshop.processes(str(workshop.path / "train.py")) == []


def test_a_guardian_that_was_killed_is_replaced(workshop: Any, word: str) -> None:
    backend = workshop.backend(workshop.script(f"WORD = {word!r}\n{DEAF}"), stop_grace=0.1)
    guardian = backend._session.guardian
    backend.start(workshop.job(0))
    first = guardian._process.pid
    os.kill(first, signal.SIGKILL)
    guardian._process.wait()
    backend.start(workshop.job(1))
    assert guardian._process.pid != first
    assert guardian._process.poll() is None
    workshop.first(backend, 2)
    backend.close()
    assert workshop.processes(word) == []


def test_an_idle_guardian_costs_nothing(workshop: Any) -> None:
    guardian = Guardian("synecore-test-idle")
    try:
        stat = Path(f"/proc/{guardian._process.pid}/stat")
        workshop.wait(lambda: stat.read_text().split(")")[1].split()[0] == "S")
        time.sleep(0.1)

        def switches() -> int:
            status = stat.with_name("status").read_text().split()
            return int(status[status.index("voluntary_ctxt_switches:") + 1])

        before = switches()
        time.sleep(0.6)
        assert switches() == before
    finally:
        guardian.close()
    assert guardian._process.returncode == 0


def sleeper(mark: str | None) -> subprocess.Popen[bytes]:
    env = dict(os.environ)
    env.pop(MARKS, None)
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", "import time; time.sleep(1000)"],
        env=env if mark is None else with_mark(env, mark),
    )


def test_survivors_of_an_earlier_tuner_are_killed_and_nobody_else(tmp_path: Path) -> None:
    mark = run_mark(tmp_path)
    mine = [sleeper(f"{mark}.0.0."), sleeper(f"synecore-outer.3.1. {mark}.1.0.")]
    others = [sleeper(None), sleeper(run_mark(tmp_path.parent) + ".0.0.")]
    try:
        time.sleep(0.05)
        assert kill_survivors(mark) == 2
        assert [process.wait(10) for process in mine] == [-signal.SIGKILL] * 2
        assert [process.poll() for process in others] == [None] * 2
        assert kill_survivors(mark) == 0
    finally:
        for process in [*mine, *others]:
            process.kill()
            process.wait()


def test_a_run_has_the_same_mark_again_and_no_other_run_has_it(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    assert run_mark(first) == run_mark(first)
    assert run_mark(first) != run_mark(second)
    first.rename(tmp_path / "c")
    first.mkdir()
    assert run_mark(first) != run_mark(tmp_path / "c")


def test_marks_of_tuners_inside_trials_add_up() -> None:
    environment = with_mark({"A": "1"}, "outer.0.0.")
    assert with_mark(environment, "inner.5.2.") == {"A": "1", MARKS: "outer.0.0. inner.5.2."}


def test_the_guardian_starts_without_site_packages_and_heavy_modules() -> None:
    script = (
        "import os, sys; before = set(sys.modules)\n"
        f"exec(open({guardian_process.__file__!r}).read(), {{'__name__': 'guardian'}})\n"
        "print(sorted(set(sys.modules) - before))"
    )
    shown = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "['__future__', 'select']"


def test_a_later_tuner_s_trials_are_safe_from_an_earlier_tuner_s_guardian(workshop: Any) -> None:
    script = workshop.python("report(marks=os.environ['SYNECORE_MARKS'])")
    marks = []
    for _ in range(2):
        backend = workshop.backend(script)
        backend.start(workshop.job())
        marks.append(workshop.collect(backend).reports()[0]["marks"].removesuffix("0.0."))
    first, second = marks
    assert first not in second
    assert second.startswith(run_mark(workshop.experiment)), "it is found by the tuner after that"
