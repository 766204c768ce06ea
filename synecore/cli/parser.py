"""An argument parser that says what was probably meant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from synecore.errors import did_you_mean

_CHOICE = re.compile(r"invalid choice: '(?P<given>[^']*)' \(choose from (?P<known>.*)\)")


class Parser(argparse.ArgumentParser):
    """Adds "did you mean" to unknown commands, choices and options; subparsers are such too."""

    def error(self, message: str) -> NoReturn:
        found = _CHOICE.search(message)
        if found is not None:
            known = [name.strip(" '") for name in found["known"].split(",")]
            message += did_you_mean(found["given"], known)
        super().error(message)

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> argparse.Namespace:
        arguments: argparse.Namespace
        arguments, unknown = self.parse_known_args(args, namespace)
        if unknown:
            command = getattr(arguments, "command", None)
            known = list(_options(self, command))
            hints = (word.partition("=")[0] for word in unknown if word.startswith("-"))
            hint = next((text for word in hints if (text := did_you_mean(word, known))), "")
            self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
        return arguments


def _options(parser: argparse.ArgumentParser, command: str | None) -> Iterator[str]:
    """Option strings of a command and of everything below it."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                if command in (None, name):
                    yield from _options(inner, None)
