"""The suite of an installed component, made from its entry in the index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synecore.errors import PluginError
from synecore.options import fields_of
from synecore.plugins import make as made
from synecore.plugins.index import Entry
from synecore.plugins.registry import default_registry
from synecore.testing.suites.acquisition import AcquisitionSuite
from synecore.testing.suites.backend import BackendSuite
from synecore.testing.suites.scheduler import SchedulerSuite
from synecore.testing.suites.searcher import SearcherSuite
from synecore.testing.suites.store import StoreSuite
from synecore.testing.suites.surrogate import SurrogateSuite
from synecore.testing.workers import evaluate, work, write_worker

SUITES: dict[str, type] = {
    "acquisition": AcquisitionSuite,
    "backend": BackendSuite,
    "scheduler": SchedulerSuite,
    "searcher": SearcherSuite,
    "store": StoreSuite,
    "surrogate": SurrogateSuite,
}


def suite_for(entry: Entry, **options: Any) -> type:
    """Return a test class that puts an installed component through the suite of its kind.

    A backend is given the conformance worker by the option that it has for its trials:
    `entry_point` (a script), `tune_function` (a function) or `evaluate`.

    Args:
        entry: Of the index; its kind must be one of `SUITES`.
        **options: With which the component is made, where its defaults do not do.
    """
    name = f"{entry.distribution}:{entry.name}"
    maker = _MAKERS.get(entry.kind, _make_for_problem)
    base = SUITES[entry.kind]
    title = "".join(word.capitalize() for word in (entry.kind, *entry.name.split("-")))
    return type(f"Test{title}", (base,), maker(entry.kind, name, options))


def _make_for_problem(kind: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
    def build(problem: Any, seed: int) -> Any:
        if kind == "scheduler":
            return made.make_scheduler(name, problem, random_seed=seed, **options)
        if kind == "searcher":
            return made.make_searcher(name, problem, seed=seed, **options)
        return made.make(kind, name, problem=problem, seed=seed, **options)

    @pytest.fixture
    def make(self: Any) -> Callable[..., Any]:
        return build

    return {"make": make}


def _make_store(kind: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
    def opened(**more: Any) -> Callable[[Path], Any]:
        return lambda folder: made.make_store(name, folder=str(folder), **options, **more)

    @pytest.fixture
    def make(self: Any) -> Callable[[Path], Any]:
        return opened()

    @pytest.fixture
    def reader(self: Any) -> Callable[[Path], Any]:
        return opened(mode="r") if "mode" in _option_names(kind, name) else opened()

    return {"make": make, "reader": reader}


def _make_backend(kind: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
    @pytest.fixture
    def make(self: Any, tmp_path: Path) -> Callable[[], Any]:
        names = _option_names(kind, name)
        trial: dict[str, Any] = {"tune_function": work, "evaluate": evaluate}
        if "entry_point" in names:
            trial["entry_point"] = str(write_worker(tmp_path))
        taken = {key: value for key, value in trial.items() if key in names}
        if not taken and not options:
            raise PluginError(
                f"backend {name!r} has none of the options {', '.join(trial)}, so no trial can be "
                "given to it; put it through BackendSuite in its own tests"
            )
        return lambda: made.make_backend(name, **taken, **options)

    return {"make": make}


def _option_names(kind: str, name: str) -> list[str]:
    _, component = default_registry().component(kind, name)
    return list(fields_of(component.options))


_MAKERS = {"store": _make_store, "backend": _make_backend}
