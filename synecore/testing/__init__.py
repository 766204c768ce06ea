"""For tests of synecore and of plugins: conformance suites, known problems, stand-ins.

    from synecore.testing import SearcherSuite

Resolved lazily, so that a plugin can be checked where pytest is not installed.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synecore.testing.driving import backend_for, drive
    from synecore.testing.equality import difference
    from synecore.testing.fakes import FixedSearcher, MemoryDisk, MemoryStore, ScriptedScheduler
    from synecore.testing.inline_backend import InlineBackend, Silence
    from synecore.testing.plugin import check_distribution
    from synecore.testing.problems import KnownProblem, all_problems
    from synecore.testing.reference_ei import ReferenceEI
    from synecore.testing.reference_gp import ReferenceGP
    from synecore.testing.suites.acquisition import AcquisitionSuite
    from synecore.testing.suites.backend import BackendSuite
    from synecore.testing.suites.installed import suite_for
    from synecore.testing.suites.scheduler import SchedulerSuite
    from synecore.testing.suites.searcher import SearcherSuite
    from synecore.testing.suites.store import StoreSuite
    from synecore.testing.suites.surrogate import SurrogateSuite
    from synecore.testing.workers import write_worker

_HOME = {
    "AcquisitionSuite": "suites.acquisition",
    "BackendSuite": "suites.backend",
    "FixedSearcher": "fakes",
    "InlineBackend": "inline_backend",
    "KnownProblem": "problems",
    "MemoryDisk": "fakes",
    "MemoryStore": "fakes",
    "ReferenceEI": "reference_ei",
    "ReferenceGP": "reference_gp",
    "SchedulerSuite": "suites.scheduler",
    "ScriptedScheduler": "fakes",
    "SearcherSuite": "suites.searcher",
    "Silence": "inline_backend",
    "StoreSuite": "suites.store",
    "SurrogateSuite": "suites.surrogate",
    "all_problems": "problems",
    "backend_for": "driving",
    "check_distribution": "plugin",
    "difference": "equality",
    "drive": "driving",
    "suite_for": "suites.installed",
    "write_worker": "workers",
}

__all__ = [
    "AcquisitionSuite",
    "BackendSuite",
    "FixedSearcher",
    "InlineBackend",
    "KnownProblem",
    "MemoryDisk",
    "MemoryStore",
    "ReferenceEI",
    "ReferenceGP",
    "SchedulerSuite",
    "ScriptedScheduler",
    "SearcherSuite",
    "Silence",
    "StoreSuite",
    "SurrogateSuite",
    "all_problems",
    "backend_for",
    "check_distribution",
    "difference",
    "drive",
    "suite_for",
    "write_worker",
]

if "pytest" in sys.modules:  # without it a third party sees bare AssertionErrors
    sys.modules["pytest"].register_assert_rewrite("synecore.testing.suites")


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
