"""The documentation is true: its code runs, its links lead somewhere, its reference is complete."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUNNER = ROOT / "tests" / "run_page.py"
REFERENCE = ROOT / "docs" / "write_reference.py"
PAGES = sorted(
    [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")],
)
FRAGMENT = re.compile(r"[a-z0-9][a-z0-9-]*\.(added|changed|fixed|removed)\.md")
MARKS = {"slow": pytest.mark.slow, "heavy": pytest.mark.heavy}  # by a page's first line
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s#]+)(?:#[^)]*)?\)")

blocks_of = runpy.run_path(str(RUNNER))["blocks_of"]


def name_of(page: Path) -> str:
    """Return a page's path from the root of the repository."""
    return page.relative_to(ROOT).as_posix()


def pages_with_code() -> list[object]:
    """Return the pages in which anything runs, as parameters of a test."""
    found: list[object] = []
    for page in PAGES:
        text = page.read_text()
        if any(block.runs for block in blocks_of(text)):
            marks = [mark for name, mark in MARKS.items() if text.startswith(f"<!-- {name} -->")]
            found.append(pytest.param(page, id=name_of(page), marks=marks))
    return found


@pytest.mark.parametrize("page", pages_with_code())
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    scripts = str(Path(sys.executable).parent)
    environment = dict(
        os.environ,
        MPLBACKEND="agg",
        SYNECORE_FOLDER=str(tmp_path / "experiments"),
        PATH=os.pathsep.join([scripts, os.environ["PATH"]]),
    )
    environment.pop("CUDA_VISIBLE_DEVICES", None)  # one page is about it
    folder = tmp_path / "page"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, RUNNER, page],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{name_of(page)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def test_blocks_are_read_with_their_line_and_what_their_fence_says() -> None:
    text = "a\n```python file=a/b.py\nx = 1\n```\n\n- b\n  ```console run\n  $ ls\n  ```\n```\n"
    text += "plain\n```\n````md\n```python\n```\n````\n"
    first, second, third, fourth = blocks_of(text)
    assert first == (3, "python", ("file=a/b.py",), "x = 1\n")
    assert first.file == "a/b.py"
    assert second == (8, "console", ("run",), "$ ls\n")
    assert second.runs
    assert not third.runs
    assert fourth.text == "```python\n```\n"


@pytest.mark.parametrize("page", PAGES, ids=map(name_of, PAGES))
def test_links_lead_to_files(page: Path) -> None:
    targets = [match["target"] for match in LINK.finditer(page.read_text())]
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_the_generated_reference_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, REFERENCE, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_fragments_of_the_changelog_are_named_as_agreed() -> None:
    folder = ROOT / "docs" / "changes"
    names = [path.name for path in folder.iterdir() if path.name != "README.md"]
    assert [name for name in names if not FRAGMENT.fullmatch(name)] == []


def test_fragments_of_the_changelog_name_a_distribution() -> None:
    for path in (ROOT / "docs" / "changes").glob("*.*.md"):
        text = path.read_text()
        assert re.search(r"`synecore(-[a-z]+)?", text), f"{path.name} names no distribution"
