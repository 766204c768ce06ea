"""Every installed component goes through the suite of its kind; a new one by being installed."""

from __future__ import annotations

from synecore.plugins.index import read_index
from synecore.testing.suites.installed import SUITES, suite_for

for entry in read_index():
    if entry.usable and entry.kind in SUITES:
        suite = suite_for(entry)
        globals()[suite.__name__] = suite


def test_something_of_each_kind_that_the_repository_has_is_installed():
    found = {name.removeprefix("Test") for name in globals() if name.startswith("Test")}
    expected = {
        "SchedulerAsha",
        "SchedulerFifo",
        "SearcherRandom",
        "BackendLocal",
        "BackendPython",
        "StoreJsonl",
    }
    assert expected <= found
