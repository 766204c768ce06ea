from __future__ import annotations

import json
import logging
import math
import os
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from synecore.actions import Ended, Reported
from synecore.errors import ExperimentError, OptionError
from synecore_local.options import LocalOptions


@pytest.fixture(params=["auto", "polling"])
def wake_up(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# ---- reports ------------------------------------------------------------------------------


def test_reports_come_in_order_and_before_the_end(workshop: Any, wake_up: str) -> None:
    events = workshop.run("for i in range(5): report(epoch=i, loss=1 / (i + 1))", wake_up=wake_up)
    assert events.reports() == [{"epoch": i, "loss": 1 / (i + 1)} for i in range(5)]
    assert isinstance(events[-1], Ended)
    assert events.end() == Ended(at=events[-1].at, trial=0, exit="ok")
    times = [event.at for event in events]
    assert times == sorted(times)
    assert times[0] > 0


def test_a_report_is_seen_while_the_trial_runs_on(workshop: Any, wake_up: str) -> None:
    body = (
        "for i in range(3):\n"
        "    report(i=i)\n"
        "    while not os.path.exists(f'{sys.argv[2]}/seen-{i}'): time.sleep(0.002)\n"
    )
    backend = workshop.backend(workshop.python(body), wake_up=wake_up)
    backend.start(workshop.job(config={"folder": str(workshop.path)}))
    for i in range(3):
        assert workshop.first(backend).reports() == [{"i": i}]
        (workshop.path / f"seen-{i}").touch()
    assert workshop.collect(backend).end().exit == "ok"


def test_thousands_of_reports_arrive_once_each(workshop: Any, wake_up: str) -> None:
    events = workshop.run("for i in range(5000): report(i=i)", wake_up=wake_up)
    assert [report["i"] for report in events.reports()] == list(range(5000))


def test_many_trials_at_once(workshop: Any, wake_up: str) -> None:
    script = workshop.python("for i in range(3): report(trial=sys.argv[2], i=i)")
    backend = workshop.backend(script, wake_up=wake_up)
    for trial in range(12):
        backend.start(workshop.job(trial, {"n": trial}))
    events = workshop.collect(backend, 12)
    for trial in range(12):
        assert events.reports(trial) == [{"trial": str(trial), "i": i} for i in range(3)]
        assert events.end(trial).exit == "ok"


def test_the_reporter_and_argparse_work_as_documented(workshop: Any) -> None:
    source = """
from argparse import ArgumentParser
from synecore.report import Reporter
parser = ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--width", type=int)
parser.add_argument("--kind", type=str)
args, _ = parser.parse_known_args()
report = Reporter()
for epoch in range(1, 3):
    report(epoch=epoch, lr=args.lr, width=args.width, kind=args.kind)
"""
    backend = workshop.backend(workshop.script(source))
    backend.start(workshop.job(config={"lr": -1e-05, "width": 3, "kind": "a b"}))
    reports = workshop.collect(backend).reports()
    assert [report["epoch"] for report in reports] == [1, 2]
    assert [report["st_worker_iter"] for report in reports] == [0, 1]
    assert (reports[0]["lr"], reports[0]["width"], reports[0]["kind"]) == (-1e-05, 3, "a b")


def test_nan_and_infinity_are_read(workshop: Any) -> None:
    (report,) = workshop.run('report(a=float("nan"), b=float("inf"))').reports()
    assert math.isnan(report["a"])
    assert report["b"] == math.inf


@pytest.mark.parametrize(
    "body",
    [
        'os.write(1, b"no line break at the end, no report")',
        "os.write(1, bytes(range(256)) * 1000)",
        'os.write(1, b"x" * 3_000_000)',
        'os.write(1, b"[tune-metric]: {broken\\n")',
        "pass",
        "os.close(1); os.close(2)",
        "sys.exit(0)",
    ],
    ids=["text", "binary", "long line", "broken report", "nothing", "closed output", "exit 0"],
)
def test_other_output_is_no_report_and_no_failure(workshop: Any, body: str) -> None:
    events = workshop.run(body)
    assert events.reports() == []
    assert events.end().exit == "ok"


def test_reports_among_garbage_are_found(workshop: Any) -> None:
    events = workshop.run(
        'for i in range(50):\n    os.write(1, bytes(range(256)) * 100 + b"\\n")\n    report(i=i)'
    )
    assert [report["i"] for report in events.reports()] == list(range(50))


def test_a_last_report_without_a_line_break_counts(workshop: Any) -> None:
    assert workshop.run("os.write(1, b'[tune-metric]: {\"a\": 1}')").reports() == [{"a": 1}]


def test_a_broken_report_is_warned_about(workshop: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        events = workshop.run('report(a=1); os.write(1, b"[tune-metric]: {broken\\n"); report(a=2)')
    assert events.reports() == [{"a": 1}, {"a": 2}]
    (record,) = caplog.records
    assert record.getMessage().startswith("trial 0: line 2 of ")


# ---- scripts of all kinds -----------------------------------------------------------------

SHELL = """\
while [ $# -gt 0 ]; do
    case "$1" in
        --width) width=$2; shift 2 ;;
        *) shift ;;
    esac
done
for i in 1 2; do
    echo "[tune-metric]: {\\"epoch\\": $i, \\"area\\": $((width * i))}"
done
"""


@pytest.mark.parametrize(
    ("name", "head", "mode"),
    [
        ("train.sh", "", 0o644),
        ("train.sh", "#!/bin/sh\n", 0o644),
        ("train.sh", "#!/bin/sh\n", 0o755),
        ("train", "#!/bin/sh\n", 0o755),
        ("train", "", 0o755),
        ("train.x", "#!/bin/bash -e\n", 0o644),
    ],
)
def test_a_shell_script_is_a_trial(workshop: Any, name: str, head: str, mode: int) -> None:
    backend = workshop.backend(workshop.script(head + SHELL, name, mode))
    backend.start(workshop.job(config={"width": 7}))
    events = workshop.collect(backend)
    assert events.reports() == [{"epoch": 1, "area": 7}, {"epoch": 2, "area": 14}]


def test_a_script_in_a_folder_with_odd_characters(workshop: Any, tmp_path: Path) -> None:
    folder = tmp_path / "a folder, with 'quotes' and ü"
    folder.mkdir()
    backend = workshop.backend(workshop.python("report(a=1)").rename(folder / "my script.py"))
    backend.start(workshop.job())
    assert workshop.collect(backend).reports() == [{"a": 1}]


def test_a_missing_script_is_refused_at_construction(workshop: Any, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="there is no file"):
        workshop.closed_backend(tmp_path / "train.py")


def test_the_script_is_found_from_another_folder(
    workshop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.script("")
    monkeypatch.chdir(tmp_path)
    options = LocalOptions(entry_point=Path("train.py"))
    assert options.entry_point == tmp_path / "train.py"


# ---- files, arguments, environment --------------------------------------------------------


def test_arguments_come_in_order_and_the_checkpoint_folder_last(workshop: Any) -> None:
    events = workshop.run("report(args=sys.argv[1:])", {"lr": 0.5, "flag": True, "name": "x"})
    folder = workshop.experiment / "0" / "checkpoints"
    assert events.reports()[0]["args"] == [
        "--lr", "0.5", "--flag", "True", "--name", "x", "--st_checkpoint_dir", str(folder),
    ]  # fmt: skip
    assert not folder.exists(), "scripts take an existing folder for a checkpoint"


def test_files_of_a_trial(workshop: Any) -> None:
    backend = workshop.backend(workshop.python('print("out"); print("err", file=sys.stderr)'))
    backend.start(workshop.job(3, {"lr": 0.5}))
    workshop.collect(backend)
    folder = backend.trial_path(3)
    assert folder == workshop.experiment / "3"
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "std.err", "std.out"]
    assert json.loads((folder / "config.json").read_text()) == {"lr": 0.5}
    assert backend.stdout(3) == ["out"]
    assert backend.stderr(3) == ["err"]
    assert backend.checkpoint_trial_path(3) == folder / "checkpoints"
    assert backend.stdout(4) == []
    backend.close()
    assert backend.stdout(3) == ["out"], "the files can be asked for after the end"


def test_a_configuration_as_json(workshop: Any) -> None:
    config = {"layers": [64, 32], "dropout": None, "nested": {"a": 1}, "lr": 1e-5}
    events = workshop.run(
        "assert sys.argv[1] == '--st_config_json_filename'\n"
        "report(config=json.load(open(sys.argv[2])), rest=sys.argv[3:4])",
        config,
        pass_args_as_json=True,
    )
    assert events.reports() == [{"config": config, "rest": ["--st_checkpoint_dir"]}]


def test_a_value_that_is_no_argument_fails_its_trial(workshop: Any) -> None:
    events = workshop.run("pass", {"layers": [64, 32]})
    assert events.end().exit == "failed"
    assert events.end().error.startswith(
        "the trial could not be started: the value of 'layers' is [64, 32] (list), which cannot"
    )


def test_a_constant_that_is_no_argument_is_refused_at_once(workshop: Any) -> None:
    script = workshop.python("pass")
    problem = SimpleNamespace(space=SimpleNamespace(constants={"layers": None}), fidelity=None)
    with pytest.raises(OptionError, match=r"^configuration space: the value of 'layers' is None"):
        workshop.backend(script, {"problem": problem})
    workshop.backend(script, {"problem": problem}, pass_args_as_json=True)


def test_a_configuration_that_is_too_long_says_what_to_do(workshop: Any) -> None:
    events = workshop.run("pass", {"text": "x" * 5_000_000})
    assert "Argument list too long" in events.end().error
    assert events.end().error.endswith(
        "with pass_args_as_json=True the configuration may be longer"
    )


SHOW = """
names = ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONUNBUFFERED",
         "PYTHONDONTWRITEBYTECODE"]
report(**{name: os.environ.get(name) for name in names})
"""


def test_trials_get_one_thread_and_no_buffers(
    workshop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "5")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert workshop.run(SHOW).reports() == [
        {
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "5",  # the user's
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": None,
        }
    ]


def test_threads_as_asked_for(workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MKL_NUM_THREADS", "5")
    (report,) = workshop.run(SHOW, threads_per_trial=3).reports()
    assert {report[name] for name in report if name.endswith("THREADS")} == {"3"}


def test_a_trial_has_a_session_of_its_own_and_no_input(workshop: Any) -> None:
    (report,) = workshop.run(
        "report(sid=os.getsid(0), pid=os.getpid(), group=os.getpgid(0), input=sys.stdin.read())"
    ).reports()
    assert report["sid"] == report["pid"] == report["group"] != os.getsid(0)
    assert report["input"] == ""


def test_trials_inherit_no_descriptors(workshop: Any) -> None:
    (report,) = workshop.run("report(fds=sorted(map(int, os.listdir('/proc/self/fd'))))").reports()
    assert report["fds"][:3] == [0, 1, 2]
    assert len(report["fds"]) == 4  # and that of the listing itself


# ---- failures -----------------------------------------------------------------------------


def test_a_crash_says_how_and_shows_the_end_of_its_log(workshop: Any) -> None:
    events = workshop.run(
        'for i in range(100): print("line", i, file=sys.stderr)\n'
        "report(a=1)\nsys.stderr.flush()\nraise RuntimeError('too bad')"
    )
    assert events.reports() == [{"a": 1}]
    end = events.end()
    assert end.exit == "failed"
    first, *lines = end.error.split("\n")
    assert first == "exit code 1; end of std.err:"
    assert lines[-1] == "RuntimeError: too bad"
    assert len(lines) == 20
    assert "line 99" in lines


def test_a_crash_without_an_error_shows_what_was_printed(workshop: Any) -> None:
    assert workshop.run('print("giving up"); sys.exit(3)').end().error == (
        "exit code 3; end of std.out:\ngiving up"
    )


def test_a_silent_crash(workshop: Any) -> None:
    assert workshop.run("os._exit(7)").end().error == "exit code 7; it wrote nothing"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SIGSEGV", "killed by SIGSEGV; it wrote nothing"),
        (
            "SIGKILL",
            "killed by SIGKILL, not by the tuner; perhaps the memory ran out; it wrote nothing",
        ),
        ("SIGTERM", "killed by SIGTERM; it wrote nothing"),
    ],
)
def test_a_signal_from_elsewhere_is_a_failure(workshop: Any, name: str, text: str) -> None:
    end = workshop.run(f"os.kill(os.getpid(), signal.{name})").end()
    assert (end.exit, end.error) == ("failed", text)


def test_the_error_shows_this_attempt_only(workshop: Any) -> None:
    backend = workshop.backend(
        workshop.python("print('attempt', sys.argv[2], file=sys.stderr, flush=True); os._exit(1)")
    )
    errors = []
    for attempt in range(2):
        backend.start(workshop.job(0, {"n": attempt}, attempt=attempt, resumes=attempt > 0))
        errors.append(workshop.collect(backend).end().error)
    assert errors == [f"exit code 1; end of std.err:\nattempt {n}" for n in range(2)]
    assert backend.stderr(0) == ["attempt 0", "attempt 1"]


def test_a_script_that_vanished_fails_its_trial_only(workshop: Any) -> None:
    script = workshop.script("#!/bin/sh\necho '[tune-metric]: {\"a\": 1}'\n", "train", 0o755)
    backend = workshop.backend(script)
    script.rename(script.with_name("elsewhere"))
    backend.start(workshop.job(0))
    end = workshop.collect(backend).end()
    assert end.exit == "failed"
    assert "the trial could not be started: [Errno 2] No such file or directory" in end.error
    script.with_name("elsewhere").rename(script)
    backend.start(workshop.job(1))
    assert workshop.collect(backend).reports(1) == [{"a": 1}]


def test_a_folder_that_cannot_be_written_fails_its_trial_only(workshop: Any) -> None:
    backend = workshop.backend(workshop.python("report(a=1)"))
    (workshop.experiment / "0").write_text("a file where the trial's folder should be")
    backend.start(workshop.job(0))
    backend.start(workshop.job(1))
    events = workshop.collect(backend, 2)
    assert events.end(0).error.startswith("the trial could not be started: [Errno")
    assert events.end(1).exit == "ok"


# ---- stopping -----------------------------------------------------------------------------

HANG = "report(pid=os.getpid())\ntime.sleep(1000)"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + HANG


def test_a_stopped_trial_ends_as_killed_and_is_marked(workshop: Any, wake_up: str) -> None:
    backend = workshop.backend(workshop.python(HANG), wake_up=wake_up)
    backend.start(workshop.job())
    workshop.first(backend)
    backend.stop(0, keep_checkpoint=False)
    began = time.monotonic()
    end = workshop.collect(backend).end()
    assert (end.exit, end.error) == ("killed", "")
    assert time.monotonic() - began < 4.0, "SIGTERM was enough"
    assert (backend.trial_path(0) / "stop").exists()


def test_stopping_twice_or_after_the_end_is_harmless(workshop: Any) -> None:
    backend = workshop.backend(workshop.python(HANG))
    backend.start(workshop.job())
    workshop.first(backend)
    backend.stop(0, keep_checkpoint=True)
    backend.stop(0, keep_checkpoint=False)
    assert len(workshop.collect(backend).ends()) == 1
    backend.stop(0, keep_checkpoint=False)
    assert backend.poll(0.1) == []


def test_a_trial_that_ignores_sigterm_is_killed_after_the_grace_and_nobody_waits(
    workshop: Any, wake_up: str
) -> None:
    backend = workshop.backend(workshop.python(DEAF), stop_grace=0.6, wake_up=wake_up)
    backend.start(workshop.job())
    workshop.first(backend)
    began = time.monotonic()
    backend.stop(0, keep_checkpoint=False)
    assert time.monotonic() - began < 0.5
    assert workshop.collect(backend).end().exit == "killed"
    assert time.monotonic() - began > 0.59


def test_a_trial_may_use_the_grace_to_clean_up_and_report(workshop: Any) -> None:
    backend = workshop.backend(
        workshop.python(
            "def end(*_):\n    report(last=True)\n    sys.exit(0)\n"
            "signal.signal(signal.SIGTERM, end)\n" + HANG
        )
    )
    backend.start(workshop.job())
    workshop.first(backend)
    backend.stop(0, keep_checkpoint=True)
    events = workshop.collect(backend)
    assert events.reports() == [{"last": True}]
    assert events.end().exit == "killed"


def test_a_trial_that_had_ended_before_it_was_stopped_ended_by_itself(workshop: Any) -> None:
    # It lives on for a moment, so that its end is not polled together with its report.
    backend = workshop.backend(workshop.python("report(pid=os.getpid()); time.sleep(0.5)"))
    backend.start(workshop.job())
    (first,) = workshop.first(backend)[:1]
    stat = Path(f"/proc/{first.metrics['pid']}/stat")
    workshop.wait(lambda: not stat.exists() or stat.read_text().split(")")[1].split()[0] == "Z")
    backend.stop(0, keep_checkpoint=True)
    assert [e.exit for e in workshop.collect(backend).ends()] == ["ok"]


def test_a_paused_trial_is_not_marked_and_a_resumed_one_no_longer(workshop: Any) -> None:
    backend = workshop.backend(workshop.python(HANG))
    backend.start(workshop.job())
    workshop.first(backend)
    backend.stop(0, keep_checkpoint=True)
    workshop.collect(backend)
    assert not (backend.trial_path(0) / "stop").exists()
    backend.stop(0, keep_checkpoint=False)
    assert (backend.trial_path(0) / "stop").exists()
    backend.start(workshop.job(resumes=True))
    workshop.first(backend)
    assert not (backend.trial_path(0) / "stop").exists()


def test_unknown_trials_are_stopped_and_advanced_in_vain(workshop: Any) -> None:
    backend = workshop.backend(workshop.python("pass"))
    backend.stop(5, keep_checkpoint=True)
    backend.advance(5, 9.0)
    backend.delete_checkpoint(5)
    assert backend.poll(0.01) == []


# ---- children -----------------------------------------------------------------------------

FAMILY = """
def hang():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.execv(sys.executable, [sys.executable, "-I", "-S", "-c",
        "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(1000)", WORD])
if os.fork() == 0: hang()                      # a child
if os.fork() == 0:                             # a grandchild whose parent is gone
    if os.fork() == 0: hang()
    os._exit(0)
if os.fork() == 0:                             # a daemon in a session of its own
    os.setsid()
    if os.fork() == 0: hang()
    os._exit(0)
time.sleep(0.3)
report(ready=True)
"""


@pytest.fixture
def word(tmp_path: Path) -> str:
    return f"family-of-{tmp_path.name}-{os.getpid()}"


def family(word: str, end: str) -> str:
    return f"WORD = {word!r}\n" + FAMILY + end


def test_children_end_with_their_trial(workshop: Any, word: str) -> None:
    backend = workshop.backend(workshop.python(family(word, "")))
    backend.start(workshop.job())
    assert workshop.collect(backend).end().exit == "ok"
    # Those of the group are killed at once, the daemon by the guardian some moments later.
    workshop.wait(lambda: len(workshop.processes(word)) <= 1)
    workshop.wait(lambda: not workshop.processes(word))


def test_children_end_with_a_stopped_trial(workshop: Any, word: str) -> None:
    backend = workshop.backend(workshop.python(family(word, "time.sleep(1000)")), stop_grace=0.2)
    backend.start(workshop.job())
    workshop.first(backend)
    workshop.wait(lambda: len(workshop.processes(word)) == 3)
    backend.stop(0, keep_checkpoint=True)
    assert workshop.collect(backend).end().exit == "killed"
    workshop.wait(lambda: not workshop.processes(word))


def test_closing_ends_everything_at_once(workshop: Any, word: str) -> None:
    backend = workshop.backend(workshop.python(family(word, "time.sleep(1000)")))
    backend.start(workshop.job(0))
    workshop.first(backend)
    began = time.monotonic()
    backend.close()
    assert workshop.processes(word) == []
    assert time.monotonic() - began < 4.0
    backend.close()


def test_closing_kills_the_deaf_after_the_grace(workshop: Any) -> None:
    backend = workshop.backend(workshop.python(DEAF), stop_grace=0.2)
    backend.start(workshop.job(0))
    (first,) = workshop.first(backend)
    backend.close()
    with pytest.raises(ProcessLookupError):
        os.kill(first.metrics["pid"], 0)


def test_children_may_report_for_their_trial(workshop: Any) -> None:
    events = workshop.run(
        "for i in range(4):\n"
        "    if os.fork() == 0:\n"
        "        for j in range(50): report(i=i, j=j)\n"
        "        os._exit(0)\n"
        "for i in range(4): os.wait()\n"
    )
    assert sorted((r["i"], r["j"]) for r in events.reports()) == [
        (i, j) for i in range(4) for j in range(50)
    ]


# ---- starting again -----------------------------------------------------------------------


def test_the_same_attempt_is_begun_once(workshop: Any) -> None:
    backend = workshop.backend(workshop.python("report(pid=os.getpid()); time.sleep(0.05)"))
    for _ in range(2):
        backend.start(workshop.job())
    assert len(workshop.collect(backend).reports()) == 1
    backend.start(workshop.job())
    assert backend.poll(0.1) == []


def test_two_attempts_at_once_are_an_error(workshop: Any) -> None:
    backend = workshop.backend(workshop.python(HANG))
    backend.start(workshop.job())
    with pytest.raises(ExperimentError, match="trial 0 is still running in attempt 0; attempt 1"):
        backend.start(workshop.job(attempt=1, resumes=True))


COUNT = """
folder = sys.argv[-1]
state = os.path.join(folder, "epoch")
begin = int(open(state).read()) if os.path.exists(folder) else 0
for epoch in range(begin + 1, int(sys.argv[2]) + 1):
    os.makedirs(folder, exist_ok=True)
    open(state, "w").write(str(epoch))
    report(epoch=epoch)
"""


def test_a_resumed_trial_goes_on_in_its_folder(workshop: Any) -> None:
    backend = workshop.backend(workshop.python(COUNT))
    seen = []
    for epochs in (1, 3, 9):
        backend.start(workshop.job(0, {"epochs": epochs}, resumes=epochs > 1))
        seen.append([r["epoch"] for r in workshop.collect(backend).reports()])
    assert seen == [[1], [2, 3], [4, 5, 6, 7, 8, 9]]
    assert len(backend.stdout(0)) == 9
    assert json.loads((backend.trial_path(0) / "config.json").read_text()) == {"epochs": 9}


def test_a_child_starts_from_a_copy_of_the_checkpoint(workshop: Any) -> None:
    backend = workshop.backend(workshop.python(COUNT))
    backend.start(workshop.job(0, {"epochs": 2}))
    workshop.collect(backend)
    backend.start(workshop.job(1, {"epochs": 4}, checkpoint_of=0))
    assert [r["epoch"] for r in workshop.collect(backend).reports(1)] == [3, 4]
    assert (backend.checkpoint_trial_path(0) / "epoch").read_text() == "2"
    backend.start(workshop.job(1, {"epochs": 5}, checkpoint_of=0, resumes=True, attempt=1))
    assert [r["epoch"] for r in workshop.collect(backend).reports(1)] == [5], "from its own"


def test_a_child_of_a_trial_without_checkpoint_is_warned_about(
    workshop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    backend = workshop.backend(workshop.python(COUNT))
    with caplog.at_level(logging.WARNING):
        backend.start(workshop.job(1, {"epochs": 1}, checkpoint_of=0))
        assert [r["epoch"] for r in workshop.collect(backend).reports(1)] == [1]
    assert "trial 1 starts without a checkpoint: trial 0" in caplog.text


@pytest.mark.parametrize(("delete", "left"), [(False, [0, 1, 2]), (True, [1])])
def test_checkpoints_are_removed_by_wish_once_stopped_or_completed(
    workshop: Any, delete: bool, left: list[int]
) -> None:
    problem = SimpleNamespace(
        space=SimpleNamespace(constants={}), fidelity=SimpleNamespace(high=9.0)
    )
    script = workshop.python(COUNT + "if epoch == 5: time.sleep(1000)")
    backend = workshop.backend(script, {"problem": problem}, delete_checkpoints=delete)
    backend.start(workshop.job(0, {"epochs": 9}, until=9.0))  # completes
    backend.start(workshop.job(1, {"epochs": 3}, until=3.0))  # pauses
    workshop.collect(backend, 2)
    backend.start(workshop.job(2, {"epochs": 5}, until=9.0))  # is stopped
    workshop.first(backend, 5)
    backend.stop(2, keep_checkpoint=False)
    workshop.collect(backend)
    assert [t for t in range(3) if backend.checkpoint_trial_path(t).exists()] == left


def test_a_line_cut_off_by_a_kill_does_not_spoil_the_next_report(workshop: Any) -> None:
    body = "report(a=1)\nos.write(1, b'[tune-metric]: {\"a\": 2')\ntime.sleep(1000)"
    backend = workshop.backend(workshop.python(body))
    for attempt in range(2):
        backend.start(workshop.job(attempt=attempt, resumes=attempt > 0))
        assert workshop.first(backend).reports() == [{"a": 1}]
        workshop.wait(lambda n=attempt: len(backend.stdout(0)) == 2 * n + 2)
        backend.stop(0, keep_checkpoint=True)
        events = workshop.collect(backend)
        assert events.reports() == []


# ---- the loop -----------------------------------------------------------------------------


def test_poll_waits_no_longer_than_asked(workshop: Any, wake_up: str) -> None:
    backend = workshop.backend(workshop.python(HANG), wake_up=wake_up)
    backend.start(workshop.job())
    workshop.first(backend)
    began = time.monotonic()
    assert backend.poll(0.2) == []
    assert time.monotonic() - began > 0.19
    assert backend.poll(0.0) == []


def test_output_is_found_even_if_no_event_comes(
    workshop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = workshop.backend(workshop.python("time.sleep(0.2); report(a=1); time.sleep(1000)"))
    backend.start(workshop.job())

    def deaf(timeout: float) -> set[int]:
        time.sleep(timeout)
        return set()

    monkeypatch.setattr(backend._session.wake_up, "wait", deaf)
    assert workshop.first(backend).reports() == [{"a": 1}]


def test_looking_takes_over_where_events_run_out(
    workshop: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    backend = workshop.backend(workshop.python("time.sleep(0.1); report(a=1)"))
    backend.start(workshop.job(0))

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backend._session.wake_up, "watch", no_room)
    with caplog.at_level(logging.WARNING):
        backend.start(workshop.job(1))
    events = workshop.collect(backend, 2)
    assert events.reports(0) == events.reports(1) == [{"a": 1}]
    assert "the output of trials is looked at in intervals from now on" in caplog.text


def test_a_trial_that_prints_without_end_leaves_time_to_others(workshop: Any, wake_up: str) -> None:
    body = (
        "if sys.argv[2] == '0':\n    while True: os.write(1, b'chatter ' * 1000)\n"
        "for i in range(20): report(i=i); time.sleep(0.01)"
    )
    backend = workshop.backend(workshop.python(body), wake_up=wake_up)
    for trial in range(2):
        backend.start(workshop.job(trial, {"trial": trial}))
    events = workshop.collect(backend)
    assert [r["i"] for r in events.reports(1)] == list(range(20))


def test_chatter_does_not_wake_the_tuner_each_time(workshop: Any) -> None:
    body = "for i in range(2500): os.write(1, b'chatter\\n'); time.sleep(0.0002)\nreport(a=1)"
    backend = workshop.backend(workshop.python(body))
    looks = []
    look = backend._session._look_at
    backend._session._look_at = lambda trial: looks.append(trial) or look(trial)
    backend.start(workshop.job())
    began = time.monotonic()
    workshop.collect(backend)
    assert len(looks) < 700 * (time.monotonic() - began) + 50


def test_a_second_experiment_after_the_first(workshop: Any, tmp_path: Path) -> None:
    backend = workshop.backend(workshop.python("report(a=1)"))
    with pytest.raises(ExperimentError, match="already runs the experiment in"):
        backend.open(workshop.context())
    backend.start(workshop.job())
    workshop.collect(backend)
    backend.close()
    with pytest.raises(ExperimentError, match=r"not open; call open\(\) first"):
        backend.poll(0.0)
    backend.open(workshop.context(folder=tmp_path / "second", now=5.0))
    assert backend.clock.now() >= 5.0
    backend.start(workshop.job())
    assert workshop.collect(backend).reports() == [{"a": 1}]


def test_nothing_is_known_of_files_before_the_experiment_begins(workshop: Any) -> None:
    backend = workshop.closed_backend(workshop.python("pass"))
    with pytest.raises(ExperimentError, match=r"no experiment yet; open\(\) gives it one"):
        backend.trial_path(0)


def test_nothing_is_left_open(workshop: Any) -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    script = workshop.python("report(a=1)")
    workshop.backend(script, {"folder": workshop.path / "warm"}).close()
    before = descriptors()
    backend = workshop.backend(script)
    opened = descriptors()
    for trial in range(3):
        backend.start(workshop.job(trial))
    workshop.collect(backend, 3)
    assert descriptors() == opened
    backend.close()
    assert descriptors() == before


def test_reports_are_plain_events(workshop: Any) -> None:
    event = workshop.run("report(a=1)")[0]
    assert event == Reported(at=event.at, trial=0, metrics={"a": 1})


def test_python_files_run_under_the_tuner_s_interpreter(workshop: Any) -> None:
    assert workshop.run("report(a=sys.executable)").reports() == [{"a": sys.executable}]


def test_the_script_dies_of_ctrl_c_only_if_it_is_meant(workshop: Any) -> None:
    backend = workshop.backend(workshop.python(HANG))
    backend.start(workshop.job())
    (first,) = workshop.first(backend)
    assert os.getpgid(first.metrics["pid"]) != os.getpgid(0)  # a terminal signals this group
    os.kill(first.metrics["pid"], signal.SIGINT)
    assert workshop.collect(backend).end().exit == "failed"
