"""What several commands read from their arguments: spaces, options, limits."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from synecore.errors import OptionError

_LIMITS = {
    "max_wallclock_time": (float, "seconds"),
    "max_num_evaluations": (int, "reports"),
    "max_num_trials_started": (int, "trials started"),
    "max_num_trials_completed": (int, "trials run to their end"),
    "max_num_trials_finished": (int, "trials completed, stopped or failed"),
    "max_cost": (float, "total cost"),
}


def add_space(group: Any) -> None:
    """Add the options that `read_space` reads."""
    group.add_argument("--space", type=Path, metavar="FILE", help="JSON, TOML or YAML file")
    group.add_argument(
        "--param", action="append", default=[], metavar="NAME=DOMAIN",
        help="one parameter or constant; repeat it. Overrides the file",
    )  # fmt: skip
    group.add_argument(
        "--constraint", action="append", default=[], metavar="EXPRESSION",
        help="between parameters, as in 'width < height'; repeat it",
    )  # fmt: skip


def add_limits(group: Any) -> None:
    """Add the options that `read_limits` reads."""
    for name, (kind, unit) in _LIMITS.items():
        group.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar="N", help=unit)
    group.add_argument(
        "--target", action="append", default=[], metavar="METRIC<VALUE",
        help="stop once a metric is below (or, with >, above) a value",
    )  # fmt: skip


def read_limits(arguments: argparse.Namespace) -> dict[str, Any]:
    """Arguments of a `StoppingCriterion`, as far as they were given."""
    limits: dict[str, Any] = {
        name: value for name in _LIMITS if (value := getattr(arguments, name)) is not None
    }
    return {**limits, **_targets(arguments.target)}


def read_space(
    file: Path | None, parameters: Sequence[str], constraints: Sequence[str]
) -> Mapping[str, Any]:
    """The configuration space of a file and of --param options, which win."""
    from synecore.space import parse_config_space

    raw: dict[str, Any] = read_file(file) if file is not None else {}
    for text in parameters:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise OptionError(f"--param {text!r} is not NAME=DOMAIN, as in lr=loguniform(1e-4,1)")
        raw[name] = _value(value)
    if constraints:
        raw["$constraints"] = [*raw.get("$constraints", []), *constraints]
    if not raw:
        raise OptionError("the space is empty: give --space FILE or --param NAME=DOMAIN")
    return parse_config_space(raw)


def read_file(file: Path) -> dict[str, Any]:
    """A mapping from a JSON, TOML or YAML file."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise OptionError(f"--space {file} cannot be read: {error.strerror}") from error
    kind = file.suffix.lower()
    try:
        if kind == ".json":
            values = json.loads(content)
        elif kind == ".toml":
            import tomllib

            values = tomllib.loads(content.decode())
        elif kind in (".yaml", ".yml"):
            values = _yaml(content)
        else:
            raise OptionError(f"--space {file}: the file must end in .json, .toml, .yaml or .yml")
    except ValueError as error:
        if isinstance(error, OptionError):
            raise
        raise OptionError(f"--space {file} is not valid {kind[1:].upper()}: {error}") from error
    if not isinstance(values, dict):
        raise OptionError(
            f"--space {file} must map names to domains, it is a {type(values).__name__}"
        )
    return values


def _yaml(content: bytes) -> Any:
    try:
        import yaml
    except ModuleNotFoundError:
        raise OptionError("a YAML space file needs PyYAML: pip install pyyaml") from None
    try:
        return yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def read_options(texts: Sequence[str], flag: str) -> dict[str, Any]:
    """NAME=VALUE texts as a mapping; values are JSON where they can be read as such."""
    return {name.replace("-", "_"): value for name, value in read_values(texts, flag).items()}


def read_values(texts: Sequence[str], flag: str) -> dict[str, Any]:
    """The same for names of the user's own, which stay as they are."""
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise OptionError(f"{flag} {text!r} is not NAME=VALUE, as in reduction_factor=4")
        values[name] = _value(value)
    return values


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def read_json(text: str, flag: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise OptionError(f"{flag} {text!r} is not JSON: {error}") from error


def _targets(texts: Sequence[str]) -> dict[str, dict[str, float]]:
    """'loss<0.1' as min_metric_value, 'accuracy>0.9' as max_metric_value."""
    limits: dict[str, dict[str, float]] = {}
    for text in texts:
        for sign, word in (("<", "min_metric_value"), (">", "max_metric_value")):
            name, found, value = text.partition(sign)
            if found:
                try:
                    limits.setdefault(word, {})[name.strip()] = float(value)
                    break
                except ValueError:
                    pass
        else:
            raise OptionError(f"--target {text!r} is neither METRIC<VALUE nor METRIC>VALUE")
    return limits
