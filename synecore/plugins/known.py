"""First-party components and the distributions that bring them.

Data alone, so that a message can say what to install where one is missing. A third party's
component needs no line in this module.
"""

from __future__ import annotations

from collections.abc import Iterable

# What `pip install "synecore[default]"` brings.
DEFAULT = (
    "synecore-analysis",
    "synecore-asha",
    "synecore-basic",
    "synecore-local",
    "synecore-stores",
)
RELEASED = frozenset({*DEFAULT, "synecore-tensorboard", "synecore-trackers"})

_COMPONENTS = {
    "scheduler": {
        "synecore-basic": "fifo median-stopping scalarize",
        "synecore-asha": "asha",
        "synecore-hyperband": "sync-hyperband",
        "synecore-mobster": "mobster sync-mobster",
        "synecore-hypertune": "hypertune",
        "synecore-dyhpo": "dyhpo",
        "synecore-tpe": "bohb sync-bohb",
        "synecore-dehb": "dehb",
        "synecore-pbt": "pbt",
        "synecore-moo": "moasha",
        "synecore-transfer": "bounding-box rush",
        "synecore-raytune": "raytune",
    },
    "searcher": {
        "synecore-basic": "random grid sobol",
        "synecore-bayesopt": "bayesopt bayesopt-constrained bayesopt-cost",
        "synecore-hypertune": "hypertune",
        "synecore-dyhpo": "dyhpo",
        "synecore-tpe": "kde tpe",
        "synecore-bore": "bore",
        "synecore-botorch": "botorch",
        "synecore-conformal": "cqr",
        "synecore-evolution": "regularized-evolution mo-regularized-evolution nsga2",
        "synecore-moo": "mo-random-scalarization",
        "synecore-sklearn": "sklearn",
        "synecore-transfer": "zero-shot quantile-copula",
    },
    "surrogate": {
        "synecore-gp": "gp gp-multitask gp-independent gp-issm gp-expdecay",
        "synecore-sklearn": "sklearn",
        "synecore-botorch": "botorch",
    },
    "acquisition": {"synecore-bayesopt": "ei log-ei pi lcb"},
    "backend": {
        "synecore-local": "local python",
        "synecore-simulator": "simulator",
        "synecore-blackboxes": "blackbox",
        "synecore-ray": "ray",
        "synecore-dask": "dask",
        "synecore-sagemaker": "sagemaker",
    },
    "store": {"synecore-stores": "jsonl sqlite", "synecore-sql": "sql"},
    "display": {"synecore-analysis": "rich"},
    "callback": {"synecore-tensorboard": "tensorboard", "synecore-trackers": "mlflow wandb"},
}

# The documented system's groups of optional dependencies, and what brings the same here.
GROUPS = {
    "gpsearchers": ("synecore-bayesopt", "synecore-mobster", "synecore-hypertune"),
    "kde": ("synecore-tpe",),
    "bore": ("synecore-bore",),
    "raytune": ("synecore-raytune",),
    "benchmarks": ("synecore-experiments[benchmarks]",),
    "aws": ("synecore-sagemaker",),
    "botorch": ("synecore-botorch",),
    "blackbox-repository": ("synecore-blackboxes",),
    "yahpo": ("synecore-blackboxes[yahpo]",),
    "moo": ("synecore-moo", "synecore-evolution"),
    "visual": ("synecore-analysis",),
    "sklearn": ("synecore-sklearn",),
    "backends": ("synecore-local", "synecore-simulator"),
}


def kinds() -> list[str]:
    """Return the kinds of component that synecore itself asks for."""
    return sorted(_COMPONENTS)


def distribution_of(kind: str, name: str) -> str | None:
    """Return the first-party distribution of a component, None for a name that nobody knows."""
    for distribution, names in _COMPONENTS.get(kind, {}).items():
        if name in names.split():
            return distribution
    return None


def names(kind: str) -> list[str]:
    """Return every first-party name of a kind, installed or not."""
    return sorted(name for line in _COMPONENTS.get(kind, {}).values() for name in line.split())


def brought_by(requirements: str | Iterable[str]) -> str:
    """Return how to get what these distributions bring, or that they do not exist yet."""
    wanted = [requirements] if isinstance(requirements, str) else list(requirements)
    planned = [item for item in wanted if item.partition("[")[0] not in RELEASED]
    if planned:
        verb = "is" if len(planned) == 1 else "are"
        return f"planned for {' and '.join(planned)}, which {verb} not released yet"
    return f"comes with {' and '.join(wanted)}: {install(wanted)}"


def install(requirements: Iterable[str]) -> str:
    """Return the command that installs distributions."""
    wanted = list(requirements)
    if all(item in DEFAULT for item in wanted):
        return 'pip install "synecore[default]"'
    return "pip install " + " ".join(f'"{item}"' if "[" in item else item for item in wanted)


def group_message(group: str) -> str:
    """Say what to install for a group of optional dependencies that the documentation names."""
    key = group.replace("_", "-")
    if key not in GROUPS:
        raise KeyError(f"{group!r} is none of {', '.join(GROUPS)}")
    text = brought_by(GROUPS[key])
    return f"{key} {'is ' if text.startswith('planned') else ''}{text}."
