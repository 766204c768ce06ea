from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path

import pytest

from synecore_local.warm.own_modules import OwnModules, stamps


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that can be imported, and is none after the test."""
    name = f"module_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, name, None)
    del sys.modules[name]
    return name


def test_modules_of_the_user_are_known_in_order(module: str) -> None:
    own = OwnModules()
    before = list(own.loaded())
    assert sys.modules["json"] not in before
    assert not any(m.__name__.startswith(("numpy", "synecore_local.")) for m in before)
    assert own.loaded() == before
    loaded = importlib.import_module(module)
    assert own.loaded() == [*before, loaded]


def test_the_stamp_of_a_file_is_its_time_and_size(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = 1")
    changed = file.stat().st_mtime_ns
    assert stamps([str(file)], changed) == [(str(file), changed, 5)]
    assert stamps([str(tmp_path / "archive.zip" / "a.py")], changed) == []


def test_a_file_that_may_have_been_read_before_its_change_has_no_size(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = 1")
    began = file.stat().st_mtime_ns - 1
    assert stamps([str(file)], began)[0][2] == -1
    future = time.time_ns() + 10**12  # by a clock that is wrong, or of another machine
    os.utime(file, ns=(future, future))
    assert stamps([str(file)], began) == [(str(file), future, 5)]
