"""A Python function as what trials run."""

from __future__ import annotations

import functools
import inspect
import json
import logging
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from synecore.constants import ST_CHECKPOINT_DIR
from synecore.errors import OptionError, did_you_mean
from synecore.problem import Problem
from synecore.protocols import Job

from . import function_trial
from .program import Invocation, Plan
from .trial_folder import TrialFolder
from .warm.imports import imports_of_function

logger = logging.getLogger(__name__)

_INTERPRETER = (sys.executable, "-u", "-P")
_IMPORTS = [["import", "synecore.report", []], ["import", "synecore_local.results", []]]


@attrs.frozen
class How:
    """How a trial calls the function and reports what it returns."""

    names: list[str] | None  # entries of the configuration that are arguments; None: all
    checkpoint_argument: str | None  # gets the folder of checkpoints
    metric: str | None  # that a returned number is; None where there are several
    resource: dict[str, int]  # of a returned result: all that the trial was given


class Signature:
    """Which entries of a configuration a function takes, by the names of its arguments.

    Raises:
        OptionError: It cannot be called by names.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.name = name_of(function)
        self._parameters = _parameters(function, self.name)
        self.takes_checkpoints = ST_CHECKPOINT_DIR in self._parameters

    def check(self, problem: Problem) -> None:
        """Compare the function's arguments with the configuration space.

        Raises:
            OptionError: The space lacks an argument.
        """
        names = [*problem.space.names, *problem.space.constants]
        missing = [name for name in self._required() if name not in names]
        if missing:
            raise OptionError(
                f"the function {self.name} needs the argument(s) {', '.join(map(repr, missing))}, "
                f"but the configuration space has {', '.join(map(repr, names))}"
                f"{did_you_mean(missing[0], names) or '.'} Arguments are names of the space: "
                "rename them, give them defaults, or take the whole configuration by **config"
            )
        taken = self.names()
        unused = [name for name in problem.space.names if taken is not None and name not in taken]
        if unused:
            logger.warning(
                "the function %s takes no argument %s: what the configuration says there has no "
                "effect", self.name, " and none ".join(map(repr, unused)),
            )  # fmt: skip

    def names(self) -> list[str] | None:
        """Return the arguments that it can be given; None: any."""
        parameters = self._parameters.values()
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            return None
        return [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]

    def _required(self) -> list[str]:
        return [
            p.name
            for p in self._parameters.values()
            if p.default is p.empty
            and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
            and p.name != ST_CHECKPOINT_DIR
        ]


class Function:
    """A function called with those entries of a configuration that it takes.

    Nothing of it is kept on disk: each process gets it on its standard input.

    Raises:
        OptionError: It cannot be called by names, or cannot be sent to another process.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        from .shipping import shipped  # cloudpickle is needed for functions alone

        self._signature = Signature(function)
        name = self._signature.name
        self.entry_point = entry_point_of(name)
        self._shipped = shipped(function, name)
        self._imports = [*_IMPORTS, *imports_of_function(function)]

    def check(self, problem: Problem) -> None:
        """Compare the function's arguments with the configuration space."""
        self._signature.check(problem)

    def invocation(self, job: Job, folder: TrialFolder, problem: Problem) -> Invocation:
        signature = self._signature
        how = How(
            names=signature.names(),
            checkpoint_argument=ST_CHECKPOINT_DIR if signature.takes_checkpoints else None,
            metric=metric_of(problem),
            resource=resource_of(job, problem),
        )
        arguments = [str(folder.config), str(folder.checkpoints), json.dumps(attrs.asdict(how))]
        return Invocation((*_INTERPRETER, function_trial.__file__, *arguments), self._shipped)

    def plan(self) -> Plan:
        return Plan(_INTERPRETER, None, self._imports, self._shipped)


def metric_of(problem: Problem) -> str | None:
    """Return what a number that a function returns stands for; None with several objectives."""
    objectives = problem.objectives
    return objectives[0].name if len(objectives) == 1 else None


def resource_of(job: Job, problem: Problem) -> dict[str, int]:
    """Return the resource that a trial is given, by its name; nothing where it is not known."""
    fidelity = problem.fidelity
    if fidelity is None or not math.isfinite(job.until):
        return {}
    return {fidelity.name: int(job.until)}


def entry_point_of(name: str) -> Path:
    """Return the name of a function in the form in which a script names an experiment."""
    return Path(name.strip("<>"))


def name_of(function: Callable[..., Any]) -> str:
    """Return what a function is called; a lambda is `<lambda>`."""
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def _parameters(function: Callable[..., Any], name: str) -> dict[str, inspect.Parameter]:
    try:
        parameters = dict(inspect.signature(function).parameters)
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"the arguments of {name} cannot be told: {error}; wrap it in a function of your own"
        ) from error
    for parameter in parameters.values():
        if parameter.kind is parameter.POSITIONAL_ONLY and parameter.default is parameter.empty:
            raise OptionError(
                f"the function {name} takes {parameter.name!r} by position only, and trials call "
                "it by names; remove the '/' from its arguments, or wrap it in a function"
            )
    return parameters
