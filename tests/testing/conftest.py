"""Runs a file of deliberately wrong components through their suites."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

import synecore.testing  # noqa: F401 here, so that its suites are rewritten in every inner run

HERE = Path(__file__).parent


class Outcomes:
    """A pytest plugin that keeps what failed: class -> test -> message."""

    def __init__(self):
        self.failed = {}
        self.passed = {}

    def pytest_runtest_logreport(self, report):
        names = report.nodeid.split("::")
        if len(names) < 3:
            return
        _, cls, test = names[:3]
        self.failed.setdefault(cls, {})
        if report.failed:
            name = test.partition("[")[0]
            self.failed[cls].setdefault(name, "")
            self.failed[cls][name] += report.longreprtext
        elif report.when == "call" and report.passed:
            self.passed.setdefault(cls, set()).add(test)


@functools.cache
def outcomes_of(path, ini, nodes):
    outcomes = Outcomes()
    arguments = [
        *(f"{path}::{node}" for node in nodes),
        "-c",
        str(ini),
        "--rootdir",
        str(path.parent),
    ]
    arguments += ["--import-mode=importlib", "-p", "no:cacheprovider", "-p", "no:timeout"]
    code = pytest.main([*arguments, "-p", "no:terminal"], plugins=[outcomes])
    assert code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), code
    return outcomes


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory):
    """What came of some tests in a file beside this one.

    Asked for with the name of the file, the checks that wrong components must fail (class to
    check), and the classes of right components, which run whole.
    """
    ini = tmp_path_factory.mktemp("empty") / "pytest.ini"
    ini.write_text("[pytest]\n")

    def run(name, wrong, right):
        nodes = [f"{cls}::{check}" for cls, check in wrong.items()]
        return outcomes_of(HERE / name, ini, (*nodes, *right))

    return run
