from __future__ import annotations

import re
import sys

import pytest

from synecore import Tuner, make_scheduler
from synecore.errors import OptionError
from synecore.space import uniform
from synecore.testing import InlineBackend
from synecore.tuning.display import NoDisplay, PlainDisplay, choose_display
from synecore.tuning.stopping import StoppingCriterion


def run(display="auto", **settings):
    scheduler = make_scheduler("fifo", {"x": uniform(0, 1)}, metric="loss", random_seed=0)
    tuner = Tuner(
        InlineBackend(lambda c, r: {"loss": c["x"]}), scheduler,
        StoppingCriterion(max_num_trials_finished=3), tuner_name="shown", suffix_tuner_name=False,
        display=display, **settings,
    )  # fmt: skip
    tuner.run()
    return tuner


def test_plain_lines_begin_and_end_a_run(capsys):
    tuner = run("plain")
    out, err = capsys.readouterr()
    first, summary, last = err.splitlines()
    assert out == ""
    assert first == f"shown: results in {tuner.tuner_path}"
    assert summary == tuner.tuning_status.summary()
    assert re.fullmatch(r"4 s · 4 trials · 0 running · 4 completed · best loss=\S+ \(trial \d\)",
                        summary)  # fmt: skip
    assert last == "shown ended: max_num_trials_finished=3"


def test_print_update_interval_gives_lines_in_between(capsys):
    run("plain", print_update_interval=0.0)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) > 4
    assert all(" trials · " in line for line in lines[1:-1])


def test_none_says_nothing(capsys):
    run("none")
    assert capsys.readouterr() == ("", "")


def test_elsewhere_than_on_a_terminal_lines_are_plain():
    assert isinstance(choose_display("auto", 30.0), PlainDisplay)


def test_on_a_terminal_the_display_is_live(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert type(choose_display("auto", 30.0)).__module__.startswith("synecore_analysis")


def test_without_a_live_display_a_terminal_gets_plain_lines(monkeypatch):
    def missing(*_):
        raise ImportError("rich")

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("synecore.plugins.make.make", missing)
    assert isinstance(choose_display("auto", 30.0), PlainDisplay)


@pytest.mark.parametrize(("value", "kind"), [("none", NoDisplay), ("plain", PlainDisplay)])
def test_the_variable_overrides_auto_only(value, kind, monkeypatch):
    monkeypatch.setenv("SYNECORE_DISPLAY", value)
    assert isinstance(choose_display("auto", 30.0), kind)
    assert isinstance(choose_display("plain", 30.0), PlainDisplay)
    assert isinstance(choose_display("none", 30.0), NoDisplay)


def test_an_unknown_display_is_named(monkeypatch):
    with pytest.raises(OptionError) as error:
        choose_display("rihc", 30.0)
    assert str(error.value).startswith("display 'rihc': no display named 'rihc'; did you mean 'ri")
    assert str(error.value).endswith("or use auto, plain, none")


def test_an_unknown_display_leaves_nothing_behind():
    with pytest.raises(OptionError, match="no display named 'rihc'"):
        run("rihc")
    assert run("none").tuning_status.num_trials_completed == 4


def test_an_object_of_ones_own_is_shown_everything():
    calls = []

    class Mine:
        def experiment_start(self, experiment):
            calls.append(("start", experiment.name))

        def events(self, experiment, events):
            calls.append(("events", len(events)))

        def refresh(self, experiment):
            calls.append(("refresh", experiment.status.num_trials_started))

        def experiment_end(self, experiment, reason):
            calls.append(("end", reason))

    mine = Mine()
    assert choose_display(mine, 1.0) is mine
    tuner = run(mine)
    assert calls[0] == ("start", "shown")
    assert calls[-1] == ("end", "max_num_trials_finished=3")
    assert sum(n for what, n in calls if what == "events") == len(list(tuner.run().events()))
    assert ("refresh", 4) in calls
