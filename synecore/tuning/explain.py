"""The life of a trial in words: every decision, with the figures it rested on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from synecore.actions import (
    Decided,
    Ended,
    Event,
    Reported,
    ReportedBlock,
    Resumed,
    Retried,
    Started,
    Why,
    time_of,
)
from synecore.errors import ExperimentError
from synecore.problem import Problem
from synecore.tuning.experiment import Experiment

_VERBS = {
    "stop": "stopped", "pause": "paused", "fail": "failed", "update": "goes on",
    "drop_checkpoint": "checkpoint dropped",
}  # fmt: skip
_SOURCES = {
    "points_to_evaluate": "one of the start points (points_to_evaluate)",
    "random": "drawn at random",
    "user": "the user asked for it",
}


@attrs.frozen
class Step:
    """One line of a trial's life."""

    at: float  # seconds since the start of the experiment
    text: str
    why: Why = attrs.field(factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"at": self.at, "text": self.text, "why": dict(self.why)}


def life_of(experiment: Experiment, trial: int) -> list[Step]:
    """Everything that happened to a trial, in order; reports only where something was decided.

    Raises ExperimentError if the experiment has no such trial.
    """
    problem = experiment.problem()
    steps: list[Step] = []
    n_trials = 0
    last: Mapping[str, Any] = {}
    for event in experiment.events():
        if isinstance(event, Started):
            n_trials = event.trial + 1
        if getattr(event, "trial", None) != trial:
            continue
        if isinstance(event, (Reported, ReportedBlock)):
            last = _last_metrics(event)
            continue
        steps += _steps(event, problem, last)
    if not steps:
        raise ExperimentError(
            f"experiment '{experiment.name}' has no trial {trial}; it has {n_trials}, from 0"
        )
    if last:
        steps.append(Step(steps[-1].at, f"last report: {_metrics(last, problem)}"))
    return steps


def last_error(experiment: Experiment, trial: int) -> str:
    """What a trial failed of, as it was recorded last; empty if it did not fail."""
    error = ""
    for event in experiment.events():
        if isinstance(event, Ended) and event.trial == trial and event.error:
            error = event.error
        elif isinstance(event, Decided) and event.trial == trial and event.action == "fail":
            error = str(event.why.get("error", ""))
    return error


def _steps(event: Event, problem: Problem, last: Mapping[str, Any]) -> Iterator[Step]:
    at = time_of(event)
    match event:
        case Started():
            config = ", ".join(f"{name}={value}" for name, value in event.config.items())
            child = f", from the checkpoint of trial {event.parent}" if event.parent >= 0 else ""
            text = f"started with {config}{child}{_reason(event.why)}"
            yield Step(at, text, event.why)
        case Resumed():
            yield Step(at, f"resumed, to run until {event.until:g}{_reason(event.why)}", event.why)
        case Decided():
            verb = _VERBS[event.action]
            if event.action == "update":
                if event.milestone is None and not event.why:
                    return
                if event.milestone is not None:
                    verb = f"goes on to {event.milestone:g}"
            by = "" if event.by == "scheduler" else f" by the {event.by}"
            seen = f" after {_metrics(last, problem)}" if last and event.by == "scheduler" else ""
            yield Step(at, f"{verb}{by}{seen}{_reason(event.why)}", event.why)
        case Retried():
            yield Step(at, f"attempt {event.attempt}: begun again, since {event.error}")
        case Ended():
            status = event.status.name.lower() if event.status is not None else "ended"
            error = f": {event.error}" if event.error else ""
            yield Step(at, f"ended, {status}{error}")


def _reason(why: Why) -> str:
    """The figures of a decision as a clause, '' without any."""
    return f": {in_words(why)}" if why else ""


def in_words(why: Why) -> str:
    """'rank 7 of 12 at rung 9, value 0.4, cutoff 0.31' and the like; unknown names as they are."""
    rest = dict(why)
    parts: list[str] = []
    source = rest.pop("source", None)
    if source is not None:
        parts.append(_SOURCES.get(str(source), str(source)))
    if {"rank", "of", "rung"} <= set(rest):
        rank, of, rung = rest.pop("rank"), rest.pop("of"), rest.pop("rung")
        parts.append(f"rank {rank} of {of} at rung {rung}")
    if "cutoff" in rest and rest["cutoff"] is None:
        rest.pop("cutoff")
        parts.append("too few values there for a cutoff yet")
    parts += [f"{name.replace('_', ' ')} {_number(value)}" for name, value in rest.items()]
    return ", ".join(parts)


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _metrics(metrics: Mapping[str, Any], problem: Problem) -> str:
    names = [problem.fidelity.name] if problem.fidelity else []
    names += [objective.name for objective in problem.objectives]
    return ", ".join(f"{name}={_number(metrics[name])}" for name in names if name in metrics)


def _last_metrics(event: Reported | ReportedBlock) -> Mapping[str, Any]:
    if isinstance(event, Reported):
        return event.metrics
    return {name: column[-1] for name, column in event.metrics.items()}
