"""Every documented method as a name to import, resolved when it is called.

    from synecore.baselines import ASHA

    scheduler = ASHA(space, metric="loss", resource_attr="epoch", max_resource_attr="epochs")

Each is `make_scheduler` with a scheduler, a searcher and defaults filled in; a method whose
distribution is not installed says which one it is. The table is `docs/reference/names.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from synecore.errors import did_you_mean

if TYPE_CHECKING:
    from synecore.problem import Problem
    from synecore.protocols import Scheduler

_METRIC = ("metric",)
_MULTI_FIDELITY = ("metric", "resource_attr")


@attrs.frozen
class Baseline:
    """A documented method in the words of `make_scheduler`."""

    scheduler: str
    searcher: str | None = None  # None: the scheduler's own
    words: tuple[str, ...] = _METRIC  # what may follow the space without its name
    options: Mapping[str, Any] = attrs.field(factory=dict)
    search_words: tuple[str, ...] = ()  # keywords of the method that belong to its searcher


_FIFO = {
    "FIFOScheduler": None,
    "RandomSearch": "random",
    "GridSearch": "grid",
    "BayesianOptimization": "bayesopt",
    "ConstrainedBayesianOptimization": "bayesopt-constrained",
    "KDE": "kde",
    "BORE": "bore",
    "BoTorch": "botorch",
    "CQR": "cqr",
    "MORandomScalarizationBayesOpt": "mo-random-scalarization",
}
_EVOLUTION = {
    "REA": ("regularized-evolution", ("population_size", "sample_size")),
    "MOREA": ("mo-regularized-evolution", ("population_size", "sample_size")),
    "NSGA2": ("nsga2", ("population_size",)),
}
_ASHA = {
    "HyperbandScheduler": Baseline("asha", words=_MULTI_FIDELITY),
    "ASHA": Baseline("asha", words=_MULTI_FIDELITY),
    "PASHA": Baseline("asha", words=_MULTI_FIDELITY, options={"type": "pasha"}),
    "ASHABORE": Baseline("asha", "bore", _MULTI_FIDELITY),
    "ASHACQR": Baseline("asha", "cqr", _MULTI_FIDELITY),
    "ASHACTS": Baseline(
        "asha", "quantile-copula", _MULTI_FIDELITY, search_words=("transfer_learning_evaluations",)
    ),
}
_OWN = {
    "MOBSTER": "mobster",
    "HyperTune": "hypertune",
    "DyHPO": "dyhpo",
    "BOHB": "bohb",
    "SyncHyperband": "sync-hyperband",
    "SyncBOHB": "sync-bohb",
    "SyncMOBSTER": "sync-mobster",
    "DEHB": "dehb",
}
BASELINES: dict[str, Baseline] = {
    **{name: Baseline("fifo", searcher) for name, searcher in _FIFO.items()},
    **{
        name: Baseline("fifo", searcher, search_words=words)
        for name, (searcher, words) in _EVOLUTION.items()
    },
    **_ASHA,
    **{name: Baseline(scheduler, words=_MULTI_FIDELITY) for name, scheduler in _OWN.items()},
    "MOLinearScalarizationBayesOpt": Baseline("scalarize", "bayesopt"),
    "ZeroShotTransfer": Baseline(
        "fifo",
        "zero-shot",
        ("transfer_learning_evaluations", "metric"),
        search_words=(
            "transfer_learning_evaluations",
            "sort_transfer_learning_evaluations",
            "use_surrogates",
        ),
    ),
}


def _method(name: str, baseline: Baseline) -> Callable[..., Scheduler]:
    def method(config_space: Mapping[str, Any] | Problem, *args: Any, **kwargs: Any) -> Scheduler:
        from synecore.plugins.make import make_scheduler

        if len(args) > len(baseline.words):
            raise TypeError(
                f"{name} takes config_space, {', '.join(baseline.words)} by position, "
                f"and {len(args) - len(baseline.words)} too many were given"
            )
        for word, value in zip(baseline.words, args, strict=False):
            if word in kwargs:
                raise TypeError(f"{name} got {word!r} twice")
            kwargs[word] = value
        moved = {word: kwargs.pop(word) for word in baseline.search_words if word in kwargs}
        if moved:
            kwargs["search_options"] = {**moved, **(kwargs.get("search_options") or {})}
        given = {"searcher": baseline.searcher, **baseline.options, **kwargs}
        return make_scheduler(baseline.scheduler, config_space, **given)

    searcher = f" with the searcher {baseline.searcher!r}" if baseline.searcher else ""
    method.__name__ = method.__qualname__ = name
    method.__doc__ = (
        f"The scheduler {baseline.scheduler!r}{searcher}.\n\n"
        f"{name}(config_space, {', '.join(baseline.words)}, **options); "
        "see `make_scheduler` for the words and `synecore plugins show` for the options."
    )
    return method


def __getattr__(name: str) -> Callable[..., Scheduler]:
    baseline = BASELINES.get(name)
    if baseline is None:
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}{did_you_mean(name, BASELINES)}"
        )
    method: Callable[..., Scheduler] = globals().setdefault(name, _method(name, baseline))
    return method


def __dir__() -> list[str]:
    return sorted(BASELINES)
