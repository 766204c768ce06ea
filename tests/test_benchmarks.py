"""The benchmarks run, on sizes that measure nothing, and compare what both sides measure."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import math
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SPEED = ROOT / "benchmarks" / "speed"
SUBJECTS = ("core", "local_backend", "in_process", "stores")
MODULES = ["comparison", "side", "peer_environment"]
MODULES += [name for subject in SUBJECTS for name in (subject, f"ours_{subject}")]

TINY: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "core": [
        ("imports", {"n": 1}),
        ("asha", {"n": 32}),
        ("parts", {"n": 32}),
        ("random", {"n": 32}),
        ("encodings", {"n": 10}),
        ("bookkeeping", {"trials": 5}),
    ],
    "local_backend": [
        ("first_result", {}),
        ("latency", {"seconds": 0.5}),
        ("throughput", {"trials": 2}),
        ("warm", {"trials": 4}),
        ("start", {"trials": 2}),
        ("chatty", {"reports": 50}),
        ("polling", {"reports": 20}),
        ("idle", {"seconds": 0.1}),
    ],
    "in_process": [
        ("volatile", {"trials": 3}),
        ("durable", {"trials": 3}),
        ("reporting", {"trials": 2, "reports": 2}),
    ],
    "stores": [
        ("append", {"store": "jsonl", "sync": "batch", "batch": 2, "events": 4}),
        ("append", {"store": "sqlite", "sync": "none", "batch": 1, "events": 4}),
        ("disk", {"events": 2}),
        ("read", {"store": "jsonl", "events": 20}),
        ("save", {"trials": 5}),
    ],
}
CALLS = [(subject, *call) for subject, calls in TINY.items() for call in calls]


@pytest.fixture
def load(monkeypatch, tmp_path):
    """Return a function that imports a module of the benchmarks as its script would."""
    monkeypatch.syspath_prepend(SPEED)
    monkeypatch.syspath_prepend(SPEED.parent)
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setenv("SYNECORE_FOLDER", str(tmp_path / "experiments"))
    monkeypatch.chdir(tmp_path)
    yield importlib.import_module
    for name in MODULES:
        sys.modules.pop(name, None)


def signature_of(module: ModuleType, function: str) -> inspect.Signature:
    return inspect.signature(getattr(module, function))


@pytest.mark.parametrize(
    ("subject", "function", "sizes"),
    CALLS,
    ids=[f"{s}-{f}-{i}" for i, (s, f, _) in enumerate(CALLS)],
)
def test_each_function_of_our_side_returns_numbers(load, subject, function, sizes):
    numbers = getattr(load(f"ours_{subject}"), function)(**sizes)
    assert numbers
    assert all(isinstance(value, float) and math.isfinite(value) for value in numbers.values())


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_case_names_functions_of_both_sides_and_their_arguments(load, subject, quick):
    ours = load(f"ours_{subject}")
    theirs = {
        node.name: [argument.arg for argument in node.args.args]
        for node in ast.parse((SPEED / f"peer_{subject}.py").read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
    tried = {function for function, _ in TINY[subject]}
    for case in load(subject).cases(quick):
        assert case.function in tried
        signature_of(ours, case.function).bind(**case.sizes)
        for further in case.peers.values():
            if further is not None:
                assert sorted(theirs[case.function]) == sorted({**case.sizes, **further})


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_quick_run_measures_the_same_as_a_full_one_but_for_sizes(load, subject):
    quick, full = (
        {case.function: set(case.measures) for case in load(subject).cases(flag)}
        for flag in (True, False)
    )
    assert quick.keys() == full.keys()


def test_both_sides_tune_the_same_space(load):
    ours, theirs = (ast.parse((SPEED / f"{side}_core.py").read_text()) for side in ("ours", "peer"))
    spaces = [
        ast.dump(node.body[-1])
        for tree in (ours, theirs)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == "space"
    ]
    assert len(spaces) == 2
    assert spaces[0] == spaces[1]


def test_the_result_has_ours_the_peers_and_the_unit_of_every_measure(load):
    comparison = load("comparison")
    measures = {"random_suggest": comparison.Measure("us")}
    cases = [
        comparison.Case("random", measures, {"n": 32}, {"": {}, "_slow": None}, rounds=1),
    ]
    result = json.loads(json.dumps(comparison.compare("core", cases, None)))
    assert list(result) == ["random_suggest", "random_suggest_slow"]
    for numbers in result.values():
        assert numbers["ours"] > 0
        assert numbers == {"ours": numbers["ours"], "peer": None, "unit": "us"}


def test_the_peer_runs_in_its_own_environment_in_turn_with_ours(load, monkeypatch, tmp_path):
    comparison, calls = load("comparison"), []

    def run_side(python, script, function, sizes):
        calls.append((script, dict(sizes)))
        return {"speed": 10.0 * len(calls)}

    monkeypatch.setattr(comparison, "run_side", run_side)
    case = comparison.Case(
        "f", {"speed": comparison.Measure("us")}, {"n": 1}, {"": {"n": 2}}, rounds=3
    )
    result = comparison.compare("core", [case], tmp_path)
    assert calls == [("ours_core.py", {"n": 1}), ("peer_core.py", {"n": 2})] * 3
    assert result == {"speed": {"ours": 30.0, "peer": 40.0, "unit": "us"}}


def test_the_table_tells_ratios_and_missed_budgets(load):
    comparison = load("comparison")
    measures = {
        "latency": comparison.Measure("ms", budget=5),
        "rate": comparison.Measure("trials/s", budget=40),
    }
    result = {
        "latency": {"ours": 10.0, "peer": 25.0, "unit": "ms"},
        "rate": {"ours": 50.0, "peer": 5.0, "unit": "trials/s"},
    }
    lines = comparison.table([comparison.Case("f", measures)], result).splitlines()
    assert lines[1].split() == ["latency", "10", "ms", "25", "2.5x", "5", "missed"]
    assert lines[2].split() == ["rate", "50", "trials/s", "5", "10x", "40"]


def test_of_wall_times_the_best_counts_and_else_the_median(load):
    measure = load("comparison").Measure
    assert measure("ms").over([3.0, 1.0, 2.0]) == 2.0
    assert measure("ms", best=True).over([3.0, 1.0, 2.0]) == 1.0
    assert measure("trials/s", best=True).over([3.0, 1.0, 2.0]) == 3.0


def test_a_side_that_fails_says_why(load):
    comparison = load("comparison")
    with pytest.raises(RuntimeError, match=r"ours_core.py nonsense failed:\n(.|\n)*KeyError"):
        comparison.run_side(Path(sys.executable), "ours_core.py", "nonsense", {})


def test_the_peer_is_found_by_argument_or_variable(load, monkeypatch, tmp_path):
    peer = load("peer_environment")
    monkeypatch.delenv(peer.VARIABLE, raising=False)
    assert peer.folder_of_peer(None) is None
    with pytest.raises(SystemExit, match=r"there is no environment in .*peer_environment\.py"):
        peer.folder_of_peer(str(tmp_path))
    peer.python_of(tmp_path).parent.mkdir()
    peer.python_of(tmp_path).touch()
    assert peer.folder_of_peer(str(tmp_path)) == tmp_path
    monkeypatch.setenv(peer.VARIABLE, str(tmp_path))
    assert peer.folder_of_peer(None) == tmp_path


def test_the_peer_is_pinned_without_a_host(load):
    requirements = load("peer_environment").REQUIREMENTS
    assert "syne-tune==0.13.0" in requirements
    assert all("==" in requirement and "/" not in requirement for requirement in requirements)


@pytest.mark.slow
@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_quick_run_ends_with_one_json_object(subject):
    done = subprocess.run(
        [sys.executable, str(SPEED / f"{subject}.py"), "--quick"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    result = json.loads(done.stdout.splitlines()[-1])
    assert result
    for numbers in result.values():
        assert numbers.keys() == {"ours", "peer", "unit"}
        assert numbers["ours"] > 0


@pytest.mark.slow
def test_removal_by_expected_loss_trains_less_again_than_the_baselines(load, monkeypatch):
    monkeypatch.syspath_prepend(SPEED.parent / "quality")
    removal = load("checkpoint_removal")
    loss, by_level, at_random = (
        mean for mean, _ in removal.saved(seeds=4, trials=150, limit=12).values()
    )
    assert loss <= by_level < at_random
    assert all(took > 0 for took in removal.decisions(paused=5, trials=30))
