from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from synecore.errors import PluginError, UnknownComponentError
from synecore.plugins import hookspecs
from synecore.plugins.index import SERVED, Entry, Index, default_index, read_index

SCHEDULERS, SEARCHERS = "synecore.v1.schedulers", "synecore.v1.searchers"
Install = Callable[..., Path]


def toys(env: dict[str, str] | None = None) -> Index:
    """Return the index of the toy distributions alone."""
    return Index(e for e in read_index(env or {}) if e.distribution.startswith("toy-"))


def entry(name: str, distribution: str = "toy-a", **fields: object) -> Entry:
    given = {"kind": "scheduler", "module": "m", "version": "0.1.0", "api": 1, **fields}
    return Entry(name=name, distribution=distribution, **given)  # type: ignore[arg-type]


def test_reads_kind_name_module_distribution_version_and_summary(install: Install) -> None:
    install(
        "toy-asha",
        {SCHEDULERS: {"toy": "toy_asha.plugin"}, "synecore.v1.displays": {"wide": "toy_asha.show"}},
        version="0.2.0",
        summary="Halves.",
    )
    assert toys().entries == (
        Entry("display", "wide", "toy_asha.show", "toy-asha", "0.2.0", 1, "Halves."),
        Entry("scheduler", "toy", "toy_asha.plugin", "toy-asha", "0.2.0", 1, "Halves."),
    )


def test_reading_imports_nothing(install: Install) -> None:
    install("toy-loud", {SCHEDULERS: {"loud": "toy_loud.plugin"}}, {"toy_loud/plugin.py": "1 / 0"})
    before = set(sys.modules)
    assert toys().names("scheduler") == ["loud"]
    assert not {name for name in set(sys.modules) - before if name.startswith("toy_loud")}


def test_reading_needs_neither_numpy_nor_pluggy_nor_any_plugin() -> None:
    code = (
        "import sys; from synecore.plugins.index import default_index; print(len(default_index()"
        ".entries)); sys.exit([m for m in sys.modules if m.partition('.')[0] in ('numpy', 'pluggy')"
        " or m.startswith('synecore_')] or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_synecore_reads_no_metadata() -> None:
    code = (
        "import sys, synecore, synecore.plugins.index, synecore.baselines; "
        "sys.exit([m for m in ('importlib_metadata', 'numpy', 'pluggy') if m in sys.modules] "
        "or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_serves_the_api_number_of_the_hooks() -> None:
    assert hookspecs.API == SERVED


def test_other_groups_and_comments_are_no_business_of_ours(install: Install) -> None:
    install(
        "toy-mixed",
        f"# synecore.v1.searchers\n[console_scripts]\ntoy = toy:main\n\n[{SEARCHERS}]\n"
        "; a comment\n\nmixed=toy_mixed.plugin\n[pytest11]\nmixed = toy_mixed\n",
    )
    assert [e.name for e in toys()] == ["mixed"]


@pytest.mark.parametrize(
    ("line", "group", "problem"),
    [
        (
            "broken",
            SEARCHERS,
            "entry point 'broken' of toy-odd 0.1.0 in 'synecore.v1.searchers' is malformed; "
            "it should be like 'name = package.plugin'",
        ),
        (
            "broken = toy_odd.plugin:hooks",
            SEARCHERS,
            "entry point 'broken = toy_odd.plugin:hooks' of toy-odd 0.1.0 in "
            "'synecore.v1.searchers' is malformed; it should be like 'name = package.plugin'",
        ),
        (
            "Broken_Name = toy_odd.plugin",
            SEARCHERS,
            "searcher 'Broken_Name' of toy-odd 0.1.0 is not a valid name; "
            "use lower-case letters, digits and hyphens",
        ),
        (
            "broken = toy_odd.plugin",
            "synecore.searchers",
            "entry point group 'synecore.searchers' of toy-odd 0.1.0 is not like "
            "'synecore.v1.searchers'",
        ),
    ],
)
def test_a_malformed_entry_is_listed_and_hurts_no_other(
    install: Install, line: str, group: str, problem: str
) -> None:
    install("toy-odd", f"[{SCHEDULERS}]\nfine = toy_odd.plugin\n[{group}]\n{line}\n")
    invalid = [e for e in toys() if not e.usable]
    assert [e.problem for e in invalid] == [problem]
    assert toys().select("scheduler", "fine").module == "toy_odd.plugin"


def test_a_name_listed_twice_in_one_distribution_must_mean_one_module(install: Install) -> None:
    install("toy-twice", f"[{SEARCHERS}]\na = toy.one\na = toy.one\nb = toy.one\nb = toy.two\n")
    assert [(e.name, e.problem) for e in toys()] == [
        ("a", ""),
        ("b", ""),
        ("b", "searcher 'b' of toy-twice 0.1.0 is listed twice, with different modules"),
    ]


def test_another_api_number_is_named_without_importing(install: Install) -> None:
    install("toy-future", {"synecore.v2.searchers": {"warp": "toy_future.plugin"}})
    with pytest.raises(PluginError) as caught:
        toys().select("searcher", "warp")
    assert str(caught.value) == (
        "searcher 'warp' of toy-future 0.1.0 is built for plugin API 2; this synecore speaks API 1"
    )


def test_a_usable_entry_is_chosen_over_one_of_another_api_number() -> None:
    index = Index([entry("warp", "toy-a", problem="for API 2"), entry("warp", "toy-b")])
    assert index.select("scheduler", "warp").distribution == "toy-b"


def test_two_distributions_of_one_name_must_be_told_apart() -> None:
    index = Index([entry("asha", "synecore-asha"), entry("asha", "synecore-dup")])
    with pytest.raises(UnknownComponentError) as caught:
        index.select("scheduler", "asha")
    assert str(caught.value) == (
        "scheduler 'asha' is provided by synecore-asha and synecore-dup; "
        "say which, as in 'synecore-asha:asha'"
    )
    assert index.select("scheduler", "synecore-dup:asha").distribution == "synecore-dup"
    assert index.select("scheduler", "Synecore_Dup:asha").distribution == "synecore-dup"
    assert index.names("scheduler") == ["synecore-asha:asha", "synecore-dup:asha"]


def test_an_unknown_name_is_answered_with_the_nearest_and_all_installed() -> None:
    index = Index([entry("asha"), entry("fifo"), entry("hyperband"), entry("rnd", kind="searcher")])
    with pytest.raises(UnknownComponentError) as caught:
        index.select("scheduler", "ahsa")
    assert str(caught.value) == (
        "no scheduler named 'ahsa'; did you mean 'asha'? Installed: asha, fifo, hyperband."
    )
    with pytest.raises(UnknownComponentError, match=r"^no store named 'x'\. Installed: none\.$"):
        index.select("store", "x")


def test_a_documented_spelling_with_underscores_is_accepted() -> None:
    index = Index([entry("median-stopping")])
    assert index.select("scheduler", "median_stopping").name == "median-stopping"


def test_a_first_party_default_that_is_missing_says_how_to_get_it() -> None:
    with pytest.raises(UnknownComponentError) as caught:
        Index([entry("fifo")]).select("scheduler", "asha")
    assert str(caught.value) == (
        "scheduler 'asha' is not installed; it comes with synecore-asha: "
        'pip install "synecore[default]". Installed: fifo.'
    )


def test_a_first_party_component_of_the_future_says_so() -> None:
    with pytest.raises(
        UnknownComponentError, match="it is planned for synecore-mobster, which is not"
    ):
        Index([]).select("scheduler", "mobster")


def test_the_first_distribution_on_the_path_hides_later_ones(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = tmp_path / "later"
    later.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(later)])
    install("toy-moved", {SEARCHERS: {"new": "toy_moved.plugin"}}, version="2.0")
    install("toy-moved", {SEARCHERS: {"old": "toy_moved.plugin"}}, version="1.0", folder=later)
    install("toy-gone", {"console_scripts": {"x": "toy_gone:main"}}, version="2.0")
    install("toy-gone", {SEARCHERS: {"gone": "toy_gone.plugin"}}, version="1.0", folder=later)
    assert [(e.name, e.version) for e in toys()] == [("new", "2.0")]


def test_damaged_metadata_hurts_no_other_distribution(install: Install) -> None:
    install("toy-fine", {SEARCHERS: {"fine": "toy_fine.plugin"}})
    info = install("toy-bytes", {SEARCHERS: {"lost": "toy_bytes.plugin"}})
    (info / "entry_points.txt").write_bytes(b"[synecore.v1.searchers]\n\xff = a.b\n")
    (install("toy-bare", {SEARCHERS: {"bare": "toy_bare.plugin"}}) / "METADATA").unlink()
    info = install("toy-renamed", {SEARCHERS: {"renamed": "toy_renamed.plugin"}})
    info.rename(info.with_name("something_else-0.1.0.dist-info"))
    found = {e.name: e.distribution for e in read_index({}) if e.module.startswith("toy_")}
    assert found == {"fine": "toy-fine", "bare": "unnamed", "renamed": "toy-renamed"}


@pytest.mark.parametrize(
    ("env", "reason"),
    [
        ({"SYNECORE_DISABLE": "toy-x, Toy_Hidden"}, "SYNECORE_DISABLE names it"),
        ({"SYNECORE_ENABLE": "toy-shown,synecore-asha"}, "SYNECORE_ENABLE does not name it"),
    ],
)
def test_distributions_can_be_hidden(install: Install, env: dict[str, str], reason: str) -> None:
    install("toy-hidden", {SEARCHERS: {"same": "toy_hidden.plugin"}})
    install("toy-shown", {SEARCHERS: {"same": "toy_shown.plugin"}})
    index = toys(env)
    assert index.select("searcher", "same").distribution == "toy-shown"
    with pytest.raises(PluginError) as caught:
        index.select("searcher", "toy-hidden:same")
    assert str(caught.value) == f"searcher 'same' of toy-hidden 0.1.0 is switched off: {reason}"


def test_the_index_of_the_process_is_read_once(install: Install) -> None:
    assert default_index() is default_index()


def test_listing_plugins_on_the_command_line_imports_none_of_them() -> None:
    code = (
        "import sys; from synecore.cli import main; main(['plugins', 'list']); "
        "sys.exit([m for m in sys.modules if m.partition('.')[0] in ('numpy', 'pluggy') "
        "or m.startswith('synecore_')] or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
