"""`check_distribution` on toy distributions with real metadata, and on those installed here."""

from __future__ import annotations

import sys
import textwrap

import pytest

from synecore.plugins.index import read_index
from synecore.testing.plugin import check_distribution

PLUGIN = """
    from synecore.plugins import Component, hookimpl
    from toy_plugin.options import ToyOptions

    @hookimpl
    def synecore_searchers():
        return [Component("toy", "toy_plugin.searcher:Toy", ToyOptions, summary="A toy.")]
"""
OPTIONS = """
    import attrs
    from synecore.options import option

    @attrs.frozen(kw_only=True)
    class ToyOptions:
        size: int = option(default=3, doc="How big it is.")
"""
SEARCHER = "import numpy\n\nclass Toy: ...\n"
POINTS = "[synecore.v1.searchers]\ntoy = toy_plugin.plugin\n"


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Install a toy, right but for what is given, and check it."""
    monkeypatch.syspath_prepend(tmp_path)

    def run(plugin=PLUGIN, options=OPTIONS, points=POINTS, requires="synecore>=0.1,<0.2"):
        package = tmp_path / "toy_plugin"
        package.mkdir()
        files = {"__init__": "", "plugin": plugin, "options": options, "searcher": SEARCHER}
        for name, text in files.items():
            (package / f"{name}.py").write_text(textwrap.dedent(text))
        info = tmp_path / "toy_plugin-0.3.0.dist-info"
        info.mkdir()
        (info / "entry_points.txt").write_text(points)
        lines = ["Metadata-Version: 2.1", "Name: toy-plugin", "Version: 0.3.0", "Summary: A toy."]
        lines += [f"Requires-Dist: {requires}"] if requires else []
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        return check_distribution("Toy_Plugin", read_index({}))

    yield run
    for name in [name for name in sys.modules if name.partition(".")[0] == "toy_plugin"]:
        del sys.modules[name]


def test_finds_nothing_in_a_right_plugin(check):
    assert check() == []


@pytest.mark.parametrize(
    "name", sorted({entry.distribution for entry in read_index() if entry.usable})
)
def test_finds_nothing_in_what_is_installed_here(name):
    assert check_distribution(name) == []


def test_a_distribution_that_is_not_there_gets_near_names(check):
    check()
    (problem,) = check_distribution("toy-plugni", read_index({}))
    assert problem.startswith(
        "toy-plugni has no entry points in groups like 'synecore.v1.searchers', or is not "
        "installed; did you mean 'toy-plugin'?"
    )


def test_the_hook_must_return_what_the_entry_point_names(check):
    problems = check(points=POINTS + "other = toy_plugin.plugin\n")
    assert len(problems) == 1
    assert "searcher 'other' is promised by the metadata of toy-plugin 0.3.0" in problems[0]


def test_an_entry_point_must_name_what_the_hook_returns(check):
    second = PLUGIN.replace("summary=", 'summary="One."), Component("spare", "a:b", summary=')
    problems = check(plugin=second)
    assert problems == [
        "synecore_searchers of 'toy_plugin.plugin' returns 'spare', which no entry point names; "
        "add it to the group 'synecore.v1.searchers' and install the distribution again"
    ]


@pytest.mark.parametrize("module", ["plugin", "options"])
def test_hooks_and_options_must_import_light(check, module):
    heavy = {"plugin": "import numpy\n" + textwrap.dedent(PLUGIN)}
    heavy["options"] = "import numpy\n" + textwrap.dedent(OPTIONS)
    problems = check(**{module: heavy[module]})
    assert [text.partition(" of ")[0] for text in problems][
        -1
    ] == "module 'toy_plugin.options'" or (module == "plugin")
    assert all("imports numpy; it may import the standard library" in text for text in problems)
    assert problems


def test_options_must_be_documented(check):
    problems = check(options=OPTIONS.replace(', doc="How big it is."', ""))
    assert problems == [
        "searcher 'toy' of toy-plugin 0.3.0: without a doc line are the options 'size'; "
        "give option(..., doc=...)"
    ]


def test_components_must_have_a_summary(check):
    (problem,) = check(plugin=PLUGIN.replace(', summary="A toy."', ""))
    assert problem.startswith("searcher 'toy' of toy-plugin 0.3.0 has no summary")


def test_the_target_must_exist(check):
    (problem,) = check(plugin=PLUGIN.replace("searcher:Toy", "searcher:Tiger"))
    assert "could not be imported" in problem
    assert "Tiger" in problem


def test_the_api_number_must_be_served(check):
    (problem,) = check(points=POINTS.replace("v1", "v2"))
    assert problem == (
        "searcher 'toy' of toy-plugin 0.3.0 is built for plugin API 2; this synecore speaks API 1"
    )


def test_a_module_that_fails_is_named_once(check):
    (problem,) = check(plugin="raise RuntimeError('boom')\n")
    assert problem == (
        "plugin 'toy_plugin.plugin' of toy-plugin 0.3.0 could not be loaded: RuntimeError: boom"
    )


@pytest.mark.parametrize(
    ("requires", "words"),
    [
        (None, "does not require synecore"),
        ("numpy", "does not require synecore"),
        ("synecore-basic>=0.1", "does not require synecore"),
        ("synecore", "of any version"),
    ],
)
def test_must_say_which_core_it_is_for(check, requires, words):
    (problem,) = check(requires=requires)
    assert words in problem


def test_the_check_itself_needs_neither_pytest_nor_numpy():
    import json
    import subprocess

    code = (
        "import json, sys; import synecore.testing.plugin;"
        "print(json.dumps(sorted({'pytest', 'numpy'} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
