from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synecore.errors import SpaceError
from synecore.space import (
    Categorical,
    ConfigSpace,
    Domain,
    Expression,
    Float,
    choice,
    finrange,
    format_config_space,
    format_domain,
    is_domain_text,
    logfinrange,
    logordinal,
    lograndint,
    loguniform,
    ordinal,
    parse_config_space,
    parse_domain,
    qlograndint,
    qloguniform,
    qrandint,
    quniform,
    randint,
    reverseloguniform,
    subject_to,
    uniform,
)

REPEATABLE = settings(deadline=None, derandomize=True, max_examples=150)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("loguniform(1e-4, 1)", loguniform(1e-4, 1)),
        (" uniform( -1 , +2.5 ) ", uniform(-1, 2.5)),
        ("uniform(lower=0, upper=1)", uniform(0, 1)),
        ("randint(1, 2**10)", randint(1, 1024)),
        ("uniform(0, 1/4)", uniform(0, 0.25)),
        ("lograndint(4, 1024)", lograndint(4, 1024)),
        ("reverseloguniform(0.9, 0.999)", reverseloguniform(0.9, 0.999)),
        ("choice(['relu', 'tanh'])", choice(["relu", "tanh"])),
        ("choice([relu, tanh])", choice(["relu", "tanh"])),
        ("choice(relu, tanh)", choice(["relu", "tanh"])),
        ("choice(adam)", choice(["adam"])),
        ("choice(true, false)", choice([True, False])),
        ("choice(16, 32)", choice([16, 32])),
        ("choice((1, 2.5))", choice([1.0, 2.5])),
        ("ordinal(1, 2, 5)", ordinal([1, 2, 5])),
        ("ordinal([1, 2, 5], kind=equal)", ordinal([1, 2, 5], kind="equal")),
        ("ordinal(1, 2, 5, kind='nn-log')", logordinal([1, 2, 5])),
        ("logordinal(1, 10)", logordinal([1, 10])),
        ("finrange(0.1, 1.0, 10)", finrange(0.1, 1.0, 10)),
        ("logfinrange(8, 256, 6, cast_int=True)", logfinrange(8, 256, 6, cast_int=True)),
        ("logfinrange(8, 256, size=6, cast_int=true)", logfinrange(8, 256, 6, cast_int=True)),
        ("quniform(0, 1, 0.1)", quniform(0, 1, 0.1)),
        ("qloguniform(0.1, 1, 0.1)", qloguniform(0.1, 1, 0.1)),
        ("qrandint(0, 10, 5)", qrandint(0, 10, 5)),
        ("qlograndint(1, 10, q=5)", qlograndint(1, 10, 5)),
        ("uniform(0, 1).when(optimizer=sgd)", uniform(0, 1).when(optimizer="sgd")),
        ("uniform(0, 1).when(o=[sgd, 'adam'], n=2)", uniform(0, 1).when(o=["sgd", "adam"], n=2)),
        ("uniform(0, 1).prior(mean=0.5, sd=0.1)", uniform(0, 1).prior(mean=0.5, sd=0.1)),
        ("choice(a, b).prior(weights=[1, 3]).when(c=x)",
         choice(["a", "b"]).prior(weights=[1, 3]).when(c="x")),
        ("Float(-inf, inf).normal(0, 2)", Float(float("-inf"), float("inf")).normal(0, 2)),
    ],
)  # fmt: skip
def test_reads_domains(text: str, domain: Domain) -> None:
    assert parse_domain(text) == domain
    assert parse_domain(format_domain(domain)) == domain
    assert repr(domain) == format_domain(domain)
    assert is_domain_text(text)


@pytest.mark.parametrize(
    "domain", [Categorical([1, 2]).grid(), Float(0, 9).normal(5, 1).quantized(3)]
)
def test_writes_every_kind_of_domain(domain: Domain) -> None:
    assert parse_domain(repr(domain)) == domain


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loguniform(1e-4, 1", "domain 'loguniform\\(1e-4, 1' cannot be read"),
        ("logunifrom(1e-4, 1)", r"unknown domain 'logunifrom'; did you mean 'loguniform'\?"),
        ("uniform(1)", "cannot be read: .*'upper'"),
        ("uniform(0, 1, 2)", "cannot be read: .*positional"),
        ("uniform(0, b)", "upper: 'b' is not a number|'b' is not a number"),
        ("uniform(1, 0)", "swap the two bounds"),
        ("choice()", "an empty list"),
        ("uniform", "not a domain; write one like loguniform"),
        ("3", "not a domain"),
        ("uniform(0, 1) + 1", "not a domain"),
        ("uniform(0, open('x'))", "\"open\\('x'\\)\" is not a value"),
        ("uniform(0, __import__('os').getpid())", "is not a value"),
        ("uniform(0, 1/0)", "cannot be read: division by zero"),
        ("randint(0, 9**9**9)", "is too large"),
        ("uniform(0, -a)", "'a' is not a number"),
        ("uniform(0, 1).wehn(a=1)", r"unknown addition .wehn\(\); did you mean 'when'\?"),
        ("uniform(0, 1).__class__(0, 1)", "unknown addition"),
        ("choice(a).quantized(2)", "unknown addition"),
        ("uniform(**a)", "\\*\\* is not allowed"),
        ("uniform(0, [x for x in (1,)])", "is not a value"),
        ("lambda: 0", "not a domain"),
    ],
)
def test_refuses_what_is_no_domain(text: str, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        parse_domain(text)


@REPEATABLE
@given(st.text(alphabet="uniformchoice(),.0123456789[]'=*- \nab_", max_size=40))
def test_any_text_is_a_domain_or_a_clear_error(text: str) -> None:
    problem = None
    try:
        assert isinstance(parse_domain(text), Domain)
    except SpaceError as error:
        problem = str(error)
    assert problem is None or problem.startswith("domain ")


def test_reads_the_space_of_a_file() -> None:
    data = {
        "lr": "loguniform(1e-4, 1)",
        "optimizer": "choice(sgd, adam)",
        "momentum": {"domain": "uniform(0, 1)", "when": {"optimizer": ["sgd"]}},
        "width": {"domain": "randint(1, 64)", "prior": {"mean": 8, "sd": 4}},
        "height": "randint(1, 64)",
        "epochs": 27,
        "activation": "relu",
        "literal": {"constant": "uniform(0, 1)"},
        "sizes": {"constant": [1, 2]},
        "debug": False,
        "$constraints": ["width < height", {"expression": "lr < 1"}],
    }
    space = parse_config_space(data)
    assert isinstance(space, ConfigSpace)
    assert dict(space) == {
        "lr": loguniform(1e-4, 1),
        "optimizer": choice(["sgd", "adam"]),
        "momentum": uniform(0, 1).when(optimizer="sgd"),
        "width": randint(1, 64).prior(mean=8, sd=4),
        "height": randint(1, 64),
        "epochs": 27,
        "activation": "relu",
        "literal": "uniform(0, 1)",
        "sizes": [1, 2],
        "debug": False,
    }
    assert space.constraints == (Expression("width < height"), Expression("lr < 1"))
    written = json.loads(json.dumps(format_config_space(space)))
    again = parse_config_space(written)
    assert again == space
    assert again.constraints == space.constraints  # type: ignore[attr-defined]


def test_files_may_hold_domains_as_json() -> None:
    from synecore.space import to_dict

    assert parse_config_space({"a": to_dict(randint(1, 3)), "b": uniform(0, 1)}) == {
        "a": randint(1, 3),
        "b": uniform(0, 1),
    }


def test_predicates_are_named_in_files() -> None:
    space = parse_config_space({"a": "randint(1, 3)", "$constraints": [{"predicate": "os:getpid"}]})
    assert format_config_space(space)["$constraints"][0]["predicate"] == "os:getpid"
    assert type(parse_config_space({"a": "randint(1, 3)"})) is dict


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("run(0, 1)", None),
        ("unifrm(0, 1)", r"a: domain 'unifrm\(0, 1\)': .*did you mean 'uniform'\? Known: "),
        ("uniform(1, 0)", "a: domain 'uniform\\(1, 0\\)': .*swap the two bounds"),
        ([1, 2], r"a: \[1, 2\] is a list; write 'choice\(\[1, 2\]\)'"),
        ({"domains": "uniform(0, 1)"}, "a: .*allowed keys are domain, when and prior"),
        ({"domain": "uniform(0, 1)", "whn": {}}, "allowed keys are domain, when and prior"),
        ({"domain": "uniform(0, 1)", "prior": {"men": 1}}, "a: .*cannot be read: .*'men'"),
        ({"domain": 3}, "a: domain '3': not a domain"),
    ],
)
def test_an_entry_at_fault_is_named(entry: Any, message: str | None) -> None:
    if message is None:  # what is near no domain's name is a constant
        assert parse_config_space({"a": entry}) == {"a": entry}
        return
    with pytest.raises(SpaceError, match=message):
        parse_config_space({"a": entry})


def test_a_parsed_space_works_like_a_written_one() -> None:
    space = subject_to({"a": randint(1, 9), "b": randint(1, 9)}, "a < b")
    assert parse_config_space({"a": "randint(1, 9)", "b": "randint(1, 9)",
                               "$constraints": "a < b"}) == space  # fmt: skip
