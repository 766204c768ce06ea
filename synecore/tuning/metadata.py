"""What metadata.json says of an experiment: enough to build it again, and to read it without its
plugins.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synecore import __version__
from synecore.constants import SMT_TUNER_CREATION_TIMESTAMP
from synecore.errors import OptionError
from synecore.plugins.make import spec_of
from synecore.problem import Goal
from synecore.tuning.stopping import StoppingCriterion

if TYPE_CHECKING:
    from synecore.tuning.tuner import Tuner


def describe(tuner: Tuner) -> dict[str, Any]:
    """All of metadata.json but its name and time stamp. The user's own values stand beside the
    automatic ones.

    Raises OptionError where the user's metadata would hide an automatic value.
    """
    problem = tuner.scheduler.problem
    automatic = {
        "metric_names": [objective.name for objective in problem.objectives],
        "metric_mode": [Goal(objective.goal).value for objective in problem.objectives],
        **_entry_point(tuner.trial_backend),
        "backend": component_name(tuner.trial_backend),
        "scheduler_name": component_name(tuner.scheduler),
        "problem": problem.to_json(),
        "tags": dict(tuner.scheduler.tags),
        "components": {
            "scheduler": _spec_json(tuner.scheduler),
            "backend": _spec_json(tuner.trial_backend),
            "callbacks": [spec for c in tuner.callbacks if (spec := _spec_json(c)) is not None],
        },
        "store": tuner.store,
        "tuner": tuner.settings(),
        "stop_criterion": criterion_to_json(tuner.stop_criterion),
        "versions": _versions(tuner),
    }
    reserved = {*automatic, "first_stop_criterion", "format", "name", SMT_TUNER_CREATION_TIMESTAMP}
    hidden = sorted(reserved & set(tuner.user_metadata))
    if hidden:
        raise OptionError(
            f"Tuner: metadata key(s) {', '.join(map(repr, hidden))} are set automatically; "
            "use other names"
        )
    return {**automatic, **tuner.user_metadata}


def criterion_to_json(criterion: object) -> Mapping[str, Any] | None:
    """Limits of a StoppingCriterion; None for other callables, which cannot be written down."""
    return criterion.to_json() if isinstance(criterion, StoppingCriterion) else None


def _entry_point(backend: object) -> dict[str, str | None]:
    path = getattr(backend, "entry_point", None)
    if path is None:
        return {"entry_point_name": None, "entry_point_path": None}
    return {"entry_point_name": Path(str(path)).stem, "entry_point_path": str(path)}


def component_name(component: object) -> str:
    """The name a component was chosen by, else its class."""
    spec = spec_of(component)
    return spec.name if spec is not None else type(component).__name__


def _spec_json(component: object) -> dict[str, Any] | None:
    """What a component can be built from again; None for an object of the user's own."""
    spec = spec_of(component)
    return spec.to_json() if spec is not None else None


def _versions(tuner: Tuner) -> dict[str, str]:
    """Distribution -> version of every component that takes part in decisions."""
    versions = {"synecore": __version__}
    for component in (tuner.scheduler, tuner.trial_backend):
        spec = spec_of(component)
        if spec is not None:
            versions.update(spec.versions())
    return versions
