"""Hyperparameter optimisation in which every algorithm and every backend is a plugin.

    from synecore import Reporter, StoppingCriterion, Tuner, make_backend, make_scheduler, tune

Names are imported when they are first used, so that a training script pays for the reporter alone.
"""

from __future__ import annotations

TYPE_CHECKING = False  # that of `typing`, whose import would be half of the reporter's cost
__version__ = "0.1.0"

if TYPE_CHECKING:
    from typing import Any

    from synecore.checkpointing import (
        add_checkpointing_to_argparse,
        checkpoint_model_at_rung_level,
        json_load_save_functions,
        pytorch_load_save_functions,
        resume_from_checkpointed_model,
    )
    from synecore.plugins.make import (
        make,
        make_acquisition,
        make_backend,
        make_scheduler,
        make_searcher,
        make_store,
        make_surrogate,
    )
    from synecore.problem import Problem
    from synecore.report import Reporter
    from synecore.script_config import (
        add_config_json_to_argparse,
        load_config_json,
        parse_bool,
        parse_config,
    )
    from synecore.tuning.asktell import AskTell, SchedulerDecision
    from synecore.tuning.callbacks import (
        ExtraResultsComposer,
        StoreResultsCallback,
        TunerCallback,
    )
    from synecore.tuning.experiment import Experiment
    from synecore.tuning.onecall import tune
    from synecore.tuning.status import TuningStatus
    from synecore.tuning.stopping import PlateauStopper, StoppingCriterion
    from synecore.tuning.trial import Trial, TrialResult
    from synecore.tuning.tuner import Tuner

_HOME = {
    "Reporter": "report",
    "add_checkpointing_to_argparse": "checkpointing",
    "checkpoint_model_at_rung_level": "checkpointing",
    "json_load_save_functions": "checkpointing",
    "pytorch_load_save_functions": "checkpointing",
    "resume_from_checkpointed_model": "checkpointing",
    "add_config_json_to_argparse": "script_config",
    "load_config_json": "script_config",
    "parse_bool": "script_config",
    "parse_config": "script_config",
    "Problem": "problem",
    "make": "plugins.make",
    "make_acquisition": "plugins.make",
    "make_backend": "plugins.make",
    "make_scheduler": "plugins.make",
    "make_searcher": "plugins.make",
    "make_store": "plugins.make",
    "make_surrogate": "plugins.make",
    "AskTell": "tuning.asktell",
    "SchedulerDecision": "tuning.asktell",
    "ExtraResultsComposer": "tuning.callbacks",
    "StoreResultsCallback": "tuning.callbacks",
    "TunerCallback": "tuning.callbacks",
    "Experiment": "tuning.experiment",
    "tune": "tuning.onecall",
    "TuningStatus": "tuning.status",
    "PlateauStopper": "tuning.stopping",
    "StoppingCriterion": "tuning.stopping",
    "Trial": "tuning.trial",
    "TrialResult": "tuning.trial",
    "Tuner": "tuning.tuner",
}

__all__ = [
    "AskTell",
    "Experiment",
    "ExtraResultsComposer",
    "PlateauStopper",
    "Problem",
    "Reporter",
    "SchedulerDecision",
    "StoppingCriterion",
    "StoreResultsCallback",
    "Trial",
    "TrialResult",
    "Tuner",
    "TunerCallback",
    "TuningStatus",
    "__version__",
    "add_checkpointing_to_argparse",
    "add_config_json_to_argparse",
    "checkpoint_model_at_rung_level",
    "json_load_save_functions",
    "load_config_json",
    "load_experiment",
    "make",
    "make_acquisition",
    "make_backend",
    "make_scheduler",
    "make_searcher",
    "make_store",
    "make_surrogate",
    "parse_bool",
    "parse_config",
    "pytorch_load_save_functions",
    "resume_from_checkpointed_model",
    "tune",
]


def load_experiment(name: str, **options: Any) -> Any:
    """Results of an experiment as data frames and plots; comes with synecore-analysis."""
    try:
        from synecore_analysis import load_experiment as load
    except ModuleNotFoundError as error:
        if error.name != "synecore_analysis":
            raise
        message = (
            "load_experiment needs synecore-analysis: pip install synecore-analysis. "
            "synecore.Experiment.open(name) reads an experiment without it"
        )
        raise ModuleNotFoundError(message, name=error.name) from None
    return load(name, **options)


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = __import__(f"{__name__}.{home}", fromlist=[name])
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
