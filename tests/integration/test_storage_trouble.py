"""A full disk, a folder that cannot be written, torn files: nothing finished is lost."""

from __future__ import annotations

import logging
import os
import threading
import time

import pytest

from synecore import StoppingCriterion, Tuner, make_scheduler
from synecore.errors import ExperimentError, StoreError
from synecore.space import uniform
from synecore.testing import InlineBackend
from synecore.trials import columns
from synecore.tuning import session
from synecore.tuning.experiment import Experiment


def evaluate(config, epoch):
    return {"epoch": epoch, "loss": config["x"] / epoch}


def make_tuner(limit: int = 40, **options) -> Tuner:
    scheduler = make_scheduler(
        "asha", {"x": uniform(0, 1)}, metric="loss", resource_attr="epoch", max_t=9, random_seed=1
    )
    settings = {"n_workers": 3, "tuner_name": "run", "suffix_tuner_name": False, "display": "none"}
    return Tuner(
        InlineBackend(evaluate), scheduler, StoppingCriterion(max_num_trials_finished=limit),
        **{**settings, **options},
    )  # fmt: skip


def resume(**options) -> Experiment:
    return Tuner.resume(
        "run", trial_backend=InlineBackend(evaluate), strict=True, display="none", **options
    ).run()


def same(a: Experiment, b: Experiment) -> bool:
    left, right = columns(a.table()), columns(b.table())
    return all(left[name].tobytes() == right[name].tobytes() for name in right)


@pytest.fixture
def whole(monkeypatch, tmp_path):
    """The same run without any trouble."""
    monkeypatch.setenv("SYNECORE_FOLDER", str(tmp_path / "whole"))
    experiment = make_tuner().run()
    monkeypatch.setenv("SYNECORE_FOLDER", str(tmp_path / "troubled"))
    return experiment


class FullDisk:
    """os.write that fails with ENOSPC, after writing a part, while `full` is set."""

    def __init__(self, monkeypatch) -> None:
        self.full, self.refusals, self._write = False, 0, os.write
        monkeypatch.setattr(os, "write", self)

    def __call__(self, descriptor: int, data: bytes) -> int:
        if self.full and len(data) > 10:
            self.refusals += 1
            if self.refusals % 2:
                return self._write(descriptor, bytes(data)[:7])
            raise OSError(28, "No space left on device")
        return self._write(descriptor, data)


def test_a_disk_that_is_emptied_in_time_costs_nothing(whole, monkeypatch, caplog):
    disk = FullDisk(monkeypatch)

    class Fill:
        def events(self, experiment, events):
            if experiment.trials.n_trials >= 10 and not disk.refusals:
                disk.full = True
                threading.Timer(0.4, lambda: setattr(disk, "full", False)).start()

    with caplog.at_level(logging.ERROR, "synecore.tuning.session"):
        experiment = make_tuner(callbacks=[Fill()]).run()
    assert disk.refusals > 0
    assert any("No space left" in record.message for record in caplog.records)
    assert same(experiment, whole)


def test_a_disk_that_stays_full_ends_the_run_and_loses_nothing(whole, monkeypatch):
    monkeypatch.setattr(session.Policy, "__init__", _impatient(session.Policy.__init__))
    disk = FullDisk(monkeypatch)

    class Fill:
        def events(self, experiment, events):
            disk.full = disk.full or experiment.trials.n_trials >= 10

    with pytest.raises(StoreError, match="No space left on device"):
        make_tuner(callbacks=[Fill()]).run()
    disk.full = False
    assert same(resume(), whole)


def _impatient(init):
    def patched(self, **values):
        init(self, **{**values, "store_patience": 0.3})

    return patched


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SYNECORE_FOLDER", str(tmp_path / "file"))
    with pytest.raises(ExperimentError, match=r"cannot make .* choose another place with SYNECORE"):
        make_tuner().run()


@pytest.fixture
def half(whole):
    """An experiment that stopped half-way, with a snapshot."""

    class Halt:
        def events(self, experiment, events):
            if experiment.trials.n_trials == 20:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_tuner(callbacks=[Halt()]).run()
    return Experiment.open("run"), whole


def test_a_half_run_resumes_to_the_whole_one(half):
    _, whole = half
    assert same(resume(), whole)


def test_a_torn_last_line_is_dropped(half):
    experiment, whole = half
    journal = experiment.path / "journal.jsonl"
    with open(journal, "ab") as file:
        file.write(journal.read_bytes().splitlines()[-1][:-9])
    assert same(resume(), whole)


def test_a_corrupt_snapshot_is_passed_over(half):
    experiment, whole = half
    store = experiment.store(mode="a")
    from synecore.protocols import Snapshot

    store.save_snapshot(Snapshot(n_events=5, state={"nonsense": 1}))
    store.close()
    for path in experiment.path.glob("snapshot-*"):
        path.write_bytes(path.read_bytes()[:-5] + b"?????")
    assert same(resume(), whole)


def test_corrupt_metadata_is_a_clear_error(half):
    experiment, _ = half
    (experiment.path / "metadata.json").write_text("{")
    with pytest.raises(ExperimentError, match=r"metadata\.json cannot be read"):
        resume()


def test_a_corrupt_line_in_the_middle_names_file_and_line(half):
    experiment, _ = half
    journal = experiment.path / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[3] = b"#" + lines[3][1:]
    journal.write_bytes(b"".join(lines))
    with pytest.raises(StoreError, match=r"journal\.jsonl.* line 4"):
        resume()


def test_snapshots_are_taken_while_a_long_run_goes_on(monkeypatch):
    monkeypatch.setattr(session, "_SNAPSHOT_EVERY", 20)
    seen = []

    class Watch:
        def events(self, experiment, events):
            seen.append(len(list(experiment.folder.glob("snapshot-*.json"))))

    began = time.monotonic()
    make_tuner(30, callbacks=[Watch()]).run()
    assert max(seen) >= 1
    assert time.monotonic() - began < 30
