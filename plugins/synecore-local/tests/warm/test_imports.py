from __future__ import annotations

import functools
from typing import Any

import pytest

from synecore_local.warm.imports import imports_of_function, imports_of_script


def imported(source: str) -> list[Any]:
    return imports_of_script(source.encode())


@pytest.mark.parametrize(
    ("source", "steps"),
    [
        ("import a, b.c as d", [["import", "a", []], ["import", "b.c", []]]),
        ("from a.b import c, d as e", [["import", "a.b", ["c", "d"]]]),
        ("from a import *", [["import", "a", ["*"]]]),
        ('"""Doc."""\nfrom __future__ import annotations\nimport a', [["import", "a", []]]),
        ("def f():\n    import a\nclass C:\n    import b", []),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    import b", [["import", "b", []]]),
        ("if typing.TYPE_CHECKING:\n    import a", []),
        ('if __name__ == "__main__":\n    import a', [["import", "a", []]]),
        ("if x:\n    import a\nelse:\n    from b import c", []),
        ("with suppress(ImportError):\n    import a", [["import", "a", []]]),
        (
            "try:\n    import a\nexcept ImportError:\n    import b\nelse:\n    import c\n"
            "finally:\n    import d",
            [
                ["try", [["import", "a", []]], [["import", "b", []]], [["import", "c", []]]],
                ["import", "d", []],
            ],
        ),
        ('os.environ["A"] = "1"', [["variable", "A", "1", True]]),
        ('os.environ.setdefault("A", "1")', [["variable", "A", "1", False]]),
    ],
)
def test_a_plan_has_the_imports_that_a_run_makes_in_any_case(source: str, steps: Any) -> None:
    assert imported(source) == steps


@pytest.mark.parametrize(
    "line",
    [
        "sys.path.insert(0, 'lib')",
        "sys.path = []",
        "sys.path += ['lib']",
        "os.environ['A'] = value",
        "del os.environ['A']",
        "load_dotenv()",
        "if x:\n    os.environ['A'] = value",
        "for path in paths:\n    sys.path.append(path)",
        "match x:\n    case 1:\n        use('agg')",
        "class C:\n    use('agg')",
        "x: int = 1; C.x: int = 2",
        "from . import a",
        "(use('agg'), 1)",
    ],
)
def test_what_follows_something_that_may_change_it_is_not_imported(line: str) -> None:
    assert ["stop", 2] in imported(f"import a\n{line}\nimport b")


@pytest.mark.parametrize(
    "line",
    [
        "x = y = 1",
        "a, (b, *c) = f()",
        "x += 1",
        "logger = logging.getLogger(__name__)",
        "warnings.filterwarnings('ignore')",
        "logging.basicConfig(level='INFO')",
        "@decorated\ndef f():\n    sys.path.insert(0, 'lib')",
        "class C:\n    x = 1\n    def f(self):\n        g()",
        "if x:\n    y = 1\n    import c",
        "for i in range(3):\n    from c import d",
    ],
)
def test_names_definitions_and_warnings_change_nothing(line: str) -> None:
    assert imported(f"import a\n{line}\nimport b") == [["import", "a", []], ["import", "b", []]]


@pytest.mark.parametrize("source", [b"x = (", b"x = '\xff'", b"x = 1\0", b"# coding: none\nx = 1"])
def test_a_script_that_cannot_be_read_has_no_plan(source: bytes) -> None:
    assert imports_of_script(source) == []


def train(x: float) -> None:
    """What it does."""
    import colorsys
    from wave import Error

    print(colorsys, Error, x)
    import chunk  # noqa: F401


def test_the_plan_of_a_function_is_that_of_its_body() -> None:
    first = train.__code__.co_firstlineno
    steps = [["import", "colorsys", []], ["import", "wave", ["Error"]], ["stop", first + 5]]
    assert imports_of_function(train)[:3] == steps
    assert imports_of_function(functools.partial(train, x=1))[:3] == steps


@pytest.mark.parametrize("function", [lambda x: x, len, dict, functools.partial(print)])
def test_other_things_that_can_be_called_have_no_plan(function: Any) -> None:
    assert imports_of_function(function) == []


def test_a_function_without_a_source_has_no_plan() -> None:
    namespace: dict[str, Any] = {}
    exec("def f():\n    import a", namespace)
    assert imports_of_function(namespace["f"]) == []
