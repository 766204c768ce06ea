from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from synecore.plugins.index import Entry
from synecore.plugins.missing import missing_package

ENTRY = Entry("searcher", "needy", "toy_needy.plugin", "toy-needy", "0.1.0", 1)


def no_module(name: str | None) -> ModuleNotFoundError:
    return ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("scipy.stats", "the package 'scipy' is missing: pip install scipy"),
        ("sklearn", "the package 'sklearn' is missing: pip install scikit-learn"),
        ("boto3", "the package 'boto3' is missing: pip install \"toy-needy[aws]\""),
        ("yaml", "the package 'yaml' is missing: pip install \"toy-needy[files]\""),
        (
            "torch",
            "the package 'torch' is missing: toy-needy does not say what brings it; "
            "try pip install torch",
        ),
        (
            "synecore_local.backend",
            "the package 'synecore_local' is missing: it comes with synecore-local: "
            'pip install "synecore[default]"',
        ),
    ],
)
def test_says_what_brings_a_package(
    install: Callable[..., Path], module: str, expected: str
) -> None:
    install(
        "toy-needy",
        {"synecore.v1.searchers": {"needy": "toy_needy.plugin"}},
        requires=(
            "scipy>=1.11",
            "scikit_learn",
            'boto3 ; extra == "aws"',
            "PyYAML>=6; python_version > '3' and extra == 'files'",
        ),
    )
    assert missing_package(no_module(module), ENTRY) == expected


@pytest.mark.parametrize(
    "error", [no_module("toy_needy.gone"), no_module(None), ImportError("x"), OSError("y")]
)
def test_other_failures_are_not_about_packages(error: Exception) -> None:
    assert missing_package(error, ENTRY) is None
