"""The process that forks trials: what it shares with them, and what happens without it."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from synecore.problem import Problem
from synecore.space import uniform
from synecore_local import starter
from synecore_local.warm import zygote as warm
from synecore_local.warm.zygote import Zygote

# ---- what is shared, and until when -------------------------------------------------------

USE = """
import os
import helper
os.write(1, b'[tune-metric]: {"value": %d}\\n' % (helper.VALUE))
"""


def noting(value: int) -> str:
    """Return a module that notes each import of it in a file beside it."""
    return (
        "import os\n"
        "with open(os.path.dirname(__file__) + '/imports', 'a') as file: file.write('x')\n"
        f"VALUE = {value}\n"
    )


def test_imports_are_made_once(workshop: Any) -> None:
    workshop.script(noting(1), "helper.py")
    backend = workshop.backend(workshop.script(USE), warm=True)
    for trial in range(3):
        backend.start(workshop.job(trial))
    workshop.collect(backend, 3)
    assert (workshop.path / "imports").read_text() == "x"


def test_changed_code_is_imported_anew(workshop: Any) -> None:
    workshop.script(noting(1), "helper.py")
    script = workshop.script(USE)
    backend = workshop.backend(script, warm=True)
    values = []
    for trial in range(5):
        if trial == 2:
            workshop.script(noting(22), "helper.py")
        if trial == 4:
            workshop.script(USE.replace("helper.VALUE", "helper.VALUE + 300"))
        backend.start(workshop.job(trial))
        values += workshop.collect(backend).reports(trial)
    assert [report["value"] for report in values] == [1, 1, 22, 22, 322]
    assert (workshop.path / "imports").read_text() == "xxx"


def test_a_trial_goes_on_when_the_code_changes(workshop: Any) -> None:
    source = "import os, time\nos.write(1, b'[tune-metric]: {\"a\": 1}\\n')\ntime.sleep(1000)\n"
    script = workshop.script(source)
    backend = workshop.backend(script, warm=True, stop_grace=0.2)
    backend.start(workshop.job(0))
    workshop.first(backend)
    first = workshop.zygote(backend)
    script.write_text("import sys\nsys.exit(5)")
    backend.start(workshop.job(1))
    assert "exit code 5" in workshop.collect(backend).end(1).error
    assert first is not None
    assert first.is_alive()
    backend.stop(0, keep_checkpoint=True)
    assert workshop.collect(backend).end(0).exit == "killed"
    workshop.wait(lambda: not first.is_alive())


def test_a_temporary_folder_of_a_module_is_there_for_all_trials(workshop: Any) -> None:
    workshop.script("import tempfile\nFOLDER = tempfile.TemporaryDirectory()", "helper.py")
    script = workshop.script(
        "import json, os\nimport helper\n"
        "name = helper.FOLDER.name\n"
        "print('[tune-metric]:', json.dumps({'name': name, 'there': os.path.isdir(name)}))"
    )
    backend = workshop.backend(script, warm=True)
    reports = workshop.one_by_one(backend, [{}, {}]).reports(1)
    assert reports[0]["there"]
    assert os.path.isdir(reports[0]["name"])
    backend.close()
    assert not os.path.isdir(reports[0]["name"])


def test_variables_set_before_an_import_are_set_for_it(workshop: Any) -> None:
    workshop.script("import os\nprint('found', os.environ.get('FOR_THE_HELPER'))", "helper.py")
    source = "import os\nos.environ['FOR_THE_HELPER'] = '1'\nimport helper\n"
    cold, warm = workshop.cold_and_warm(source, [{}])
    assert cold == warm
    assert warm[0]["out"] == ["found 1"]


def test_alternatives_of_an_import_are_tried_in_order(workshop: Any) -> None:
    for name in ("helper", "other", "never"):
        workshop.script(f"print({name!r})", f"{name}.py")
    source = (
        "try:\n    import no_such_module\n    import never\n"
        "except ImportError:\n    import helper\n"
        "try:\n    import other\nexcept ImportError:\n    import never\n"
    )
    cold, warm = workshop.cold_and_warm(source, [{}])
    assert cold == warm
    assert warm[0]["out"] == ["helper", "other"]


def test_trials_run_where_the_tuner_is_even_if_that_folder_is_gone(
    workshop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = workshop.script("import os\nprint(os.path.exists('here') and os.getcwd())")
    backend = workshop.backend(script, warm=True)
    for trial, name in enumerate("ab"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "here").touch()
        monkeypatch.chdir(tmp_path / name)
        backend.start(workshop.job(trial))
        workshop.collect(backend)
        assert backend.stdout(trial) == [str(tmp_path / name)]
    shutil.rmtree(tmp_path / "b")
    backend.start(workshop.job(2))
    assert workshop.collect(backend).end(2).exit == "ok"


# ---- where it is not possible -------------------------------------------------------------


@pytest.mark.parametrize(
    ("helper", "why"),
    [
        ("import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()",
         "an imported module starts threads, which forks would lack"),
        ("import sys\nARGUMENTS = list(sys.argv)",
         "an imported module reads sys.argv, which differs from trial to trial"),
        ("import sys\nsys.argv = []",
         "an imported module reads sys.argv, which differs from trial to trial"),
        ("import argparse\nARGUMENTS = argparse.ArgumentParser().parse_known_args()",
         "an imported module reads sys.argv, which differs from trial to trial"),
        ("import os, sys\nif 'zygote' in str(sys.orig_argv): os._exit(9)",
         "the process that made their imports is gone (exit code 9)"),
    ],
    ids=["threads", "arguments", "no arguments", "parser", "end"],
)  # fmt: skip
def test_trials_start_cold_if_an_import_cannot_be_shared(
    workshop: Any, caplog: pytest.LogCaptureFixture, helper: str, why: str
) -> None:
    workshop.script(helper, "helper.py")
    script = workshop.script("import os, sys\nimport helper\nprint(os.getppid())")
    backend = workshop.backend(script, warm=True)
    with caplog.at_level(logging.WARNING):
        events = workshop.one_by_one(backend, [{}, {}])
    assert [event.exit for event in events.ends(0) + events.ends(1)] == ["ok", "ok"]
    assert backend.stdout(1) == [str(os.getpid())]
    (record,) = caplog.records
    assert record.getMessage() == f"trials of {str(script)!r} are not started warm: {why}"


def test_a_module_may_make_a_parser(workshop: Any) -> None:
    workshop.script("import argparse\nPARSER = argparse.ArgumentParser()", "helper.py")
    backend = workshop.backend(workshop.script("import helper"), warm=True)
    assert workshop.one_by_one(backend, [{}]).end().exit == "ok"
    assert workshop.zygote(backend) is not None


def test_a_module_in_place_of_one_that_is_loaded_is_the_script_s(
    workshop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    workshop.script("VALUE = 17", "socket.py")
    backend = workshop.backend(workshop.script("import socket\nprint(socket.VALUE)"), warm=True)
    with caplog.at_level(logging.WARNING):
        workshop.one_by_one(backend, [{}])
    assert backend.stdout(0) == ["17"]
    assert "the script's folder has a module 'socket' in place of Python's own" in caplog.text


def test_other_scripts_start_as_ever_and_it_is_said(
    workshop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    backend = workshop.backend(workshop.script("echo hello", "train.sh"), warm=True)
    with caplog.at_level(logging.INFO, logger="synecore_local"):
        workshop.one_by_one(backend, [{}, {}])
    assert backend.stdout(1) == ["hello"]
    assert caplog.text.count("warm=True has no effect on") == 1


def test_other_systems_start_as_ever_and_it_is_said(
    workshop: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter.sys, "platform", "darwin")
    script = workshop.script("print('hello')")
    with caplog.at_level(logging.INFO, logger="synecore_local"):
        backend = workshop.backend(script, warm=True)
    monkeypatch.undo()
    workshop.one_by_one(backend, [{}])
    assert backend.stdout(0) == ["hello"]
    assert "warm=True has no effect on this system" in caplog.text


def test_a_script_that_vanished_fails_its_trial_only(workshop: Any) -> None:
    script = workshop.script("print('hello')")
    backend = workshop.backend(script, warm=True)
    source = script.read_text()
    script.unlink()
    assert "No such file" in workshop.one_by_one(backend, [{}]).end().error
    script.write_text(source)
    backend.start(workshop.job(1))
    assert workshop.collect(backend).end(1).exit == "ok"
    assert workshop.zygote(backend) is not None


# ---- the zygote's own end -----------------------------------------------------------------

HANG = "import os, time\nos.write(1, b'[tune-metric]: {\"a\": 1}\\n')\ntime.sleep(1000)\n"


def forks_of(process: Zygote) -> list[str]:
    """Return those that run, or wait to be reaped."""
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def kill(process: Zygote | None) -> None:
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)


def test_a_lost_zygote_is_replaced_once(workshop: Any, caplog: pytest.LogCaptureFixture) -> None:
    script = workshop.script("import os\nprint(os.getppid())")
    backend = workshop.backend(script, warm=True)
    parents = []
    with caplog.at_level(logging.WARNING):
        for trial in range(4):
            backend.start(workshop.job(trial))
            assert workshop.collect(backend).end(trial).exit == "ok"
            parents.append(int(backend.stdout(trial)[0]))
            if workshop.zygote(backend) is not None:
                kill(workshop.zygote(backend))
    assert len(set(parents)) == 3
    assert parents[2:] == [os.getpid()] * 2
    first, second = (record.getMessage() for record in caplog.records)
    assert first.startswith(f"the process that forks the trials of {str(script)!r} is gone (killed")
    assert first.endswith("another one is begun")
    assert second.endswith("trials start cold from now on")


def test_trials_outlive_their_zygote(workshop: Any, caplog: pytest.LogCaptureFixture) -> None:
    source = (
        "import os, sys, time\nos.write(1, b'[tune-metric]: {\"a\": 1}\\n')\n"
        f"while not os.path.exists({str(workshop.path / 'go')!r}): time.sleep(0.002)\n"
        "os.write(1, b'[tune-metric]: {\"a\": 2}\\n')\n"
    )
    backend = workshop.backend(workshop.script(source), warm=True, stop_grace=0.1)
    for trial in range(2):
        backend.start(workshop.job(trial))
    workshop.first(backend, 2)
    kill(workshop.zygote(backend))
    workshop.wait(lambda: not workshop.zygote(backend).is_alive())
    backend.stop(1, keep_checkpoint=True)
    assert workshop.collect(backend).end(1).exit == "killed"
    (workshop.path / "go").touch()
    events = workshop.collect(backend)
    assert events.reports(0) == [{"a": 2}]
    assert events.end(0).exit == "failed"
    assert events.end(0).error.startswith("it is not known how it ended, because the process that")


def test_a_zygote_that_does_not_answer_starts_no_trial_twice(
    workshop: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    backend = workshop.backend(workshop.script("print('once')"), warm=True)
    workshop.one_by_one(backend, [{}])
    slow = workshop.zygote(backend)
    assert slow is not None
    os.kill(slow.pid, signal.SIGSTOP)
    monkeypatch.setattr(Zygote._ask, "__defaults__", ((), 0.2))
    monkeypatch.setattr(warm, "_MOMENT", 0.05)
    with caplog.at_level(logging.WARNING):
        backend.start(workshop.job(1))
    monkeypatch.undo()
    assert workshop.collect(backend).end(1).exit == "ok"
    assert backend.stdout(1) == ["once"]
    assert "(it did not answer within 0.2 seconds)" in caplog.text
    assert not slow.is_alive()


def test_a_trial_that_could_not_be_watched_does_not_run(
    workshop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(pid: int) -> int:
        raise OSError(24, "Too many open files")

    backend = workshop.backend(workshop.script(HANG), warm=True)
    monkeypatch.setattr(os, "pidfd_open", refuse)
    backend.start(workshop.job())
    monkeypatch.undo()
    end = workshop.collect(backend).end()
    assert end.error == "the trial could not be started: [Errno 24] Too many open files"
    workshop.wait(lambda: forks_of(workshop.zygote(backend)) == [])


def test_closing_ends_the_zygote(workshop: Any) -> None:
    backend = workshop.backend(workshop.script(HANG), warm=True)
    backend.start(workshop.job())
    workshop.first(backend)
    process = workshop.zygote(backend)
    assert process is not None
    assert process.is_alive()
    backend.close()
    assert not process.is_alive()


# ---- many trials --------------------------------------------------------------------------


@pytest.mark.parametrize("n", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_trials_leave_nothing_behind(workshop: Any, n: int) -> None:
    script = workshop.python("report(a=1)\nif os.fork() == 0: time.sleep(1000)")
    backend = workshop.backend(script, warm=True)
    workshop.one_by_one(backend, [{}])
    before = sorted(os.listdir("/proc/self/fd"))
    process = workshop.zygote(backend)
    assert process is not None
    of_zygote = os.listdir(f"/proc/{process.pid}/fd")
    for trial in range(1, n, 2):
        backend.start(workshop.job(trial))
        backend.start(workshop.job(trial + 1))
        workshop.collect(backend, 2)
    assert sorted(os.listdir("/proc/self/fd")) == before
    workshop.wait(lambda: forks_of(process) == [])
    assert os.listdir(f"/proc/{process.pid}/fd") == of_zygote


LEFT = """
import json, os, sys, time
child = os.fork()
if child == 0:
    os.setsid()  # out of the group
    time.sleep(1000)
print("[tune-metric]:", json.dumps({"child": child}))
"""


@pytest.mark.slow
def test_a_fork_that_left_the_group_ends_with_its_trial(workshop: Any) -> None:
    backend = workshop.backend(workshop.script(LEFT), warm=True)
    backend.start(workshop.job())
    (report,) = workshop.collect(backend).reports()
    workshop.wait(lambda: not Path(f"/proc/{report['child']}").exists())


def test_a_configuration_that_is_too_long_is_refused_as_ever(workshop: Any) -> None:
    backend = workshop.backend(workshop.script("pass"), warm=True)
    events = workshop.one_by_one(backend, [{"text": "x" * 5_000_000}, {"text": "x" * 90_000}])
    assert "Argument list too long" in events.end(0).error
    assert events.end(1).exit == "ok"


def test_each_trial_has_its_cores_and_devices(
    workshop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    script = workshop.python(
        "report(cores=len(os.sched_getaffinity(0)), device=os.environ['CUDA_VISIBLE_DEVICES'])\n"
        "time.sleep(1000)"
    )
    backend = workshop.backend(
        script, {"n_workers": 2}, warm=True, num_gpus=2, num_cpus_per_trial=1, stop_grace=0.1
    )
    for trial in range(2):
        backend.start(workshop.job(trial))
    events = workshop.first(backend, 2)
    reports = events.reports(0) + events.reports(1)
    assert [report["cores"] for report in reports] == [1, 1]
    assert sorted(report["device"] for report in reports) == ["0", "1"]


# ---- functions ----------------------------------------------------------------------------


CONFIGS = [{"x": 0.25}, {"x": 0.5}]


def of_y() -> dict[str, Any]:
    return {"problem": Problem.create({"x": uniform(0.0, 1.0)}, metric="y")}


class Noted:
    """Leaves a mark in a file each time it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        with open(self.path, "a") as file:
            file.write("x")


def test_a_function_is_loaded_once(workshop: Any, tmp_path: Path) -> None:
    noted = Noted(tmp_path / "loads")

    def train(x: float) -> dict[str, Any]:
        import colorsys

        return {"y": x + colorsys.ONE_THIRD, "path": str(noted.path), "argv": len(sys.argv)}

    backend = workshop.function_backend(train, of_y(), warm=True)
    events = workshop.one_by_one(backend, CONFIGS)
    for trial, config in enumerate(CONFIGS):
        (report,) = events.reports(trial)
        assert report["y"] == config["x"] + 1 / 3
        assert report["argv"] == 1
    assert noted.path.read_text() == "x"


def test_a_function_fails_as_ever(workshop: Any) -> None:
    def train(x: float) -> float:
        raise ValueError(f"{x} is bad")

    errors = []
    for is_warm in (False, True):
        backend = workshop.function_backend(train, of_y(), warm=is_warm)
        errors.append(workshop.one_by_one(backend, CONFIGS[:1]).end().error.split("\n"))
        backend.close()
    cold, warmed = errors
    assert cold[0] == warmed[0] == "exit code 1; end of std.err:"
    assert cold[-3:] == warmed[-3:]
    assert warmed[-1] == "ValueError: 0.25 is bad"


def test_a_function_that_cannot_be_loaded_says_so_in_its_trial(
    workshop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def __reduce__(self) -> Any:
            return int, ("no number",)

    broken = Broken()
    backend = workshop.function_backend(lambda x: (x, broken), of_y(), warm=True)
    with caplog.at_level(logging.WARNING):
        end = workshop.one_by_one(backend, CONFIGS[:1]).end()
    assert end.error.endswith("ValueError: invalid literal for int() with base 10: 'no number'")
    assert "are not started warm: the function cannot be loaded: ValueError(" in caplog.text
