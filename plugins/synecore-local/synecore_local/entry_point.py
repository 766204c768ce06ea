"""How a script is run: the command in front, and a configuration as arguments."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synecore.errors import OptionError, did_you_mean

_LOOK = 4096  # bytes of a file that say what it is; the kernel reads 256 of a first line
_NEGATIVE_NUMBER = re.compile(r"-\d+|-\d*\.\d+")  # what argparse takes for a value, not an option


def command_for(path: Path) -> tuple[str, ...]:
    """Return the command that runs the script at `path`, without arguments.

    A `.py` file runs under this interpreter, an executable file by itself, another script under the
    interpreter that its first line names; `.sh` files without such a line under /bin/sh.

    Raises:
        OptionError: There is no such file, or no way to run it is known.
    """
    head = _head_of(path)
    if path.suffix == ".py":
        return sys.executable, "-u", str(path)
    named = _interpreter_named(head)
    if named and not os.access(named[0], os.X_OK):
        raise OptionError(
            f"entry_point {str(path)!r}: its first line names the interpreter {named[0]!r}, which "
            "cannot be run on this machine; install it, or change the first line"
        )
    if os.access(path, os.X_OK) and (named or b"\0" in head):
        return (str(path),)
    if named:
        return *named, str(path)
    if path.suffix == ".sh" or os.access(path, os.X_OK):  # as a shell would run it
        return "/bin/sh", str(path)
    raise OptionError(
        f"entry_point {str(path)!r} is neither a Python file (.py) nor executable, and its first "
        "line names no interpreter; make it executable (chmod +x), or begin it with a line such as "
        "'#!/bin/sh'"
    )


def _head_of(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise OptionError(
                f"entry_point {str(path)!r} is a folder; give the script in it, as in "
                f"{str(path / 'train.py')!r}"
            )
        if not path.exists():
            siblings = os.listdir(path.parent) if path.parent.is_dir() else []
            raise OptionError(
                f"entry_point: there is no file {str(path)!r}"
                f"{did_you_mean(path.name, siblings) or '.'} Give the path of the training script, "
                "absolute or from the current folder"
            )
        if not path.is_file():
            raise OptionError(f"entry_point {str(path)!r} is not a regular file; give a script")
        with open(path, "rb") as script:
            return script.read(_LOOK)
    except OSError as error:
        raise OptionError(
            f"entry_point {str(path)!r} cannot be read: {error.strerror}; check its permissions"
        ) from error


def _interpreter_named(head: bytes) -> tuple[str, ...]:
    """Return the interpreter of a `#!` line with its one argument, () without such a line."""
    if not head.startswith(b"#!"):
        return ()
    line = head[2:].split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    return tuple(line.split(None, 1))


def arguments_for(config: Mapping[str, Any]) -> list[str]:
    """Return a configuration as `--name value` arguments.

    Raises:
        OptionError: A value is not a number, a string or a truth value.
    """
    arguments = []
    for name, value in config.items():
        text = _text_of(name, value)
        if text.startswith("-") and not _NEGATIVE_NUMBER.fullmatch(text):
            arguments.append(f"--{name}={text}")  # else a parser takes the value for an option
        else:
            arguments += [f"--{name}", text]
    return arguments


def _text_of(name: str, value: Any) -> str:
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, (bool, int)) or (isinstance(value, str) and "\0" not in value):
        return str(value)
    raise OptionError(
        f"the value of {name!r} is {value!r:.80} ({type(value).__name__}), which cannot be passed "
        "as a command-line argument; allowed are numbers, strings and truth values. With "
        "pass_args_as_json=True the script gets a JSON file instead"
    )


def _float_text(value: float) -> str:
    """Return the shortest decimal that reads back equal.

    Never `-1e-05`, which argparse takes for an option.
    """
    text = repr(value)
    if text.startswith("-") and "e" in text:
        from decimal import Decimal  # for the rare value that needs it

        return format(Decimal(text), "f")
    return text
