from __future__ import annotations

import json
import subprocess
import sys

import pytest

from synecore.plugins.index import Index

DEFAULTS = {
    ("scheduler", "fifo"): "synecore-basic", ("scheduler", "asha"): "synecore-asha",
    ("scheduler", "median-stopping"): "synecore-basic", ("searcher", "random"): "synecore-basic",
    ("searcher", "grid"): "synecore-basic", ("backend", "local"): "synecore-local",
    ("backend", "python"): "synecore-local", ("store", "jsonl"): "synecore-stores",
    ("store", "sqlite"): "synecore-stores", ("display", "rich"): "synecore-analysis",
}  # fmt: skip


def test_list_names_what_is_installed(synecore):
    code, out, _ = synecore("plugins", "list", "--json")
    rows = json.loads(out)
    found = {(row["kind"], row["name"]): row["distribution"] for row in rows}
    assert code == 0
    assert DEFAULTS.items() <= found.items()
    assert {tuple(row) for row in rows} == {
        ("kind", "name", "distribution", "version", "api", "summary")
    }
    code, out, _ = synecore("plugins", "list")
    assert out.splitlines()[0].split() == list(rows[0])
    assert len(out.splitlines()) == 1 + len(rows)


@pytest.mark.parametrize("kind", ["searcher", "searchers"])
def test_list_of_one_kind(kind, synecore):
    rows = json.loads(synecore("plugins", "list", kind, "--json")[1])
    assert {row["kind"] for row in rows} == {"searcher"}
    assert {"random", "grid"} <= {row["name"] for row in rows}


def test_list_of_a_kind_of_which_nothing_is_installed(synecore, monkeypatch):
    monkeypatch.setattr("synecore.plugins.index.read_index", lambda: Index(()))
    message = 'no surrogates installed; try: pip install "synecore[default]"\n'
    assert synecore("plugins", "list", "surrogate") == (0, message, "")


def test_list_of_an_unknown_kind(synecore):
    code, out, err = synecore("plugins", "list", "sercher")
    assert (code, out) == (2, "")
    assert err.startswith(
        "synecore: there is no kind 'sercher' of component; did you mean 'searcher'? Known: "
    )


def test_list_with_check_says_what_is_ok(synecore):
    code, out, _ = synecore("plugins", "list", "store", "--check", "--json")
    rows = json.loads(out)
    assert code == 0
    assert {row["state"] for row in rows} == {"ok"}


def test_a_disabled_distribution_says_why(synecore, monkeypatch):
    monkeypatch.setenv("SYNECORE_DISABLE", "synecore-asha")
    rows = json.loads(synecore("plugins", "list", "scheduler", "--json")[1])
    (asha,) = [row for row in rows if row["name"] == "asha"]
    assert "SYNECORE_DISABLE" in asha["summary"]
    out = synecore("plugins", "list", "scheduler")[1]
    assert "SYNECORE_DISABLE" in out


def test_list_imports_no_plugin():
    program = (
        "import sys; from synecore.cli import main; main(['plugins', 'list']); "
        "print(*[m for m in sys.modules if m.startswith('synecore_')], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "asha" in done.stdout
    assert done.stderr == "\n"


def test_show_describes_every_option(synecore):
    code, out, _ = synecore("plugins", "show", "asha")
    shown = json.loads(synecore("plugins", "show", "asha", "--json")[1])
    assert code == 0
    assert out.startswith("scheduler asha  (synecore-asha 0.1.0)\n")
    assert set(shown) == {
        "kind", "name", "distribution", "version", "summary", "supports", "options"
    }  # fmt: skip
    assert (shown["kind"], shown["name"]) == ("scheduler", "asha")
    names = [option["name"] for option in shown["options"]]
    assert {"type", "grace_period", "reduction_factor", "brackets", "searcher"} <= set(names)
    for option in shown["options"]:
        assert option["name"] in out
        assert option["doc"] in out


@pytest.mark.parametrize("name", ["median_stopping", "median-stopping",
                                  "synecore-basic:median-stopping"])  # fmt: skip
def test_show_takes_every_spelling(name, synecore):
    shown = json.loads(synecore("plugins", "show", name, "--json")[1])
    assert shown["name"] == "median-stopping"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("radnom",), "no component named 'radnom'; did you mean 'random'? Installed: "),
        (("zzz",), "no component named 'zzz'. Installed: "),
        (("mobster",), "scheduler 'mobster' is not installed; it is planned for synecore-mobster"),
        (("asha", "--kind", "sheduler"),
         "there is no kind 'sheduler' of component; did you mean 'scheduler'? Known: "),
        (("asha", "--kind", "searcher"), "no searcher named 'asha'"),
    ],
)  # fmt: skip
def test_show_of_something_unknown(words, message, synecore):
    code, out, err = synecore("plugins", "show", *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"synecore: {message}")


def test_check_passes_a_good_distribution(synecore):
    assert synecore("plugins", "check", "synecore-stores") == (0, "synecore-stores: ok\n", "")


def test_check_of_an_unknown_distribution(synecore):
    code, out, _ = synecore("plugins", "check", "synecore-nothing")
    assert code == 1
    assert out.startswith("synecore-nothing has no entry points in groups like ")
    assert "Installed plugins: " in out


def test_new_makes_a_distribution_once(synecore, tmp_path):
    folder = tmp_path / "synecore-my-search"
    code, out, _ = synecore("plugins", "new", "my-search", "--folder", str(tmp_path))
    assert code == 0
    assert out.splitlines()[0] == f"made {folder}"
    assert (folder / "pyproject.toml").exists()
    assert 'my-search = "synecore_my_search.plugin"' in (folder / "pyproject.toml").read_text()
    assert list((folder / "tests").glob("test_*.py"))
    code, _, err = synecore("plugins", "new", "my-search", "--folder", str(tmp_path))
    assert (code, err) == (
        1, f"synecore: plugins new: {folder} exists already; choose another name.\n"
    )  # fmt: skip


def test_new_refuses_a_bad_name(synecore, tmp_path):
    code, _, err = synecore("plugins", "new", "My Search", "--folder", str(tmp_path))
    assert code == 2
    assert err.startswith("synecore: plugins new: 'My Search' is not a valid name; use lower-case")
    assert list(tmp_path.iterdir()) == []
