from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from rich.console import Console

from synecore_analysis.log_route import LogRoute


class TerminalFile(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, color_system=None, width=60)


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Any:
    handler = logging.StreamHandler(TerminalFile())
    handler.setFormatter(logging.Formatter("<%(levelname)s> %(message)s"))
    monkeypatch.setattr(logging.root, "handlers", [handler])
    return handler


def test_what_went_to_the_terminal_goes_through_the_console(handler: Any, console: Any) -> None:
    terminal = handler.stream
    route = LogRoute(console)
    route.open()
    logging.getLogger("a").warning("during")
    route.close()
    logging.getLogger("a").warning("after")
    assert console.file.getvalue() == "<WARNING> during\n"
    assert terminal.getvalue() == "<WARNING> after\n"
    assert handler.stream is terminal


def test_handlers_of_any_logger_are_found(
    handler: Any, console: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = logging.StreamHandler(TerminalFile())
    monkeypatch.setattr(logging.getLogger("somewhere.deep"), "handlers", [own])
    route = LogRoute(console)
    route.open()
    logging.getLogger("somewhere.deep").error("here")
    route.close()
    assert "here\n" in console.file.getvalue()
    assert own.stream.getvalue() == ""


def test_files_are_left_alone(console: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "log").open("w") as file:
        handler = logging.StreamHandler(file)
        monkeypatch.setattr(logging.root, "handlers", [handler])
        route = LogRoute(console)
        route.open()
        logging.getLogger("a").warning("to the file")
        route.close()
    assert (tmp_path / "log").read_text() == "to the file\n"
    assert console.file.getvalue() == ""


def test_a_handler_that_was_changed_meanwhile_stays_changed(handler: Any, console: Any) -> None:
    route = LogRoute(console)
    route.open()
    new = TerminalFile()
    handler.setStream(new)
    route.close()
    assert handler.stream is new


def test_a_closed_stream_does_not_hurt(console: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = TerminalFile()
    stream.close()
    monkeypatch.setattr(logging.root, "handlers", [logging.StreamHandler(stream)])
    route = LogRoute(console)
    route.open()
    route.close()
