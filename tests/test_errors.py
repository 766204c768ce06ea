from __future__ import annotations

import pytest

from synecore import errors
from synecore.errors import OptionError, SynecoreError, UnknownComponentError, did_you_mean, near


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("ahsa", ["asha", "fifo"], "; did you mean 'asha'?"),
        ("Max_T", ["max-t", "epochs"], "; did you mean 'max-t'?"),
        ("zebra", ["asha", "fifo"], ""),
        ("asha", [], ""),
    ],
)
def test_names_the_nearest_known_name(name: str, known: list[str], expected: str) -> None:
    assert did_you_mean(name, known) == expected


def test_near_returns_the_name_as_it_is_spelled() -> None:
    assert near("bayes_opt", ["BayesOpt", "random"]) == "BayesOpt"
    assert near("", ["asha"]) is None


def test_every_error_is_a_synecore_error() -> None:
    raised = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, Exception)
    ]
    assert len(raised) > 10
    assert all(issubclass(error, SynecoreError) for error in raised)


def test_errors_are_caught_as_the_builtin_ones_they_resemble() -> None:
    with pytest.raises(ValueError, match="wrong"):
        raise OptionError("wrong")
    with pytest.raises(LookupError, match="unknown"):
        raise UnknownComponentError("unknown")
