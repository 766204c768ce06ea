from __future__ import annotations

import re
from datetime import datetime

import pytest

from synecore.errors import ExperimentError
from synecore.names import (
    check_valid_name,
    name_from_base,
    random_string,
    sanitize_name,
    time_stamp,
)

NOW = datetime(2022, 1, 12, 11, 8, 40, 971_654)


def test_time_stamp_is_the_documented_one():
    assert time_stamp(NOW) == "2022-01-12-11-08-40-971"


def test_name_is_base_and_stamp():
    assert name_from_base("train-height", now=NOW) == "train-height-2022-01-12-11-08-40-971"


def test_default_stands_in_for_a_missing_base():
    assert name_from_base(None, "tuner", now=NOW).startswith("tuner-2022")


@pytest.mark.parametrize("length", [30, 63])
def test_long_bases_are_cut_so_that_the_whole_fits(length):
    name = name_from_base("x" * 100, max_length=length, now=NOW)
    assert len(name) == length
    assert name.endswith("-2022-01-12-11-08-40-971")


def test_a_base_cut_at_a_dash_does_not_leave_two():
    name = name_from_base("abc-def", max_length=4 + 24, now=NOW)
    assert name == "abc-2022-01-12-11-08-40-971"


@pytest.mark.parametrize("name", ["a", "my-run", "a--b", "2x", "A1-b2"])
def test_valid_names_pass(name):
    check_valid_name(name)


@pytest.mark.parametrize("name", ["", "-a", "a-", "a_b", "a b", "a/b", "ä"])
def test_invalid_names_are_refused(name):
    with pytest.raises(ExperimentError, match="letters, digits and '-' only"):
        check_valid_name(name)


def test_the_refusal_shows_a_name_that_would_do():
    with pytest.raises(ExperimentError, match="'my-run'"):
        check_valid_name("my_run")


def test_sanitized_names_are_valid():
    assert sanitize_name("__train height!.py") == "train-height-py"


def test_random_strings_are_letters_and_digits_and_differ():
    one, other = random_string(20), random_string(20)
    assert re.fullmatch(r"[A-Za-z0-9]{20}", one)
    assert one != other
