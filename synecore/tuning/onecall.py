"""One call for the common case: a script or a function, a space, a metric, a method by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from synecore.errors import OptionError, UnknownComponentError
from synecore.problem import Problem
from synecore.protocols import Scheduler
from synecore.tuning.experiment import Experiment
from synecore.tuning.stopping import StopCriterion, StoppingCriterion
from synecore.tuning.tuner import Tuner

_TUNER_OPTIONS = (
    "max_failures", "tuner_name", "suffix_tuner_name", "asynchronous_scheduling",
    "wait_trial_completion_when_stopping", "callbacks", "metadata", "store", "max_retries",
    "display", "sleep_time", "results_update_interval", "print_update_interval",
    "trial_backend_path", "save_tuner", "start_jobs_without_delay", "retry_delay",
)  # fmt: skip
_LIMITS = tuple(limit.name for limit in attrs.fields(StoppingCriterion))


def tune(
    trainable: str | os.PathLike[str] | Callable[..., Any],
    config_space: Mapping[str, Any] | Problem,
    *,
    metric: str | list[str],
    mode: str | list[str] = "min",
    method: str | Scheduler = "asha",
    n_workers: int = 1,
    stop_criterion: StopCriterion | None = None,
    backend: str | None = None,
    backend_options: Mapping[str, Any] | None = None,
    in_process: bool = False,
    **options: Any,
) -> Experiment:
    """Tune a script or a function and return the experiment.

    trainable
        A script of any kind that takes `--name value` arguments and reports, or a Python function.
    method
        Name of a scheduler, or of a searcher, which then runs every trial to its end.
    in_process
        Call a function in this process instead of one of its own a trial: for functions that take
        microseconds.
    options
        Limits of `StoppingCriterion` (`max_wallclock_time=60`), arguments of `Tuner`
        (`tuner_name=…`), and options of the method (`resource_attr`, `max_resource_attr`, `type`,
        `random_seed`, …).

    Example: `tune("train.py", {"lr": loguniform(1e-4, 1), "epochs": 27}, metric="loss",
    resource_attr="epoch", max_resource_attr="epochs", max_wallclock_time=60)`
    """
    from synecore.plugins.make import make_backend

    limits = {name: options.pop(name) for name in _LIMITS if name in options}
    settings = {name: options.pop(name) for name in _TUNER_OPTIONS if name in options}
    if limits and stop_criterion is not None:
        raise OptionError(f"tune: give stop_criterion or {', '.join(limits)}, not both")
    if not limits and stop_criterion is None:
        raise OptionError(
            "tune: say when to stop, as in max_wallclock_time=60 (seconds) or "
            "max_num_trials_finished=50"
        )
    if isinstance(method, str):
        scheduler = scheduler_for(method, config_space, metric=metric, mode=mode, **options)
    elif options:
        raise OptionError(
            f"tune: unknown option(s) {', '.join(options)}; a scheduler object has its "
            "options already"
        )
    else:
        scheduler = method
    given = {**(backend_options or {}), **({"in_process": True} if in_process else {})}
    if callable(trainable):
        trial_backend = make_backend(backend or "python", tune_function=trainable, **given)
    else:
        trial_backend = make_backend(backend or "local", entry_point=os.fspath(trainable), **given)
    return Tuner(
        trial_backend,
        scheduler,
        stop_criterion or StoppingCriterion(**limits),
        n_workers,
        **settings,
    ).run()


def scheduler_for(
    method: str, config_space: Mapping[str, Any] | Problem | None, **options: Any
) -> Scheduler:
    """The scheduler of this name, or `fifo` around the searcher of this name."""
    from synecore.plugins.make import make_scheduler
    from synecore.plugins.registry import default_registry

    if config_space is None:
        raise OptionError(f"method '{method}' needs a configuration space")
    index = default_registry().index
    if method not in index.names("scheduler") and method in index.names("searcher"):
        return make_scheduler("fifo", config_space, searcher=method, **options)
    try:
        return make_scheduler(method, config_space, **options)
    except UnknownComponentError as error:
        searchers = ", ".join(index.names("searcher"))
        raise UnknownComponentError(
            f"{error} Searchers, usable as methods too: {searchers}."
        ) from None
