from __future__ import annotations

from synecore_trackers.wandb_notes import NAME, Notes


def test_what_counts_is_what_a_run_was_told_when_it_was_finished(tmp_path):
    notes = Notes(tmp_path / "wandb")
    assert notes.held["trial-0"] == 0
    notes.begins("trial-0", "offline-run-a")
    notes.finished("trial-0", 3)
    notes.begins("trial-0", "offline-run-b")
    notes.finished("trial-0", 7)
    notes.begins("trial-1", "offline-run-c")
    notes.close()
    again = Notes(tmp_path / "wandb")
    assert again.held == {"trial-0": 7}
    again.close()


def test_the_folder_of_a_run_that_was_not_finished_is_set_aside(tmp_path):
    notes = Notes(tmp_path)
    for run, folder in [("one", "offline-run-1"), ("two", "offline-run-2"), ("three", "run-3")]:
        (tmp_path / folder).mkdir()
        notes.begins(run, folder)
    notes.begins("four", "offline-run-gone")
    notes.finished("one", 1)
    notes.close()
    for _ in range(2):
        Notes(tmp_path).close()
        assert {path.name for path in tmp_path.iterdir()} == {
            "offline-run-1", "unfinished-offline-run-2", "run-3", NAME,
        }  # fmt: skip


def test_a_line_that_was_cut_short_is_no_line(tmp_path):
    notes = Notes(tmp_path)
    notes.finished("one", 1)
    notes.close()
    with (tmp_path / NAME).open("a") as file:
        file.write('{"run": "one", "tol')
    again = Notes(tmp_path)
    assert again.held == {"one": 1}
    again.finished("one", 2)
    again.close()
    last = Notes(tmp_path)
    assert last.held == {"one": 2}
    last.close()
