from __future__ import annotations

import inspect
import runpy
from pathlib import Path

import pytest

from synecore.plugins import hookspecs
from synecore.plugins.index import _GROUP

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "contrib" / "template"
HOWTO = (ROOT / "docs" / "howto" / "write-a-plugin.md").read_text()
HOOKS = (ROOT / "docs" / "reference" / "hooks.md").read_text()
SPECS = {
    name: function
    for name, function in vars(hookspecs).items()
    if hasattr(function, "synecore_spec")
}
blocks_of = runpy.run_path(str(ROOT / "tests" / "run_page.py"))["blocks_of"]
FILES = {
    block.file.removeprefix("synecore-example/"): block.text
    for block in blocks_of(HOWTO)
    if block.file
}


@pytest.mark.parametrize("name", FILES)
def test_the_howto_builds_the_template(name: str) -> None:
    assert FILES[name] == (TEMPLATE / name).read_text()


def test_the_howto_shows_every_file_that_does_something() -> None:
    shown = {
        path.relative_to(TEMPLATE).as_posix()
        for path in [*TEMPLATE.glob("synecore_example/*.py"), TEMPLATE / "pyproject.toml"]
    }
    assert shown - set(FILES) == {"synecore_example/__init__.py"}


def test_the_howto_names_every_variable() -> None:
    for name in ("DISABLE", "ENABLE", "TRACE", "STRICT"):
        assert f"`SYNECORE_{name}=" in HOWTO


@pytest.mark.parametrize("name", SPECS)
def test_every_hook_is_documented_with_its_arguments(name: str) -> None:
    arguments = ", ".join(inspect.signature(SPECS[name]).parameters)
    assert f"`{name}({arguments})`" in HOOKS
    assert len(str(inspect.getdoc(SPECS[name])).splitlines()) > 1


def test_the_template_asks_for_the_api_that_is_served() -> None:
    assert f"synecore.v{hookspecs.API}.searchers" in FILES["pyproject.toml"]
    assert _GROUP.fullmatch(f"synecore.v{hookspecs.API}.searchers")
