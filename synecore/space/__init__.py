"""Configuration spaces: domains, conditions, constraints, and their encoding as arrays.

Names are resolved when they are first used: describing a space does not import NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synecore.space.arguments import add_to_argparse as add_to_argparse
    from synecore.space.categories import Categorical as Categorical
    from synecore.space.categories import Ordinal as Ordinal
    from synecore.space.categories import OrdinalNearestNeighbor as OrdinalNearestNeighbor
    from synecore.space.constraints import ConfigSpace as ConfigSpace
    from synecore.space.constraints import Predicate as Predicate
    from synecore.space.constraints import subject_to as subject_to
    from synecore.space.counting import config_space_size as config_space_size
    from synecore.space.domain import Domain as Domain
    from synecore.space.exclusion import ExclusionList as ExclusionList
    from synecore.space.expressions import Expression as Expression
    from synecore.space.extended import extended_space as extended_space
    from synecore.space.extended import split_extended_features as split_extended_features
    from synecore.space.factories import choice as choice
    from synecore.space.factories import finrange as finrange
    from synecore.space.factories import logfinrange as logfinrange
    from synecore.space.factories import logordinal as logordinal
    from synecore.space.factories import lograndint as lograndint
    from synecore.space.factories import loguniform as loguniform
    from synecore.space.factories import ordinal as ordinal
    from synecore.space.factories import qlograndint as qlograndint
    from synecore.space.factories import qloguniform as qloguniform
    from synecore.space.factories import qrandint as qrandint
    from synecore.space.factories import quniform as quniform
    from synecore.space.factories import randint as randint
    from synecore.space.factories import reverseloguniform as reverseloguniform
    from synecore.space.factories import uniform as uniform
    from synecore.space.files import format_config_space as format_config_space
    from synecore.space.files import parse_config_space as parse_config_space
    from synecore.space.finite_range import FiniteRange as FiniteRange
    from synecore.space.matching import cast_config_values as cast_config_values
    from synecore.space.matching import config_to_match_string as config_to_match_string
    from synecore.space.matching import is_log_space as is_log_space
    from synecore.space.matching import is_reverse_log_space as is_reverse_log_space
    from synecore.space.matching import is_uniform_space as is_uniform_space
    from synecore.space.matching import (
        non_constant_hyperparameter_keys as non_constant_hyperparameter_keys,
    )
    from synecore.space.ranges import Float as Float
    from synecore.space.ranges import Integer as Integer
    from synecore.space.restriction import restrict_domain as restrict_domain
    from synecore.space.samplers import Grid as Grid
    from synecore.space.samplers import LogUniform as LogUniform
    from synecore.space.samplers import Normal as Normal
    from synecore.space.samplers import NormalPrior as NormalPrior
    from synecore.space.samplers import Quantized as Quantized
    from synecore.space.samplers import ReverseLogUniform as ReverseLogUniform
    from synecore.space.samplers import Sampler as Sampler
    from synecore.space.samplers import Uniform as Uniform
    from synecore.space.samplers import WeightPrior as WeightPrior
    from synecore.space.scalings import LinearScaling as LinearScaling
    from synecore.space.scalings import LogScaling as LogScaling
    from synecore.space.scalings import ReverseLogScaling as ReverseLogScaling
    from synecore.space.scalings import get_scaling as get_scaling
    from synecore.space.search_space import SearchSpace as SearchSpace
    from synecore.space.serial import config_space_from_json_dict as config_space_from_json_dict
    from synecore.space.serial import config_space_to_json_dict as config_space_to_json_dict
    from synecore.space.serial import from_dict as from_dict
    from synecore.space.serial import to_dict as to_dict
    from synecore.space.streamline import convert_choice_domain as convert_choice_domain
    from synecore.space.streamline import convert_domain as convert_domain
    from synecore.space.streamline import (
        convert_linear_to_log_domain as convert_linear_to_log_domain,
    )
    from synecore.space.streamline import fit_to_regular_grid as fit_to_regular_grid
    from synecore.space.streamline import streamline_config_space as streamline_config_space
    from synecore.space.text import format_domain as format_domain
    from synecore.space.text import is_domain_text as is_domain_text
    from synecore.space.text import parse_domain as parse_domain
    from synecore.space.warm_start import of_active_task as of_active_task
    from synecore.space.warm_start import warm_start_space as warm_start_space

_MODULES = {
    "arguments": ("add_to_argparse",),
    "constraints": ("ConfigSpace", "Predicate", "subject_to"),
    "counting": ("config_space_size",),
    "categories": ("Categorical", "Ordinal", "OrdinalNearestNeighbor"),
    "domain": ("Domain",),
    "files": ("format_config_space", "parse_config_space"),
    "finite_range": ("FiniteRange",),
    "ranges": ("Float", "Integer"),
    "exclusion": ("ExclusionList",),
    "expressions": ("Expression",),
    "warm_start": ("of_active_task", "warm_start_space"),
    "extended": ("extended_space", "split_extended_features"),
    "factories": (
        "choice", "finrange", "logfinrange", "logordinal", "lograndint", "loguniform", "ordinal",
        "qlograndint", "qloguniform", "qrandint", "quniform", "randint", "reverseloguniform",
        "uniform",
    ),
    "matching": (
        "cast_config_values", "config_to_match_string", "is_log_space", "is_reverse_log_space",
        "is_uniform_space", "non_constant_hyperparameter_keys",
    ),
    "restriction": ("restrict_domain",),
    "samplers": (
        "Grid", "LogUniform", "Normal", "NormalPrior", "Quantized", "ReverseLogUniform", "Sampler",
        "Uniform", "WeightPrior",
    ),
    "scalings": ("LinearScaling", "LogScaling", "ReverseLogScaling", "get_scaling"),
    "search_space": ("SearchSpace",),
    "serial": (
        "config_space_from_json_dict", "config_space_to_json_dict", "from_dict", "to_dict",
    ),
    "streamline": (
        "convert_choice_domain", "convert_domain", "convert_linear_to_log_domain",
        "fit_to_regular_grid", "streamline_config_space",
    ),
    "text": (
        "format_domain", "is_domain_text", "parse_domain",
    ),
}  # fmt: skip
_WHERE = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
