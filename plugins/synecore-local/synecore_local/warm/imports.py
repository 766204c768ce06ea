"""What a script imports before it does anything else.

A plan of imports is a list of steps in plain JSON, for the process that makes them ahead:

    ["import", module, names]           `import module`, or `from module import names`
    ["variable", name, value, always]   `os.environ[name] = value`, or `.setdefault(name, value)`
    ["try", steps, otherwise, else]     `otherwise`, if an import of `steps` fails
    ["stop", line]                      what follows may depend on what the script does here
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

Steps: TypeAlias = list[list[Any]]

_NO_EFFECT = ("warnings.", "logging.")  # calls that change nothing about an import


def imports_of_script(source: bytes) -> Steps:
    """Return the plan of a script; an empty one if it cannot be parsed, as its trials will say."""
    try:
        return _steps(ast.parse(source).body)
    except (SyntaxError, ValueError, RecursionError):
        return []


def imports_of_function(function: Callable[..., Any]) -> Steps:
    """Return the plan of a function's body, where its source is known."""
    while isinstance(function, functools.partial):
        function = function.func
    try:
        lines, first = inspect.getsourcelines(inspect.unwrap(function))
        (node,) = ast.parse(textwrap.dedent("".join(lines))).body
    except (OSError, TypeError, SyntaxError, ValueError, RecursionError):
        return []
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return []
    ast.increment_lineno(node, first - 1)
    return _steps(node.body)


def _steps(statements: Iterable[ast.stmt]) -> Steps:
    return [step for statement in statements for step in _steps_of(statement)]


def _steps_of(statement: ast.stmt) -> Iterator[list[Any]]:
    match statement:
        case ast.Import(names=names):
            for alias in names:
                yield ["import", alias.name, []]
        case ast.ImportFrom(level=0, module=str(module), names=names):
            if module != "__future__":
                yield ["import", module, [alias.name for alias in names]]
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
            otherwise = [step for handler in handlers for step in _steps(handler.body)]
            yield ["try", _steps(body), otherwise, _steps(orelse)]
            yield from _steps(finalbody)
        case ast.With(body=body):
            yield from _steps(body)
        case ast.If(test=test, body=body, orelse=orelse) if (truth := _truth(test)) is not None:
            yield from _steps(body if truth else orelse)
        case _:
            if (variable := _variable(statement)) is not None:
                yield variable
            elif _acts(statement):
                yield ["stop", statement.lineno]


def _truth(test: ast.expr) -> bool | None:
    """Say how a condition turns out in a script that is run; None: it is not known."""
    text = ast.unparse(test)
    if text.split(".")[-1] == "TYPE_CHECKING":
        return False
    if text in ("__name__ == '__main__'", "'__main__' == __name__"):
        return True
    return None


def _variable(statement: ast.stmt) -> list[Any] | None:
    """Return the step of a statement that gives an environment variable a fixed value."""
    match statement:
        case ast.Assign(
            targets=[ast.Subscript(value=place, slice=ast.Constant(value=str(name)))],
            value=ast.Constant(value=str(value)),
        ) if ast.unparse(place) in ("os.environ", "environ"):
            return ["variable", name, value, True]
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(value=place, attr="setdefault"),
                args=[ast.Constant(value=str(name)), ast.Constant(value=str(value))],
                keywords=[],
            )
        ) if ast.unparse(place) in ("os.environ", "environ"):
            return ["variable", name, value, False]
    return None


def _acts(node: ast.AST) -> bool:
    """May this do more than give names to values? A call of which nothing is kept, for one."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return False
        case ast.Expr(value=ast.Call(func=function)):
            return not ast.unparse(function).startswith(_NO_EFFECT)
        case ast.Expr(value=value):
            return any(isinstance(inner, ast.Call) for inner in ast.walk(value))
        case ast.Assign(targets=targets):
            return not all(map(_is_name, targets))
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return not _is_name(target)
        case ast.Delete() | ast.ImportFrom(level=1 | 2 | 3):
            return True
        case ast.expr():
            return False
        case _:  # what is below a condition, a loop, a class
            return any(map(_acts, ast.iter_child_nodes(node)))


def _is_name(target: ast.expr) -> bool:
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(_is_name, target.elts))
    if isinstance(target, ast.Starred):
        return _is_name(target.value)
    return isinstance(target, ast.Name)
