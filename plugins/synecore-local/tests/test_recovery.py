"""What happens after the tuner was killed, with `RunContext.running`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from synecore.actions import Ended
from synecore.report import retrieve
from synecore_local.environment import MARKS
from synecore_local.guardian import run_mark


def lines(*numbers: int) -> str:
    return "".join(f'[tune-metric]: {{"i": {i}}}\n' for i in numbers)


@pytest.fixture
def reopened(workshop: Any) -> Any:
    """A backend of a new tuner, in an experiment that had trials running."""

    def reopen(*running: Any, body: str = "report(i=100)", **options: Any) -> Any:
        context = {"running": running, "now": 50.0}
        return workshop.backend(workshop.python(body), context, **options)

    return reopen


def write_output(workshop: Any, trial: int, text: str) -> None:
    folder = workshop.experiment / str(trial)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "std.out").write_text(text)


@pytest.mark.parametrize(("n_reports", "missed"), [(0, [0, 1, 2]), (2, [2]), (3, [])])
def test_what_is_not_on_record_is_reported_and_then_the_end(
    workshop: Any, reopened: Any, n_reports: int, missed: list[int]
) -> None:
    write_output(workshop, 0, "text\n" + lines(0) + "[tune-metric]: {bad\n" + lines(1, 2))
    backend = reopened(workshop.unfinished(0, n_reports))
    events = workshop.collect(backend)
    assert [r["i"] for r in events.reports()] == missed
    assert events[-1] == Ended(
        at=events[-1].at, trial=0, exit="killed", error="its tuner ended while it was running"
    )
    assert all(event.at >= 50.0 for event in events)


def test_a_last_line_that_was_cut_off_is_no_report(workshop: Any, reopened: Any) -> None:
    write_output(workshop, 0, lines(0, 1) + '[tune-metric]: {"i": ')
    events = workshop.collect(reopened(workshop.unfinished(0, 1)))
    assert [r["i"] for r in events.reports()] == [1]


def test_a_last_report_without_its_line_break_counts_once(workshop: Any, reopened: Any) -> None:
    write_output(workshop, 0, lines(0, 1).rstrip())
    backend = reopened(workshop.unfinished(0, 1))
    assert [r["i"] for r in workshop.collect(backend).reports()] == [1]
    backend.start(workshop.job(attempt=1, resumes=True))
    assert [r["i"] for r in workshop.collect(backend).reports()] == [100]
    backend.close()
    again = reopened(workshop.unfinished(0, 3, attempt=1, resumes=True))
    assert workshop.collect(again).reports() == []


def test_several_trials_end_once_each_even_those_that_had_not_begun(
    workshop: Any, reopened: Any
) -> None:
    write_output(workshop, 1, lines(0))
    running = [workshop.unfinished(trial) for trial in (1, 2, 5)]
    events = workshop.collect(reopened(*running), 3)
    assert [event.trial for event in events if isinstance(event, Ended)] == [1, 2, 5]
    assert [r["i"] for r in events.reports(1)] == [0]


def test_a_trial_goes_on_after_the_restart_and_old_reports_stay_old(
    workshop: Any, reopened: Any
) -> None:
    write_output(workshop, 0, lines(0, 1))  # unfinished
    write_output(workshop, 1, lines(0, 1, 2))  # paused, all on record
    backend = reopened(workshop.unfinished(0, 2))
    assert workshop.collect(backend).reports() == []
    backend.start(workshop.job(0, attempt=1, resumes=True))
    backend.start(workshop.job(1, resumes=True))
    events = workshop.collect(backend, 2)
    assert events.reports(0) == events.reports(1) == [{"i": 100}]


def test_an_attempt_on_record_is_not_begun_again(workshop: Any, reopened: Any) -> None:
    backend = reopened(workshop.unfinished(0))
    workshop.collect(backend)
    backend.start(workshop.job(0))
    assert backend.poll(0.1) == []


def test_survivors_are_killed_before_their_output_is_read(workshop: Any, reopened: Any) -> None:
    write_output(workshop, 0, "")
    out = workshop.experiment / "0" / "std.out"
    with open(out, "ab") as stream:
        survivor = subprocess.Popen(
            [sys.executable, "-u", "-c",
             "import time\nfor i in range(10**6): print('[tune-metric]: {\"i\": %d}' % i); "
             "time.sleep(0.001)"],
            stdout=stream,
            env={**os.environ, MARKS: f"{run_mark(workshop.experiment)}.0.0."},
        )  # fmt: skip
    try:
        workshop.wait(lambda: out.stat().st_size > 100)
        backend = reopened(workshop.unfinished(0, 0))
        events = workshop.collect(backend)
        time.sleep(0.05)
        assert events.reports() == retrieve(out.read_text().splitlines())
        assert survivor.wait(10) == -9
    finally:
        survivor.kill()
        survivor.wait()


def test_what_was_half_copied_or_half_deleted_is_removed(workshop: Any, reopened: Any) -> None:
    write_output(workshop, 3, "")
    left = workshop.experiment / "3" / ".checkpoints-half"
    left.mkdir()
    (left / "model.bin").touch()
    reopened()
    assert not left.exists()


TUNER = """
import json, sys
from pathlib import Path
from types import SimpleNamespace
import numpy as np
from synecore import make_backend
from synecore.protocols import Job, RunContext

script, folder, journal = (Path(argument) for argument in sys.argv[1:4])
problem = SimpleNamespace(space=SimpleNamespace(constants={}), fidelity=None)
backend = make_backend("local", entry_point=script)
backend.open(RunContext(folder=folder, problem=problem, seed=np.random.SeedSequence(0),
                        n_workers=2, decides="reports", now=0.0))
for trial in range(2):
    backend.start(Job(trial=trial, config={}, until=1.0, milestone=1.0, checkpoint_of=None,
                      resumes=False))
with open(journal, "a", buffering=1) as stream:
    while True:
        for event in backend.poll(1.0):
            stream.write(json.dumps([event.trial, event.metrics["i"]]) + "\\n")
"""


@pytest.mark.parametrize("after", [1, 150])
def test_after_kill_9_nothing_is_lost_and_nothing_doubled(
    workshop: Any, reopened: Any, tmp_path: Path, after: int
) -> None:
    body = "i = 0\nwhile True:\n    report(i=i)\n    i += 1\n    time.sleep(0.0005)"
    journal = tmp_path / "journal"
    journal.touch()
    arguments = [str(workshop.python(body)), str(workshop.experiment), str(journal)]
    tuner = subprocess.Popen([sys.executable, "-c", TUNER, *arguments])
    workshop.wait(lambda: journal.read_bytes().count(b"\n") >= after)
    tuner.kill()
    tuner.wait()
    record = [json.loads(line) for line in journal.read_text().split("\n")[:-1]]
    on_record = {trial: [i for t, i in record if t == trial] for trial in range(2)}
    backend = reopened(*(workshop.unfinished(t, len(on_record[t])) for t in range(2)))
    events = workshop.collect(backend, 2)
    for trial in range(2):
        seen = on_record[trial] + [r["i"] for r in events.reports(trial)]
        printed = [r["i"] for r in retrieve(backend.stdout(trial))]
        assert seen == printed == list(range(len(printed)))
