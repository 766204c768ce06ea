"""Where log lines go while a live display holds the end of the terminal."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from rich.file_proxy import FileProxy
from rich.logging import RichHandler

if TYPE_CHECKING:
    from rich.console import Console


class LogRoute:
    """Sends what log handlers would write to the terminal above the display instead.

    Handlers keep their format and their level. Where the program has set up none at all, warnings
    are shown with a handler of rich's. Handlers that write to files are left alone.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._moved: list[tuple[logging.StreamHandler[Any], Any]] = []
        self._added: logging.Handler | None = None

    def open(self) -> None:
        for handler in _handlers():
            if isinstance(handler, logging.StreamHandler) and _is_terminal(handler.stream):
                self._moved.append((handler, handler.stream))
                handler.setStream(FileProxy(self._console, handler.stream))
        if not logging.root.handlers:
            self._added = RichHandler(
                logging.WARNING, self._console, show_path=False, log_time_format="[%X]"
            )
            self._added.setFormatter(logging.Formatter("%(message)s"))
            logging.root.addHandler(self._added)

    def close(self) -> None:
        """Put everything back. A handler that was changed meanwhile is left as it is."""
        for handler, stream in self._moved:
            if isinstance(handler.stream, FileProxy):
                handler.setStream(stream)
        self._moved.clear()
        if self._added is not None:
            logging.root.removeHandler(self._added)
            self._added = None


def _handlers() -> list[logging.Handler]:
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    return [
        handler
        for logger in loggers
        if isinstance(logger, logging.Logger)
        for handler in logger.handlers
    ]


def _is_terminal(stream: Any) -> bool:
    if stream in (sys.stdout, sys.stderr) and isinstance(stream, FileProxy):
        return False  # already on its way to a live display
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # ValueError: it is closed
        return False
