"""`synecore tune SCRIPT`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from synecore.errors import OptionError

NAMES = ("tune",)
_LIMITS = {
    "max_wallclock_time": (float, "seconds"),
    "max_num_evaluations": (int, "reports"),
    "max_num_trials_started": (int, "trials started"),
    "max_num_trials_completed": (int, "trials run to their end"),
    "max_num_trials_finished": (int, "trials completed, stopped or failed"),
    "max_cost": (float, "total cost"),
}
_EPILOG = """\
A domain is written as in Python: uniform(0,1), loguniform(1e-4,1), randint(1,20),
lograndint(8,512), choice(['relu','tanh']), finrange(0,1,11), ... Anything else is a constant
that the script receives.
A space file (.json, .toml, .yaml) maps names to the same texts; see the space reference.

examples:
  synecore tune train.py --space space.toml --metric accuracy --mode max --method asha \\
      --resource-attr epoch --max-resource-attr epochs --workers 4 --max-wallclock-time 600
  synecore tune ./train.sh --param "x=uniform(-5,5)" --metric loss --method random \\
      --max-num-trials-finished 20
  synecore tune train.py --space space.json --metric loss --method asha --option type=promotion \\
      --option 'searcher={"name": "sobol"}' --max-wallclock-time 60
"""


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "tune", help="tune a script", description="Tune the hyperparameters of a script.",
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    command.set_defaults(run=run)
    command.add_argument("script", help="any executable script, or a Python file")
    space = command.add_argument_group("space")
    space.add_argument("--space", type=Path, metavar="FILE", help="JSON, TOML or YAML file")
    space.add_argument(
        "--param", action="append", default=[], metavar="NAME=DOMAIN",
        help="one parameter or constant; repeat it. Overrides the file",
    )  # fmt: skip
    space.add_argument(
        "--constraint", action="append", default=[], metavar="EXPRESSION",
        help="between parameters, as in 'width < height'; repeat it",
    )  # fmt: skip
    space.add_argument(
        "--start", action="append", default=None, metavar="JSON",
        help="configuration to evaluate first, partial or whole; repeat it",
    )  # fmt: skip
    goal = command.add_argument_group("goal")
    goal.add_argument("--metric", action="append", required=True, help="reported value to optimise")
    goal.add_argument("--mode", action="append", choices=("min", "max"), help="default: min")
    goal.add_argument("--resource-attr", help="reported resource, such as epoch")
    goal.add_argument("--max-resource-attr", help="parameter that tells a trial its last epoch")
    goal.add_argument("--max-t", type=int, help="largest resource, if no parameter says it")
    method = command.add_argument_group("method")
    method.add_argument("--method", default="asha", help="scheduler or searcher (default: asha)")
    method.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE",
        help="option of the method, its value as JSON or text; repeat it",
    )  # fmt: skip
    method.add_argument("--seed", type=int, help="the same seed gives the same suggestions")
    running = command.add_argument_group("running")
    running.add_argument("--workers", "-w", type=int, default=1, help="trials at a time")
    running.add_argument("--name", help="of the experiment; a time stamp is added")
    running.add_argument("--exact-name", action="store_true", help="add no time stamp")
    running.add_argument("--backend", default="local", help="where trials run (default: local)")
    running.add_argument(
        "--backend-option", action="append", default=[], metavar="NAME=VALUE",
        help="option of the backend; repeat it",
    )  # fmt: skip
    running.add_argument("--store", default="jsonl", help="what is kept (default: jsonl)")
    running.add_argument(
        "--max-failures", type=int, default=1, help="failed trials that are allowed"
    )
    running.add_argument(
        "--max-retries", type=int, default=0, help="new attempts at a failed trial"
    )
    running.add_argument("--display", default="auto", help="auto, rich, plain or none")
    running.add_argument("--json", action="store_true", help="print the best configuration as JSON")
    ending = command.add_argument_group("when to stop (at least one; the first that holds)")
    for name, (kind, unit) in _LIMITS.items():
        ending.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar="N", help=unit)
    ending.add_argument(
        "--target", action="append", default=[], metavar="METRIC<VALUE",
        help="stop once a metric is below (or, with >, above) a value",
    )  # fmt: skip
    ending.add_argument(
        "--finish-running", action="store_true", help="let running trials finish then"
    )


def run(arguments: argparse.Namespace) -> int:
    from synecore.cli.results import print_best
    from synecore.tuning.onecall import tune

    limits: dict[str, Any] = {
        name: value for name in _LIMITS if (value := getattr(arguments, name)) is not None
    }
    limits.update(_targets(arguments.target))
    modes = arguments.mode or ["min"]
    options = read_options(arguments.option, "--option")
    for word in ("resource_attr", "max_resource_attr", "max_t"):
        if (value := getattr(arguments, word)) is not None:
            options[word] = value
    if arguments.seed is not None:
        options["random_seed"] = arguments.seed
    if arguments.start is not None:
        options["points_to_evaluate"] = [_json(text, "--start") for text in arguments.start]
    experiment = tune(
        arguments.script,
        read_space(arguments.space, arguments.param, arguments.constraint),
        metric=arguments.metric[0] if len(arguments.metric) == 1 else arguments.metric,
        mode=modes[0] if len(modes) == 1 else modes,
        method=arguments.method, n_workers=arguments.workers,
        backend=arguments.backend,
        backend_options=read_options(arguments.backend_option, "--backend-option"),
        tuner_name=arguments.name, suffix_tuner_name=not arguments.exact_name,
        store=arguments.store, max_failures=arguments.max_failures,
        max_retries=arguments.max_retries, display=arguments.display,
        wait_trial_completion_when_stopping=arguments.finish_running, **limits, **options,
    )  # fmt: skip
    print_best(experiment, as_json=arguments.json)
    return 0


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
    options: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise OptionError(f"{flag} {text!r} is not NAME=VALUE, as in reduction_factor=4")
        options[name.replace("-", "_")] = _value(value)
    return options


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _json(text: str, flag: str) -> Any:
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
