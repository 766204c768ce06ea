"""The ledger of features names each of them once, and nothing that does not exist."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
LEDGER = ROOT / "docs" / "features.md"
# The reference checklist: how many items each of its groups has, numbered from 01.
GROUPS = {
    "CORE": 36,
    "BE": 27,
    "BB": 18,
    "CB": 9,
    "CS": 14,
    "SC": 12,
    "HB": 20,
    "SY": 12,
    "MO": 10,
    "SE": 38,
    "EN": 9,
    "GP": 25,
    "AC": 19,
    "TL": 7,
    "BL": 6,
    "RU": 6,
    "EX": 22,
    "BM": 8,
}
CODES = [f"{group}-{i:02d}" for group, count in GROUPS.items() for i in range(1, count + 1)]


class Row(NamedTuple):
    """One line of the ledger."""

    code: str
    feature: str
    issue: str
    where: str
    test: str

    @property
    def exists(self) -> bool:
        return self.where != "not yet"


def rows() -> list[Row]:
    """Return the lines of the ledger's tables that begin with a code."""
    found = []
    for line in LEDGER.read_text().splitlines():
        if re.match(r"\| [A-Z]+-\d\d \|", line):
            found.append(Row(*(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])))
    return found


ROWS = rows()
DONE = [row for row in ROWS if row.exists]


@functools.cache
def names_in(path: Path) -> set[str]:
    """Return the tests in a file, as `name` or `Class::name`, inherited ones left out."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ClassDef):
            inner = (item.name for item in node.body if isinstance(item, ast.FunctionDef))
            names |= {node.name, *(f"{node.name}::{name}" for name in inner)}
    return names


def test_every_item_of_the_checklist_has_one_row() -> None:
    codes = [row.code for row in ROWS if not row.code.startswith("S-")]
    assert sorted(codes) == sorted(CODES)


def test_a_story_has_at_most_one_row() -> None:
    stories = [row.code for row in ROWS if row.code.startswith("S-")]
    assert len(stories) == len(set(stories))


@pytest.mark.parametrize("row", ROWS, ids=[row.code for row in ROWS])
def test_a_row_is_done_and_shown_or_not_yet(row: Row) -> None:
    assert row.feature
    assert row.issue == "" or row.issue.isdigit()
    if row.exists:
        assert row.where, f"{row.code}: where does it live?"
        assert row.test, f"{row.code}: which test shows it?"
    else:
        assert row.test == ""


@pytest.mark.parametrize("row", DONE, ids=[row.code for row in DONE])
def test_the_files_of_a_row_exist(row: Row) -> None:
    paths = re.findall(r"`([^`]+)`", row.where)
    assert paths, f"{row.code}: write file names in backticks"
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("row", DONE, ids=[row.code for row in DONE])
def test_the_names_in_a_row_exist(row: Row) -> None:
    for named in re.findall(r"`([^`]+)`", row.test):
        path, separator, name = named.partition("::")
        assert separator, f"{row.code}: name a test as path::name, not {named}"
        assert (ROOT / path).is_file(), f"{row.code}: there is no file {path}"
        assert name in names_in(ROOT / path), f"{row.code}: there is no test {named}"
