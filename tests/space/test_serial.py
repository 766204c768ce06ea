from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from synecore.errors import SpaceError
from synecore.space import (
    Categorical,
    Domain,
    Float,
    choice,
    config_space_from_json_dict,
    config_space_to_json_dict,
    finrange,
    from_dict,
    logfinrange,
    logordinal,
    lograndint,
    loguniform,
    ordinal,
    qlograndint,
    quniform,
    randint,
    reverseloguniform,
    subject_to,
    to_dict,
    uniform,
)

DOMAINS = [
    uniform(0, 1),
    loguniform(1e-300, 1),
    reverseloguniform(0.9, 0.999),
    Float(0.25, 1),
    Float(0, 1).normal(0.5, 0.25),
    Float(-math.inf, math.inf).normal(1, 2),
    quniform(0, 1, 0.1),
    Float(0, 9).normal(5, 1).quantized(0.5),
    randint(-3, 3),
    lograndint(1, 2**62),
    qlograndint(1, 100, 10),
    choice(["a", "b"]),
    choice([True, False]),
    Categorical([1, 2]).grid(),
    ordinal(["a", "b"]),
    ordinal([1, 2, 5]),
    logordinal([0.1, 1.0]),
    finrange(0, 1, 11),
    logfinrange(8, 256, 6, cast_int=True),
    uniform(0, 1).when(a="x", b=[1, 2]).prior(mean=0.5, sd=0.1),
    choice(["a", "b"]).prior(weights=[1, 2]).when(c=True),
]


@pytest.mark.parametrize("domain", DOMAINS, ids=repr)
def test_domains_survive_json(domain: Domain) -> None:
    text = json.dumps(to_dict(domain), allow_nan=False)
    read = from_dict(json.loads(text))
    assert read == domain
    assert read.sampler == domain.sampler
    assert (
        read.sample(size=3, random_state=0) == domain.sample(size=3, random_state=0)
        if (not domain.is_grid())
        else read.is_grid()
    )


def test_the_format_is_the_documented_one() -> None:
    assert to_dict(loguniform(1e-4, 1)) == {
        "domain_cls": "Float",
        "domain_kwargs": {"lower": 1e-4, "upper": 1.0},
        "sampler_cls": "LogUniform",
        "sampler_kwargs": {"base": math.e},
    }
    assert to_dict(finrange(0, 1, 3)) == {
        "domain_cls": "FiniteRange",
        "domain_kwargs": {
            "lower": 0.0, "upper": 1.0, "size": 3, "log_scale": False, "cast_int": False,
        },
    }  # fmt: skip


def test_reads_what_syne_tune_wrote() -> None:
    written = {
        "lr": {
            "domain_cls": "Float",
            "domain_kwargs": {"lower": 0.0001, "upper": 1},
            "sampler_cls": "LogUniform",
            "sampler_kwargs": {"base": 2.718281828459045},
        },
        "n": {"domain_cls": "OrdinalNearestNeighbor",
              "domain_kwargs": {"categories": [1, 2, 5], "log_scale": True}},
        "k": {"domain_cls": "Categorical", "domain_kwargs": {"categories": ["a", "b"]},
              "sampler_cls": "_Uniform", "sampler_kwargs": {}},
        "epochs": 3,
    }  # fmt: skip
    assert config_space_from_json_dict(written) == {
        "lr": loguniform(1e-4, 1),
        "n": logordinal([1, 2, 5]),
        "k": choice(["a", "b"]),
        "epochs": 3,
    }


def test_spaces_survive_json() -> None:
    space: dict[str, Any] = {f"p{i}": domain for i, domain in enumerate(DOMAINS)}
    space |= {
        "a": "uniform(0, 1)",  # a constant, however it looks
        "b": {"domain_cls": "nothing"},
        "c": [1, 2],
        "d": None,
        "e": True,
        "f": np.float64(0.5),
    }
    read = config_space_from_json_dict(json.loads(json.dumps(config_space_to_json_dict(space))))
    assert read == space
    assert list(read) == list(space)
    assert type(read) is dict


def test_constraints_survive_json() -> None:
    space = subject_to({"a": randint(1, 2), "b": 3}, "a < b")
    data = json.loads(json.dumps(config_space_to_json_dict(space)))
    assert data["$constraints"] == [{"expression": "a < b"}]
    read = config_space_from_json_dict(data)
    assert read == space
    assert read.constraints == space.constraints  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"domain_cls": "Flaot"}, r"domain_cls: 'Flaot' is unknown; did you mean 'Float'\?"),
        ({"domain_cls": "Float", "domain_kwargs": {"low": 1}}, "cannot be read: .*'low'"),
        ({"domain_cls": "Float", "domain_kwargs": {"lower": 2, "upper": 1}}, "swap the two bounds"),
        (
            {
                "domain_cls": "Float",
                "domain_kwargs": {"lower": 0, "upper": 1},
                "sampler_cls": "Log",
            },
            "sampler_cls: 'Log' is unknown",
        ),
    ],
)
def test_what_is_no_domain_is_an_error(data: dict[str, Any], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        from_dict(data)
    with pytest.raises(SpaceError, match=f"lr: .*{message}"):
        config_space_from_json_dict({"lr": data})
