from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from synecore_analysis import display as display_module
from synecore_analysis.display import RichDisplay
from synecore_analysis.options import RichOptions


class Bench:
    """A display on a terminal of its own, and a clock that is moved by hand."""

    def __init__(self, **options: Any) -> None:
        self.now = 0.0
        self.file = io.StringIO()
        self.console = Console(file=self.file, force_terminal=True, width=70, height=30)
        self.display = RichDisplay(
            None, RichOptions(**options), console=self.console, clock=lambda: self.now
        )

    def drawn(self, call: Callable[[], None]) -> bool:
        """Whether something is written."""
        before = self.file.tell()
        call()
        return self.file.tell() > before


@pytest.fixture
def bench(asha: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TERM", "xterm")
    bench = Bench()
    bench.view = asha.view()
    bench.display.experiment_start(bench.view)
    yield bench
    bench.display.experiment_end(bench.view, "over")


def test_draws_at_once_and_then_only_when_something_changed(bench: Any) -> None:
    refresh = lambda: bench.display.refresh(bench.view)  # noqa: E731 - said four times below
    assert "a-run" in bench.file.getvalue()
    bench.now = 0.6
    assert not bench.drawn(refresh)
    bench.display.events(bench.view, [])
    assert bench.drawn(refresh)
    assert not bench.drawn(refresh)


def test_draws_four_times_a_second_at_most(bench: Any) -> None:
    n = 0
    for i in range(100):
        bench.now = i / 100
        bench.display.events(bench.view, [])
        n += bench.drawn(lambda: bench.display.refresh(bench.view))
    assert n == 3  # after 0.25, 0.5 and 0.75 s


def test_the_clock_moves_on_once_a_second_where_nothing_happens(bench: Any) -> None:
    n = 0
    for i in range(1, 51):
        bench.now = i / 10
        n += bench.drawn(lambda: bench.display.refresh(bench.view))
    assert n == 5


def test_leaves_a_summary_and_the_cursor(asha: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    bench = Bench()
    view = asha.view()
    bench.display.experiment_start(view)
    bench.display.experiment_end(view, "enough")
    output = bench.file.getvalue()
    assert output.rindex("\x1b[?25h") > output.rindex("\x1b[?25l")
    last = output[output.rindex("\x1b[2K") :]
    assert "ended after 0:06: enough" in last
    assert "synecore plot a-run" in last


def test_a_display_that_cannot_draw_ends_and_the_run_goes_on(
    asha: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    bench, view = Bench(), asha.view()
    bench.display.experiment_start(view)
    monkeypatch.setattr(display_module, "LivePanel", lambda *arguments: 1 / 0)
    bench.now = 2.0
    bench.display.refresh(view)
    assert "the live display failed; plain lines follow" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    bench.display.refresh(view)
    bench.display.experiment_end(view, "enough")
    assert "a-run ended: enough" in capsys.readouterr().err


def test_without_a_terminal_it_prints_plain_lines(
    asha: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = io.StringIO()
    display = RichDisplay(None, RichOptions(), console=Console(file=file))
    view = asha.view()
    display.experiment_start(view)
    display.events(view, asha.events)
    display.refresh(view)
    display.experiment_end(view, "enough")
    assert file.getvalue() == ""
    error = capsys.readouterr().err
    assert error.startswith("a-run: results in ")
    assert "a-run ended: enough" in error


def test_warnings_are_shown_while_nobody_else_shows_them(
    asha: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(logging.root, "handlers", [])
    bench = Bench()
    view = asha.view()
    bench.display.experiment_start(view)
    logging.getLogger("synecore.test").warning("trial 3 was [lost]")
    logging.getLogger("synecore.test").info("nothing much")
    bench.display.experiment_end(view, "enough")
    shown = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", bench.file.getvalue())
    assert "WARNING  trial 3 was [lost]" in shown
    assert "nothing much" not in shown
    assert logging.root.handlers == []
