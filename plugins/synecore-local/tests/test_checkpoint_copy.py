from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from synecore.errors import TrialError
from synecore_local import checkpoint_copy as module
from synecore_local.checkpoint_copy import CheckpointCopy
from synecore_local.trial_folder import TrialFolder


@pytest.fixture
def donor(tmp_path: Path) -> TrialFolder:
    donor = TrialFolder(tmp_path, 0)
    donor.checkpoints.mkdir(parents=True)
    (donor.checkpoints / "model.bin").write_bytes(b"m" * 1000)
    return donor


@pytest.fixture
def child(tmp_path: Path) -> TrialFolder:
    child = TrialFolder(tmp_path, 1)
    child.prepare({})
    return child


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """What a copy waits for in its middle, as if the checkpoint were huge."""
    gate = threading.Event()
    copy_from = TrialFolder.copy_from

    def slowly(self: TrialFolder, donor: TrialFolder) -> Any:
        copy = copy_from(self, donor)
        assert gate.wait(10)
        return copy

    monkeypatch.setattr(TrialFolder, "copy_from", slowly)
    return gate


def names(folder: TrialFolder) -> list[str]:
    return sorted(path.name for path in folder.path.iterdir())


def test_a_small_checkpoint_is_there_at_once(
    donor: TrialFolder, child: TrialFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SOON", 10.0)
    copy = CheckpointCopy(donor, child)
    assert copy.is_done()
    assert not child.checkpoints.exists(), "before it is wanted"
    assert copy.finish()
    assert (child.checkpoints / "model.bin").read_bytes() == b"m" * 1000
    assert names(child) == ["checkpoints", "config.json"]


def test_nobody_waits_for_a_large_one(
    donor: TrialFolder, child: TrialFolder, gate: threading.Event
) -> None:
    copy = CheckpointCopy(donor, child)
    assert not copy.is_done()
    assert not child.checkpoints.exists()
    gate.set()
    copy.wait()
    assert copy.is_done()
    assert copy.finish()
    assert names(child) == ["checkpoints", "config.json"]


def test_there_may_be_nothing_to_copy(tmp_path: Path, child: TrialFolder) -> None:
    assert not CheckpointCopy(TrialFolder(tmp_path, 5), child).finish()
    assert not child.checkpoints.exists()


def test_what_went_wrong_is_said_where_the_copy_is_needed(
    donor: TrialFolder, child: TrialFolder
) -> None:
    (child.path / "config.json").unlink()
    child.path.rmdir()
    child.path.write_text("a file where the trial's folder should be")
    with pytest.raises(OSError, match="Not a directory"):
        CheckpointCopy(donor, child).finish()


def test_a_file_that_cannot_be_copied_is_named(
    donor: TrialFolder, child: TrialFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copytree", full)
    with pytest.raises(TrialError, match=r"could not be copied: \[Errno 28\] No space left on"):
        CheckpointCopy(donor, child).finish()
    assert names(child) == ["config.json"]


@pytest.mark.parametrize("early", [True, False])
def test_a_copy_that_nobody_wants_any_more_is_removed(
    donor: TrialFolder, child: TrialFolder, gate: threading.Event, early: bool
) -> None:
    copy = CheckpointCopy(donor, child)
    if not early:
        gate.set()
        copy.wait()
    copy.abandon()
    gate.set()
    copy.wait()
    assert names(child) == ["config.json"]


# ---- in the backend -----------------------------------------------------------------------

WRITE = """
from pathlib import Path
folder = Path(sys.argv[-1])
if sys.argv[2] == "write":
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"m" * 1000)
report(found=sorted(path.name for path in folder.glob("*")))
"""


@pytest.fixture
def backend(workshop: Any, gate: threading.Event) -> Any:
    """A backend with trial 0, which has ended and has left a checkpoint that takes long to copy."""
    backend = workshop.backend(workshop.python(WRITE))
    backend.start(workshop.job(0, {"do": "write"}))
    assert workshop.collect(backend).reports() == [{"found": ["model.bin"]}]
    return backend


def test_other_trials_run_while_a_checkpoint_is_copied(
    backend: Any, workshop: Any, gate: threading.Event
) -> None:
    backend.start(workshop.job(1, {"do": "read"}, checkpoint_of=0))
    backend.start(workshop.job(1, {"do": "read"}, checkpoint_of=0))
    backend.start(workshop.job(2, {"do": "read"}))
    assert workshop.collect(backend).reports(2) == [{"found": []}]
    gate.set()
    events = workshop.collect(backend)
    assert events.reports(1) == [{"found": ["model.bin"]}]


def test_a_trial_can_be_stopped_whose_checkpoint_is_copied(
    backend: Any, workshop: Any, gate: threading.Event
) -> None:
    backend.start(workshop.job(1, {"do": "read"}, checkpoint_of=0))
    backend.stop(1, keep_checkpoint=True)
    (end,) = backend.poll(0.0)
    assert (end.trial, end.exit) == (1, "killed")
    backend.start(workshop.job(1, {"do": "read"}, checkpoint_of=0, resumes=True))
    gate.set()
    assert workshop.collect(backend).reports(1) == [{"found": ["model.bin"]}]
    workshop.wait(
        lambda: (
            sorted(path.name for path in backend.trial_path(1).iterdir())
            == ["checkpoints", "config.json", "std.err", "std.out"]
        )
    )


def test_a_checkpoint_is_removed_only_when_it_has_been_copied(
    backend: Any, workshop: Any, gate: threading.Event
) -> None:
    backend.start(workshop.job(1, {"do": "read"}, checkpoint_of=0))
    threading.Timer(0.05, gate.set).start()
    backend.delete_checkpoint(0)
    assert not backend.checkpoint_trial_path(0).exists()
    assert workshop.collect(backend).reports(1) == [{"found": ["model.bin"]}]


def test_a_copy_that_fails_fails_its_trial_only(
    workshop: Any, backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: TrialFolder, donor: TrialFolder) -> Path:
        raise TrialError("the checkpoint changed")

    monkeypatch.setattr(TrialFolder, "copy_from", fail)
    backend.start(workshop.job(1, {"do": "read"}, checkpoint_of=0))
    end = workshop.collect(backend).end(1)
    assert (end.exit, end.error, end.hopeless) == (
        "failed", "the trial could not be started: the checkpoint changed", False,
    )  # fmt: skip
