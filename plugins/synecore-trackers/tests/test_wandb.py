"""Offline runs read back: files of records of wandb's own protocol buffers."""

from __future__ import annotations

import json
import logging
import math
import os
import struct
import subprocess
import sys

import pytest

from synecore.plugins.registry import default_registry
from synecore_trackers import WandbCallback

pytestmark = [pytest.mark.heavy, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.setenv("WANDB_SILENT", "true")
    for name in ("WANDB_MODE", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)


def records(path):
    """Yield the records of a file, as LevelDB's logs have them after a head of seven bytes.

    A block of 32 KiB holds pieces: a checksum, the size, whether it is a whole record (1) or its
    first, middle or last piece (2, 3, 4), and the bytes.
    """
    from wandb.proto.wandb_internal_pb2 import Record

    content, position, pieces = path.read_bytes(), 7, []
    while position + 7 <= len(content):
        left = 32768 - position % 32768
        if left < 7:
            position += left
            continue
        _, size, kind = struct.unpack_from("<IHB", content, position)
        piece = content[position + 7 : position + 7 + size]
        if len(piece) < size:
            return
        pieces.append(piece)
        position += 7 + size
        if kind in (1, 4):
            yield Record.FromString(b"".join(pieces))
            pieces.clear()


def values_of(items):
    return {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in items}


def read(experiment):
    """Return name of a run -> its begin, its history and its summary, all its files together."""
    found = {}
    files = experiment.path.glob("wandb/offline-run-*/*.wandb")
    for file in sorted(files, key=lambda file: file.stat().st_mtime_ns):
        run = None
        for record in records(file):
            match record.WhichOneof("record_type"):
                case "run":
                    new = {"run": record.run, "history": [], "summary": {}, "ids": set()}
                    run = found.setdefault(record.run.display_name, new)
                    run["ids"].add(record.run.run_id)
                case "history":
                    run["history"].append(values_of(record.history.item))
                case "summary":
                    run["summary"] |= values_of(record.summary.update)
                case "exit":
                    run["exit"] = record.exit.exit_code
    return found


def reported(experiment):
    """Return run -> (epoch, loss) of the reports that count, from the journal."""
    found = {f"trial-{trial}": [] for trial in range(experiment.table().n_trials)}
    for row in experiment.rows():
        if row["status"] == "InProgress":
            found[f"trial-{row['trial_id']}"].append((row["epoch"], row["loss"]))
    return found


def check(experiment, runs):
    histories = {
        name: [(row["epoch"], row["loss"]) for row in run["history"]]
        for name, run in runs.items()
        if name != "best"
    }
    assert histories == reported(experiment)
    for run in runs.values():
        steps = [row["_step"] for row in run["history"]]
        assert steps == sorted(set(steps))
        assert len(run["ids"]) == 1


def test_a_trial_is_a_run_with_its_configuration_history_and_end(make_tuner):
    experiment = make_tuner("wandb", n=40, type="stopping").run()
    runs = read(experiment)
    check(experiment, runs)
    table = experiment.table()
    seen = set()
    for trial in range(table.n_trials):
        run = runs[f"trial-{trial}"]
        status = table.status(trial).label
        seen.add(status)
        assert run["run"].project == "synecore"
        assert run["run"].run_group == experiment.name
        assert run["run"].job_type == "trial"
        assert run["summary"]["status"] == status
        assert run["exit"] == (status == "Failed")
        config = values_of(run["run"].config.update)
        assert {name: config[name] for name in ("x", "act", "epochs")} == table.configs[trial]
        for row in run["history"]:
            assert row["_step"] == row["epoch"]
            assert math.isnan(float(row["nan"]))
            assert "top@5" in row
            assert "text" not in row
    assert seen == {"Completed", "Stopped", "Failed"}


def test_the_run_of_the_best_has_the_best_so_far(make_tuner):
    experiment = make_tuner("wandb", n=40).run()
    run, best = read(experiment)["best"], experiment.best_config()
    values = [row["best/loss"] for row in run["history"]]
    assert values == sorted(values, reverse=True)
    assert run["history"][-1]["best_trial"] == best["trial_id"]
    assert run["history"][-1]["best_config/x"] == best["config_x"]
    assert run["summary"]["best/loss"] == best["loss"]
    counts = [row["reports"] for row in run["history"]]
    assert counts == sorted(counts)


def test_a_resumed_experiment_goes_on_under_the_same_identifiers(make_tuner, resume):
    make_tuner("wandb", n=15).run()
    resume(30).run()
    experiment = resume(45).run()
    runs = read(experiment)
    check(experiment, runs)
    assert runs["best"]["history"][-1]["best/loss"] == experiment.best_config()["loss"]


def test_a_callback_added_on_resumption_tells_the_whole_history(make_tuner, resume):
    make_tuner(n=15).run()
    experiment = resume(30, "wandb").run()
    check(experiment, read(experiment))


def test_a_killed_tuner_leaves_nothing_out_and_nothing_twice(run_and_kill, resume):
    run_and_kill("wandb", "wandb/synecore.jsonl", b'"best"')
    experiment = resume(60, "wandb").run()
    check(experiment, read(experiment))
    # Those that were open, that of the best among them.
    aside = [path.name for path in experiment.path.glob("wandb/unfinished-offline-run-*")]
    assert 1 <= len(aside) <= 3
    assert any(name.endswith("-best") for name in aside)


def test_the_command_line_of_wandb_finds_the_runs(make_tuner):
    experiment = make_tuner("wandb", n=10, type="stopping").run()
    folders = list(experiment.path.glob("wandb/offline-run-*"))
    done = subprocess.run(
        [sys.executable, "-m", "wandb", "sync", "--dry-run", "--verbose", *folders],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, cwd=experiment.path,
        env={**os.environ, "WANDB_SILENT": "false"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for name in read(experiment):
        assert f"-{name}.wandb" in done.stdout + done.stderr


def test_project_and_group_of_ones_own(make_tuner, monkeypatch):
    callback = WandbCallback(project="mine", group="first", mode="offline")
    experiment = make_tuner(callback, n=3, type="stopping").run()
    run = read(experiment)["trial-0"]["run"]
    assert (run.project, run.run_group) == ("mine", "first")
    monkeypatch.setenv("WANDB_PROJECT", "variable")
    assert WandbCallback().project == "variable"


def test_disabled_writes_nothing(make_tuner, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    experiment = make_tuner("wandb", n=3).run()
    assert list(experiment.path.glob("wandb/*run*")) == []


def test_a_folder_that_cannot_be_written_does_not_end_the_run(make_tuner, caplog, monkeypatch):
    monkeypatch.setattr(default_registry(), "strict", False)  # CI turns logged failures into errors
    tuner = make_tuner("wandb", n=5)
    tuner.tuner_path.mkdir(parents=True)
    (tuner.tuner_path / "wandb").write_text("in the way")
    with caplog.at_level(logging.ERROR):
        experiment = tuner.run()
    assert len(list(experiment.rows())) >= 5
    assert "WandbCallback" in caplog.text
