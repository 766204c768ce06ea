from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from synecore.errors import TrialError
from synecore_local import trial_folder as module
from synecore_local.trial_folder import TrialFolder, tidy


@pytest.fixture
def donor(tmp_path: Path) -> TrialFolder:
    donor = TrialFolder(tmp_path, 0)
    (donor.checkpoints / "deep").mkdir(parents=True)
    (donor.checkpoints / "model.bin").write_bytes(b"m" * 1000)
    (donor.checkpoints / "deep" / "state.json").write_text("{}")
    return donor


@pytest.fixture
def child(tmp_path: Path) -> TrialFolder:
    child = TrialFolder(tmp_path, 1)
    child.prepare({"lr": 0.1})
    return child


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_files_have_the_documented_names(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path, 12)
    names = [folder.config, folder.out, folder.err, folder.stopped, folder.checkpoints]
    assert [str(path.relative_to(tmp_path)) for path in names] == [
        "12/config.json", "12/std.out", "12/std.err", "12/stop", "12/checkpoints",
    ]  # fmt: skip


def test_prepare_writes_the_configuration_and_makes_no_checkpoint_folder(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path, 0)
    folder.prepare({"lr": np.float64(0.1), "layers": np.array([3, 2]), "name": "é"})
    assert json.loads(folder.config.read_text()) == {"lr": 0.1, "layers": [3, 2], "name": "é"}
    assert sorted(p.name for p in folder.path.iterdir()) == ["config.json"]


def test_prepare_keeps_output_ends_its_last_line_and_takes_the_marker_away(
    child: TrialFolder,
) -> None:
    child.out.write_bytes(b"one\ntwo")
    child.err.write_bytes(b"whole\n")
    child.mark_stopped()
    assert child.stopped.exists()
    child.prepare({})
    assert child.out.read_bytes() == b"one\ntwo\n"
    assert child.err.read_bytes() == b"whole\n"
    assert not child.stopped.exists()


def test_a_checkpoint_is_copied_whole(donor: TrialFolder, child: TrialFolder) -> None:
    (child.checkpoints).mkdir()
    (child.checkpoints / "old").touch()
    assert child.copy_checkpoint(donor)
    assert tree(child.checkpoints) == tree(donor.checkpoints)
    assert sorted(p.name for p in child.path.iterdir()) == ["checkpoints", "config.json"]


def test_no_checkpoint_nothing_to_copy(tmp_path: Path, child: TrialFolder) -> None:
    assert not child.copy_checkpoint(TrialFolder(tmp_path, 5))
    assert not child.checkpoints.exists()


def test_a_checkpoint_that_is_being_written_is_copied_once_it_rests(
    donor: TrialFolder, child: TrialFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    copytree, copies = module.shutil.copytree, []

    def copy_while_the_donor_writes(source: Path, target: Path, *args: object, **kw: bool) -> None:
        copytree(source, target, *args, **kw)
        if source == donor.checkpoints:
            copies.append(target)
            if len(copies) < 3:
                (source / "model.bin").write_bytes(b"n" * (2000 + len(copies)))

    monkeypatch.setattr(module.shutil, "copytree", copy_while_the_donor_writes)
    monkeypatch.setattr(module, "_PAUSE", 0.001)
    assert child.copy_checkpoint(donor)
    assert len(copies) == 3
    assert tree(child.checkpoints)["model.bin"] == b"n" * 2002


def test_a_checkpoint_that_never_rests_is_an_error(
    donor: TrialFolder, child: TrialFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    monkeypatch.setattr(module, "_COPIES", 3)
    listing = module._listing

    def never_the_same(folder: Path) -> object:
        os.utime(folder / "model.bin", ns=(0, next(times)))
        return listing(folder)

    times = iter(range(1, 1000))
    monkeypatch.setattr(module, "_listing", never_the_same)
    with pytest.raises(TrialError, match="changed during each of 3 tries to copy it; let the"):
        child.copy_checkpoint(donor)
    assert sorted(p.name for p in child.path.iterdir()) == ["config.json"]


def test_a_copy_is_never_torn_while_the_donor_replaces_files(
    donor: TrialFolder, child: TrialFolder
) -> None:
    done = threading.Event()

    def write() -> None:
        n = 0
        while not done.wait(0.01):
            n += 1
            new = donor.checkpoints / "new"
            new.write_bytes(bytes([n % 256]) * 50_000)
            new.replace(donor.checkpoints / "model.bin")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert child.copy_checkpoint(donor)
    finally:
        done.set()
        writer.join()
    assert len(set(tree(child.checkpoints)["model.bin"])) == 1


def test_deleting_a_checkpoint_twice_is_harmless(donor: TrialFolder) -> None:
    donor.delete_checkpoint()
    donor.delete_checkpoint()
    assert not donor.checkpoints.exists()


def test_nothing_is_seen_of_a_checkpoint_that_is_being_deleted(
    donor: TrialFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    rmtree, seen = module.shutil.rmtree, []

    def look_first(folder: Path, **options: bool) -> None:
        seen.append(donor.checkpoints.exists())
        rmtree(folder, **options)

    monkeypatch.setattr(module.shutil, "rmtree", look_first)
    donor.delete_checkpoint()
    assert seen == [False, False]
    assert list(donor.path.iterdir()) == []


def test_a_link_in_place_of_the_checkpoints_is_left_alone(
    donor: TrialFolder, tmp_path: Path
) -> None:
    elsewhere = TrialFolder(tmp_path, 7)
    elsewhere.path.mkdir()
    elsewhere.checkpoints.symlink_to(donor.checkpoints)
    elsewhere.delete_checkpoint()
    assert len(tree(donor.checkpoints)) == 2


KILLED = """
import shutil, sys
from pathlib import Path
from synecore_local.trial_folder import TrialFolder

def half(source, target, **options):
    (target / "model.bin").write_bytes(b"m" * 500)
    print("half", flush=True)
    sys.stdin.read()

def rename_only(folder, **options):
    print("half", flush=True)
    sys.stdin.read()

donor, child = (TrialFolder(Path(sys.argv[1]), trial) for trial in range(2))
if sys.argv[2] == "copy":
    shutil.copytree = half
    child.copy_checkpoint(donor)
else:
    shutil.rmtree = rename_only
    donor.delete_checkpoint()
"""


@pytest.mark.parametrize("what", ["copy", "delete"])
def test_a_tuner_that_is_killed_leaves_a_whole_checkpoint_or_none(
    donor: TrialFolder, child: TrialFolder, tmp_path: Path, what: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        process.kill()
    folder = child if what == "copy" else donor
    assert not folder.checkpoints.exists()
    assert any(path.name.startswith(".checkpoints-") for path in folder.path.iterdir())
    tidy(tmp_path)
    assert {path.name for path in folder.path.iterdir()} <= {"config.json"}
    if what == "copy":
        assert child.copy_checkpoint(donor)
        assert tree(child.checkpoints) == tree(donor.checkpoints)
