from __future__ import annotations

import ast
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synecore.errors import SpaceError
from synecore.space import Expression

REPEATABLE = settings(deadline=None, derandomize=True, max_examples=150)

COLUMNS = {
    "a": np.array([1.0, 2.0, -3.0, 0.0]),
    "b": np.array([2, 2, 2, 2]),
    "kind": np.array(["x", "y", "x", "z"], dtype=object),
    "flag": np.array([True, False, True, False]),
    "limit": 4,
    "true_name": 1.0,
}
KINDS: dict[str, Any] = {
    "a": "number", "b": "number", "kind": "text", "flag": "truth", "limit": "number",
    "true_name": "number",
}  # fmt: skip
EXPRESSIONS = [
    "a < b",
    "a <= b and not flag",
    "a == b or kind == 'x'",
    "-1 < a <= b",
    "a + 2 * b - a / b > 3",
    "a ** 2 % 3 == 1",
    "a // 2 != b",
    "kind in ('x', 'z')",
    "kind not in ['x']",
    "a in (1, 2) and b * limit == 8",
    "min(a, b, 1) >= 0",
    "max(a, b) < limit and abs(a) > 0",
    "flag",
    "not flag and +a != -b",
    "flag == (a > 0)",
    "true and a > 0 or false",
    "kind != 'y' and 'x' == kind",
    "a + flag > 1",
]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_means_what_python_means(text: str) -> None:
    expression = Expression(text)
    expression.check(KINDS)
    found = np.broadcast_to(expression(COLUMNS), (4,)).tolist()
    for i in range(4):
        names = {n: v[i] if isinstance(v, np.ndarray) else v for n, v in COLUMNS.items()}
        names.update(true=True, false=False)
        assert found[i] == bool(eval(text, {"min": min, "max": max, "abs": abs}, names))


def test_a_logarithm_of_a_negative_number_or_a_division_by_zero_satisfies_nothing() -> None:
    assert Expression("log(a) < 10").__call__(COLUMNS).tolist() == [True, True, False, True]
    assert Expression("b / a >= 1")(COLUMNS).tolist() == [True, True, False, True]
    assert Expression("a / a == 1")(COLUMNS).tolist() == [True, True, True, False]
    assert Expression("log(b) > 0.69")(COLUMNS).all()
    assert math.log(2) > 0.69


def test_knows_the_names_it_mentions() -> None:
    assert Expression("a < min(b, a) and kind in ('x',)").names == ["a", "b", "kind"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a <", "cannot be read: .*Write one like 'width < height'"),
        ("1 < 2", "mentions no parameter"),
        ("__import__('os').system('true')", 'contains "__import__'),
        ("a.real > 1", "contains 'a.real'"),
        ("a[0] > 1", "contains 'a\\[0\\]'"),
        ("(lambda: a)() > 1", "contains"),
        ("[x for x in a] == a", "contains"),
        ("a if b else a", "contains"),
        ("open('f') == a", "contains \"open\\('f'\\)\""),
        ("min(a) > 1", "gives min 1 arguments"),
        ("log(a, b) > 1", "gives log 2 arguments"),
        ("a is b", "compares by identity"),
        ("a in b", "needs a list after 'in'"),
        ("a in ()", "needs a list after 'in'"),
        ("a == None", "contains 'None'"),
        ("a @ b > 1", "contains 'a @ b'"),
        ("a << b > 1", "contains 'a << b'"),
        ("(a := 3) > 1", "contains"),
        ("max(*a) > 1", "contains '\\*a'|gives max 1 arguments"),
        ("f'{a}' == 'x'", "contains"),
    ],
)
def test_refuses_whatever_is_no_plain_condition(text: str, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        Expression(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("width < b", "there is no parameter 'width'.*Known: a, b, kind"),
        ("lmit < b", "'lmit'; did you mean 'limit'?"),
        ("a + b", "is a value, not a condition"),
        ("kind", "is a value, not a condition"),
        ("kind < 'y'", "texts can only be equal"),
        ("kind == 1", "texts can only be equal"),
        ("a in ('x', 'y')", "texts can only be equal"),
        ("kind + 1 > 2", "uses 'kind', a text, as a number"),
        ("not a", "uses 'a', a number, as a truth"),
        ("a and b > 1", "uses 'a', a number, as a truth"),
        ("a in (1, 2) in (3, 4)", "compares a list with more"),
    ],
)
def test_refuses_names_and_kinds_that_do_not_fit(text: str, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        Expression(text).check(KINDS)


@REPEATABLE
@given(st.text(alphabet="ab()<>=+-*/%. and or not in[]{}'\"0123_", max_size=30))
def test_any_text_is_an_expression_or_a_clear_error(text: str) -> None:
    try:
        expression = Expression(text)
        expression.check({"a": "number", "b": "number"})
    except SpaceError:
        return
    allowed = {"a", "b"}
    assert {n.id for n in ast.walk(ast.parse(text.strip())) if isinstance(n, ast.Name)} <= allowed
    assert expression({"a": np.array([1.0]), "b": np.array([2.0])}).dtype == bool
