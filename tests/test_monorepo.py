"""The distributions of this repository fit together, and stay light."""

from __future__ import annotations

import ast
import graphlib
import importlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import importlib_metadata
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
PLUGIN_IDS = [folder.name for folder in PLUGINS]
LIBRARIES = {"synecore-integrations"}  # for training scripts: they bring no component
COMPONENTS = [folder for folder in PLUGINS if folder.name not in LIBRARIES]
COMPONENT_IDS = [folder.name for folder in COMPONENTS]
FIRST_PARTY = [ROOT, *PLUGINS]
FIRST_PARTY_IDS = ["synecore", *PLUGIN_IDS]
HOOK_KINDS = {"scheduler", "searcher", "surrogate", "acquisition", "backend", "store"}
# Packages that need not be installed here, under the name of a distribution that brings them.
NAMESAKES = {"xgboost": "xgboost-cpu"}
OBSERVER_HOOKS = (
    "synecore_columns",
    "synecore_experiment_start",
    "synecore_events",
    "synecore_experiment_end",
)
REINSTALL = (
    "the installed entry points are not those of pyproject.toml; an editable installation does not "
    "follow them: run `./run test`, or `uv pip install -e .` and `-e` the plugin's folder"
)


def project(folder: Path) -> dict[str, Any]:
    """Return the pyproject.toml of a distribution."""
    return tomllib.loads((folder / "pyproject.toml").read_text())


def package_of(folder: Path) -> str:
    """Return the name of the import package of a distribution."""
    return project(folder)["project"]["name"].replace("-", "_")


def entry_points(folder: Path) -> dict[str, dict[str, str]]:
    """Return group -> name -> value as pyproject.toml has them."""
    declared = project(folder)["project"]
    groups = dict(declared.get("entry-points", {}))
    if "scripts" in declared:
        groups["console_scripts"] = declared["scripts"]
    return groups


def modules_loaded_by(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has after `code` and a bare one has not."""
    script = (
        "import json, sys\n"
        "before = set(sys.modules)\n"
        f"exec({code!r})\n"
        "print('\\n' + json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def foreign(modules: set[str]) -> set[str]:
    """Return the top-level names among modules that are not of the standard library."""
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names


# ---- versions and metadata -------------------------------------------------------------


@pytest.mark.parametrize("folder", PLUGINS, ids=PLUGIN_IDS)
def test_a_plugin_has_the_version_of_the_core_and_asks_for_it(folder: Path) -> None:
    core = Version(project(ROOT)["project"]["version"])
    declared = project(folder)["project"]
    assert Version(declared["version"]) == core
    requirements = {r.name: r for r in map(Requirement, declared["dependencies"])}
    assert core in requirements["synecore"].specifier
    following = Version(f"{core.major}.{core.minor + 1}")
    assert following not in requirements["synecore"].specifier


def test_the_package_says_the_version_of_its_distribution() -> None:
    import synecore

    assert synecore.__version__ == project(ROOT)["project"]["version"]


@pytest.mark.parametrize("folder", PLUGINS, ids=PLUGIN_IDS)
def test_a_plugin_folder_is_complete(folder: Path) -> None:
    assert project(folder)["project"]["name"] == folder.name
    package = folder / package_of(folder)
    for needed in [folder / "README.md", folder / "LICENSE", package / "py.typed"]:
        assert needed.is_file(), f"{needed.relative_to(ROOT)} is missing"
    assert (package / "plugin.py").is_file() == (folder in COMPONENTS)
    assert bool(entry_points(folder)) == (folder in COMPONENTS)
    assert list(folder.glob("tests/test_*.py")), f"{folder.name} has no tests"
    assert ast.get_docstring(ast.parse((package / "__init__.py").read_text()))
    assert project(ROOT)["tool"]["uv"]["sources"][folder.name] == {"workspace": True}


def test_test_folders_are_no_packages() -> None:
    found = [*ROOT.glob("tests/**/__init__.py"), *ROOT.glob("plugins/*/tests/**/__init__.py")]
    assert found == []


@pytest.mark.parametrize("folder", FIRST_PARTY, ids=FIRST_PARTY_IDS)
def test_what_is_installed_has_the_entry_points_of_the_checkout(folder: Path) -> None:
    installed: dict[str, dict[str, str]] = {}
    for entry in importlib_metadata.distribution(project(folder)["project"]["name"]).entry_points:
        installed.setdefault(entry.group, {})[entry.name] = entry.value
    assert installed == entry_points(folder), REINSTALL


@pytest.mark.parametrize("folder", COMPONENTS, ids=COMPONENT_IDS)
def test_hooks_return_what_the_entry_points_promise(folder: Path) -> None:
    declared: dict[tuple[str, str], set[str]] = {}
    for group, entries in entry_points(folder).items():
        kind = group.removeprefix("synecore.v1.").removesuffix("s")
        assert group == f"synecore.v1.{kind}s", f"{folder.name}: unknown group {group}"
        for name, module in entries.items():
            declared.setdefault((kind, module), set()).add(name)
    for (kind, module_name), names in declared.items():
        module = importlib.import_module(module_name)
        if kind == "observer":
            assert any(hasattr(module, hook) for hook in OBSERVER_HOOKS)
        elif kind == "command":
            assert hasattr(module, "synecore_commands")
        elif kind in HOOK_KINDS:
            assert {c.name for c in getattr(module, f"synecore_{kind}s")()} == names
        else:
            assert {c.name for c in module.synecore_components(kind)} == names


@pytest.mark.parametrize("folder", PLUGINS, ids=PLUGIN_IDS)
def test_no_hook_returns_components_without_an_entry_point(folder: Path) -> None:
    modules = {module for entries in entry_points(folder).values() for module in entries.values()}
    for module in map(importlib.import_module, modules):
        for kind in HOOK_KINDS:
            hook = getattr(module, f"synecore_{kind}s", None)
            returned = {component.name for component in hook()} if hook else set()
            assert returned == set(entry_points(folder).get(f"synecore.v1.{kind}s", ()))


# ---- dependencies ----------------------------------------------------------------------


def requirement_names(folder: Path, *, heavy: bool = True) -> set[str]:
    """Return the distributions a project asks for, its extras included, if not told otherwise."""
    declared = project(folder)["project"]
    left_out = () if heavy else project(folder)["tool"].get("synecore", {}).get("heavy", ())
    lines = [*declared.get("dependencies", [])]
    for extra, wanted in declared.get("optional-dependencies", {}).items():
        lines += wanted if extra not in left_out else []
    return {canonicalize_name(Requirement(line).name) for line in lines}


def imported_packages(folder: Path) -> dict[str, str]:
    """Return the top-level packages that a distribution's code imports, each with one place."""
    found: dict[str, str] = {}
    for path in sorted((folder / package_of(folder)).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            for name in names:
                found.setdefault(name.partition(".")[0], f"{path.relative_to(ROOT)}:{node.lineno}")
    return found


@pytest.mark.parametrize("folder", FIRST_PARTY, ids=FIRST_PARTY_IDS)
def test_every_import_is_declared(folder: Path) -> None:
    owners = importlib_metadata.packages_distributions()
    core = {
        canonicalize_name(Requirement(r).name) for r in project(ROOT)["project"]["dependencies"]
    }
    allowed = requirement_names(folder) | core | {folder.name if folder != ROOT else "synecore"}
    undeclared = {}
    for package, place in imported_packages(folder).items():
        if package in sys.stdlib_module_names:
            continue
        names = {
            canonicalize_name(name)
            for name in owners.get(package, [NAMESAKES.get(package, package)])
        }
        if not names & allowed:
            undeclared[package] = place
    assert undeclared == {}


def test_the_core_imports_no_plugin_but_to_load_an_experiment() -> None:
    packages = {package_of(folder) for folder in PLUGINS}
    known = packages & set(imported_packages(ROOT))
    assert known <= {"synecore_analysis"}
    assert not {name for name in foreign(modules_loaded_by("import synecore"))} & packages


def test_plugins_depend_on_each_other_without_a_cycle() -> None:
    names = set(PLUGIN_IDS)
    graph = {
        folder.name: {
            canonicalize_name(Requirement(line).name)
            for line in project(folder)["project"]["dependencies"]
        }
        & names
        for folder in PLUGINS
    }
    graphlib.TopologicalSorter(graph).prepare()


def test_the_default_extra_names_plugins_of_this_repository() -> None:
    default = project(ROOT)["project"]["optional-dependencies"]["default"]
    assert {Requirement(line).name for line in default} <= set(PLUGIN_IDS)


@pytest.mark.parametrize(
    ("file", "heavy"), [("constraints.txt", False), ("constraints-heavy.txt", True)]
)
def test_constraints_pin_what_is_needed_and_name_no_host(file: str, heavy: bool) -> None:
    text = (ROOT / file).read_text()
    assert "://" not in text
    assert "+cpu" not in text
    pinned = {canonicalize_name(Requirement(line).name) for line in pins(text)}
    needed = {name for folder in FIRST_PARTY for name in requirement_names(folder, heavy=heavy)}
    missing = sorted(needed - pinned - {"synecore", *PLUGIN_IDS})
    assert not missing, f"not pinned: {missing}; run `./run pin`"


@pytest.mark.parametrize("folder", FIRST_PARTY, ids=FIRST_PARTY_IDS)
def test_heavy_extras_exist(folder: Path) -> None:
    heavy = project(folder)["tool"].get("synecore", {}).get("heavy", [])
    assert set(heavy) <= set(project(folder)["project"].get("optional-dependencies", {}))


def pins(text: str) -> list[str]:
    """Return the lines of a constraints file that pin something."""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


# ---- import budgets: by what is loaded, not by the clock ---------------------------------


def test_importing_the_package_loads_next_to_nothing() -> None:
    loaded = modules_loaded_by("import synecore")
    assert foreign(loaded) <= {"synecore"}


def test_the_reporter_needs_the_standard_library_alone_and_little_of_it() -> None:
    loaded = modules_loaded_by("from synecore import Reporter; Reporter()")
    assert foreign(loaded) <= {"synecore"}
    heavy = {"asyncio", "argparse", "logging", "inspect", "subprocess", "importlib.metadata"}
    assert not loaded & heavy
    assert {name for name in loaded if name.startswith("synecore")} <= {
        "synecore",
        "synecore.constants",
        "synecore.report",
    }


def test_listing_plugins_imports_none_of_them() -> None:
    code = """
from synecore.cli import main
try:
    main(["plugins", "list"])
except SystemExit as end:
    assert not end.code
"""
    loaded = foreign(modules_loaded_by(code))
    assert not {name for name in loaded if name.startswith("synecore_")}
    assert "numpy" not in loaded
    assert "pluggy" not in loaded


@pytest.mark.parametrize("module", ["plugin", "options"])
@pytest.mark.parametrize("folder", COMPONENTS, ids=COMPONENT_IDS)
def test_hooks_and_options_import_nothing_heavy(folder: Path, module: str) -> None:
    package = package_of(folder)
    if not (folder / package / f"{module}.py").is_file():
        assert module == "options", f"{folder.name} has no plugin module"
        return
    loaded = modules_loaded_by(f"import {package}.{module}")
    core = {"attr", "attrs", "importlib_metadata", "numpy", "pluggy", "synecore", package}
    assert foreign(loaded) <= core | foreign(modules_loaded_by("import synecore.plugins"))


# ---- the root script ---------------------------------------------------------------------


def test_the_root_script_is_executable_and_explains_itself() -> None:
    assert os.access(ROOT / "run", os.X_OK)
    done = subprocess.run([ROOT / "run", "help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "./run demo" in done.stdout


def test_the_root_script_refuses_an_unknown_command() -> None:
    done = subprocess.run([ROOT / "run", "tset"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no command 'tset'" in done.stderr


def test_the_root_script_needs_the_standard_library_alone() -> None:
    tree = ast.parse((ROOT / "run").read_text())
    names = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name) or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
