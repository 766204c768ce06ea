"""Worker side: the configuration in a training script, as arguments or as a JSON file.

    config = parse_config(parser)          # or load_config_json(vars(parser.parse_known_args()[0]))
    train(config["lr"], config["epochs"])

Both return a `ScriptConfig`: a dictionary that notes what is read of it, so that the tuner can warn
about names in the configuration space that the script does not know. Imports the standard library
alone.
"""

from __future__ import annotations

import json
import sys

from synecore.constants import ST_CONFIG_JSON_FNAME_ARG
from synecore.unread import ScriptConfig, told_at_end

TYPE_CHECKING = False  # `typing` itself would cost every trial some milliseconds
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

__all__ = [
    "ScriptConfig",
    "add_config_json_to_argparse",
    "load_config_json",
    "parse_bool",
    "parse_config",
]

_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_RESERVED = "st_"  # what the backend adds begins so


def parse_config(
    parser: argparse.ArgumentParser | None = None, argv: Sequence[str] | None = None
) -> ScriptConfig:
    """Return the configuration of a training script, however the tuner hands it over.

    The arguments for checkpoints and for a JSON file are added where the parser lacks them. Names
    have to be exact but for `-` and `_`; argparse alone would take `--lr` for `--lr_decay`. Values
    in a file have their types already; an argument stands above them. What the parser does not
    declare is in the configuration too: of arguments, numbers and truth values as such, and
    everything else as text.

    Args:
        parser: Declares types and defaults; None: nothing is declared.
        argv: The arguments; None: those of the script.

    Raises:
        OptionError: The JSON file cannot be read.
    """
    import argparse

    from synecore.checkpointing import add_checkpointing_to_argparse

    parser = parser or argparse.ArgumentParser()
    parser.allow_abbrev = False
    for add in (add_checkpointing_to_argparse, add_config_json_to_argparse):
        try:
            add(parser)
        except argparse.ArgumentError:  # the script has added it itself
            continue
    options = parser._option_string_actions  # "--name" -> what is done with it
    known = [(option[2:], action) for option, action in options.items() if option.startswith("--")]
    for name, action in known:
        for old, new in (("-", "_"), ("_", "-")) if action.nargs != 0 else ():
            options.setdefault(f"--{name.replace(old, new)}", action)
    keys = {option[2:]: action.dest for option, action in options.items()}

    tokens = list(sys.argv[1:] if argv is None else argv)
    from_file = _read_json(dict(_pairs(tokens)).get(ST_CONFIG_JSON_FNAME_ARG))
    handed = {keys.get(name, name): value for name, value in from_file.items()}
    for action in parser._actions:
        if action.dest in handed:
            action.required = False
    namespace, unknown = parser.parse_known_args(tokens, argparse.Namespace(**handed))
    entries = vars(namespace)
    given = {name: keys[name] for name, _ in _pairs(tokens) if name in keys}
    given |= {name: keys.get(name, name) for name in from_file}
    for name, text in _pairs(unknown):
        given[name] = name if name not in entries else f"--{name}"  # else it looks like a default
        entries[given[name]] = _literal(text)
    return _config(entries, given, ((name, action.dest) for name, action in known))


def add_config_json_to_argparse(parser: argparse.ArgumentParser) -> None:
    """Add `--st_config_json_filename`, which a backend with `pass_args_as_json=True` gives.

    Args:
        parser: The script's parser.
    """
    parser.add_argument(
        f"--{ST_CONFIG_JSON_FNAME_ARG}",
        default=None,
        metavar="FILE",
        help="a JSON file with the configuration, in place of an argument for each entry",
    )


def load_config_json(args: Mapping[str, Any]) -> ScriptConfig:
    """Return the arguments of the script together with what is in its JSON file.

    Where both have a name, the file's value counts: that of an argument may be a default. Without a
    JSON file among the arguments, as when a script is run by hand, they are all there is.

    Args:
        args: The script's arguments, as `vars(parser.parse_known_args()[0])`.

    Raises:
        OptionError: The file cannot be read.
    """
    from_file = _read_json(args.get(ST_CONFIG_JSON_FNAME_ARG))
    return _config({**args, **from_file}, {n: n for n in from_file}, ((n, n) for n in args))


def parse_bool(val: Any) -> bool:
    """Return the truth value that a text stands for; for `parser.add_argument(type=parse_bool)`.

    Args:
        val: true, false, yes, no, on, off, 1 or 0, in any case of letters; or a truth value.

    Raises:
        OptionError: It is something else. It is a ValueError, so argparse says which argument.
    """
    text = str(val).strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise _option_error(
        f"{val!r} is neither true nor false; allowed are {', '.join(_TRUE)}, {', '.join(_FALSE)}"
    )


def _config(
    entries: Mapping[str, Any], given: Mapping[str, str], known: Iterable[tuple[str, str]]
) -> ScriptConfig:
    """Make a configuration.

    Args:
        entries: Values by key.
        given: Name -> key of what the tuner gave, and of what the backend added.
        known: Name and key of what the script takes.
    """
    given = {name: key for name, key in given.items() if not name.startswith(_RESERVED)}
    keys = set(given.values())
    takes = [
        name
        for name, key in known
        if key not in keys and key != "help" and not name.startswith(_RESERVED)
    ]
    return told_at_end(ScriptConfig(entries, given, takes))


def _pairs(tokens: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield name and value of `--name value` and `--name=value`; of a bare `--name`, "True"."""
    name = None
    for token in tokens:
        is_option = token.startswith("--")
        if name is not None:
            yield name, "True" if is_option else token
            name = None
        if token == "--":
            return
        if is_option and "=" in token:
            option, _, value = token[2:].partition("=")
            yield option, value
        elif is_option:
            name = token[2:]
    if name is not None:
        yield name, "True"


def _literal(text: str) -> Any:
    """Return the number or truth value that a backend has written so, or the text."""
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _read_json(path: str | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
    except (OSError, ValueError) as error:
        raise _option_error(
            f"--{ST_CONFIG_JSON_FNAME_ARG}: the configuration cannot be read from {path!r}: {error}"
        ) from None
    if not isinstance(config, dict):
        raise _option_error(
            f"--{ST_CONFIG_JSON_FNAME_ARG}: {path!r} holds {config!r:.80}; it has to be an object, "
            '{"name": value, ...}'
        )
    return config


def _option_error(message: str) -> Exception:
    from synecore.errors import OptionError  # only needed when something is already wrong

    return OptionError(message)
