from __future__ import annotations

import threading

import pytest

from synecore.errors import ExperimentError
from synecore.tuning import commands
from synecore.tuning.commands import CommandBox, send
from synecore.tuning.lock import FolderLock


@pytest.fixture(autouse=True)
def _look_always(monkeypatch):
    monkeypatch.setattr(commands, "_LOOK_EVERY", 0.0)


def test_nothing_is_there_without_a_folder(tmp_path):
    assert list(CommandBox(tmp_path).look()) == []


def test_a_command_is_answered(tmp_path):
    box, replies = CommandBox(tmp_path), []
    with FolderLock(tmp_path):
        sender = threading.Thread(target=lambda: replies.append(send(tmp_path, "add", config={})))
        sender.start()
        found = []
        while not found:
            found = list(box.look())
        assert (found[0].do, found[0].values) == ("add", {"config": {}})
        found[0].reply("queued")
        sender.join()
    assert replies == ["queued"]
    assert list((tmp_path / "commands").iterdir()) == []


def test_a_refusal_is_raised_where_it_was_asked(tmp_path):
    box, errors = CommandBox(tmp_path), []

    def ask() -> None:
        with pytest.raises(ExperimentError, match="no trial 9") as error:
            send(tmp_path, "stop_trial", trial=9)
        errors.append(error)

    with FolderLock(tmp_path):
        sender = threading.Thread(target=ask)
        sender.start()
        found = []
        while not found:
            found = list(box.look())
        found[0].reply("there is no trial 9", ok=False)
        sender.join()
    assert len(errors) == 1


def test_garbage_is_answered_and_forgotten(tmp_path):
    (tmp_path / "commands").mkdir()
    (tmp_path / "commands" / "1.json").write_text("[")
    assert list(CommandBox(tmp_path).look()) == []
    assert (tmp_path / "commands" / "1.reply").exists()


def test_without_a_tuner_there_is_a_clear_error(tmp_path):
    with pytest.raises(ExperimentError, match=r"no tuner is running .* `synecore resume"):
        send(tmp_path, "stop")


def test_no_answer_in_time_is_a_clear_error(tmp_path):
    with (
        FolderLock(tmp_path),
        pytest.raises(ExperimentError, match=r"did not answer within 0\.1 s"),
    ):
        send(tmp_path, "stop", wait=0.1)
    assert list((tmp_path / "commands").iterdir()) == []
