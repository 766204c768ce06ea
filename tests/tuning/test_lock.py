from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from synecore.errors import ExperimentError
from synecore.tuning.lock import FolderLock, is_running


def test_a_second_tuner_is_refused(tmp_path):
    with FolderLock(tmp_path):
        assert is_running(tmp_path)
        with pytest.raises(ExperimentError, match=f"is being written by process {os.getpid()}"):
            FolderLock(tmp_path).__enter__()
    assert not is_running(tmp_path)


def test_the_folder_is_free_again_afterwards(tmp_path):
    with FolderLock(tmp_path):
        pass
    with FolderLock(tmp_path):
        pass


def test_a_dead_owner_is_replaced(tmp_path):
    process = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                             capture_output=True, text=True, check=True)  # fmt: skip
    owner = {"host": socket.gethostname(), "pid": int(process.stdout), "began": "1"}
    (tmp_path / "tuner.lock").write_text(json.dumps(owner))
    assert not is_running(tmp_path)
    with FolderLock(tmp_path):
        assert is_running(tmp_path)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_an_owner_that_was_killed_and_not_waited_for_is_replaced(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    stat = Path(f"/proc/{process.pid}/stat")
    owner = {
        "host": socket.gethostname(),
        "pid": process.pid,
        "began": stat.read_text().split()[21],
    }
    (tmp_path / "tuner.lock").write_text(json.dumps(owner))
    assert is_running(tmp_path)
    process.kill()
    while ") Z " not in stat.read_text():
        time.sleep(0.01)
    assert not is_running(tmp_path)
    with FolderLock(tmp_path):
        pass
    process.wait()


def test_a_process_id_in_use_again_does_not_keep_the_folder(tmp_path):
    owner = {"host": socket.gethostname(), "pid": os.getpid(), "began": "1"}
    (tmp_path / "tuner.lock").write_text(json.dumps(owner))
    with FolderLock(tmp_path):
        pass


def test_an_owner_on_another_host_is_left_alone(tmp_path):
    (tmp_path / "tuner.lock").write_text(json.dumps({"host": "elsewhere", "pid": 1, "began": ""}))
    with pytest.raises(ExperimentError, match="on elsewhere; stop that tuner first"):
        FolderLock(tmp_path).__enter__()


def test_a_half_written_lock_is_replaced(tmp_path):
    (tmp_path / "tuner.lock").write_text('{"ho')
    with FolderLock(tmp_path):
        assert is_running(tmp_path)


def test_a_missing_folder_is_a_clear_error(tmp_path):
    with pytest.raises(ExperimentError, match="cannot write to the experiment's folder"):
        FolderLock(tmp_path / "missing").__enter__()
