"""Callbacks given by name: from a plugin, with options, and again on resumption."""

from __future__ import annotations

import json
import logging

import pytest

from synecore import Experiment, StoppingCriterion, Tuner, make_scheduler
from synecore.errors import OptionError, UnknownComponentError
from synecore.plugins.index import default_index
from synecore.plugins.registry import default_registry
from synecore.space import uniform
from synecore.testing import InlineBackend

PLUGIN = """
    import attrs
    from synecore.options import option
    from synecore.plugins import Component, hookimpl


    @attrs.frozen(kw_only=True)
    class Options:
        file: str = option(default="seen.txt", doc="Where to write, in the experiment's folder.")


    class Note:
        def __init__(self, setup, options):
            self.options = options

        def experiment_start(self, experiment):
            self.path = experiment.folder / self.options.file

        def events(self, experiment, events):
            with open(self.path, "a") as file:
                file.writelines(f"{type(event).__name__}\\\\n" for event in events)


    @hookimpl
    def synecore_components(kind):
        return [Component("note", "toy_note:Note", Options)] if kind == "callback" else []
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A distribution with one callback; the path of its metadata."""
    site = tmp_path / "site"
    info = site / "toy_note-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-note\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[synecore.v1.callbacks]\nnote = toy_note\n")
    lines = (line[4:] for line in PLUGIN.replace("\\\\n", "\\n").splitlines())
    (site / "toy_note.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(site)
    forget()
    yield info
    forget()


def forget():
    default_index.cache_clear()
    default_registry.cache_clear()


def tuner(callbacks):
    scheduler = make_scheduler("fifo", {"x": uniform(0, 1)}, metric="loss", random_seed=0)
    backend = InlineBackend(lambda config, step: {"loss": config["x"]}, on_disk=False)
    criterion = StoppingCriterion(max_num_trials_finished=1)
    return Tuner(backend, scheduler, criterion, callbacks=callbacks, display="none")


def resumed(path):
    backend = InlineBackend(lambda config, step: {"loss": config["x"]}, on_disk=False)
    criterion = StoppingCriterion(max_num_trials_finished=3)
    return Tuner.resume(path, trial_backend=backend, stop_criterion=criterion, display="none")


def noted(path, file="seen.txt"):
    return (path / file).read_text().split()


def kinds(path):
    return [type(event).__name__ for event in Experiment.open(path).events()]


def test_a_callback_by_name_sees_all_events_before_and_after_a_resumption(plugin):
    path = tuner(["note"]).run().path
    assert noted(path) == kinds(path)
    before = len(noted(path))
    resumed(path).run()
    assert len(noted(path)) > before
    assert noted(path) == [kind for kind in kinds(path) if kind != "Amended"]


def test_a_callback_takes_options_and_they_are_kept(plugin):
    path = tuner([{"name": "note", "file": "other.txt"}]).run().path
    recorded = json.loads((path / "metadata.json").read_text())["components"]["callbacks"]
    assert [(spec["name"], spec["options"]) for spec in recorded] == [
        ("note", {"file": "other.txt"})
    ]
    resumed(path).run()
    assert noted(path, "other.txt") == [kind for kind in kinds(path) if kind != "Amended"]


def test_an_experiment_goes_on_without_a_callback_whose_plugin_is_gone(plugin, caplog):
    path = tuner(["note"]).run().path
    before = noted(path)
    (plugin / "METADATA").unlink()
    (plugin / "entry_points.txt").unlink()
    plugin.rmdir()
    forget()
    with caplog.at_level(logging.WARNING):
        resumed(path).run()
    assert "goes on without callback 'note'" in caplog.text
    assert noted(path) == before


def test_typing_errors_are_found_before_anything_runs(plugin):
    with pytest.raises(UnknownComponentError, match="did you mean 'note'"):
        tuner(["noet"])
    with pytest.raises(OptionError, match="did you mean 'file'"):
        tuner([{"name": "note", "flie": "x"}])
    with pytest.raises(OptionError, match=r'callback: .* not a mapping with its "name"'):
        tuner([{"file": "x"}])
