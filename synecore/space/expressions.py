"""Constraints written as text, such as "width < 2 * height or kind == 'flat'".

The text is parsed by Python's own parser, and only what is listed here is allowed: nothing of it is
ever executed as Python. Values are computed for many configurations at once; logarithms of negative
numbers and divisions by zero give NaN, for which no comparison holds.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from synecore.errors import SpaceError, did_you_mean

Kind: TypeAlias = Literal["number", "text", "truth"]
Columns: TypeAlias = Mapping[str, Any]  # name -> (n,) numbers or texts, or one value

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.true_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
    ast.FloorDiv: np.floor_divide,
}
_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": np.minimum,
    "max": np.maximum,
    "abs": np.absolute,
    "log": np.log,
}
_SEVERAL = ("min", "max")
ALLOWED = (
    "names of parameters, numbers, texts, + - * / // % **, comparisons, in, and, or, not, "
    "min, max, abs, log"
)


class Expression:
    """A parsed constraint.

    Attributes:
        text: as written.
        names: parameters and constants that it mentions, in order.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise SpaceError(
                f"constraint {text!r} cannot be read: {error.args[0]}. "
                "Write one like 'width < height'."
            ) from None
        self.names = list(dict.fromkeys(self._find_names(self._tree)))
        if not self.names:
            raise SpaceError(f"constraint {text!r} mentions no parameter.")

    def check(self, kinds: Mapping[str, Kind]) -> None:
        """Check that the names are known and that numbers are compared with numbers.

        Args:
            kinds: of every parameter and constant.

        Raises:
            SpaceError: naming what does not fit.
        """
        for name in self.names:
            if name not in kinds:
                raise SpaceError(
                    f"constraint {self.text!r}: there is no parameter {name!r}"
                    f"{did_you_mean(name, kinds) or '.'} Known: {', '.join(kinds)}."
                )
        if self._kind(self._tree, kinds) != "truth":
            raise self._error("is a value, not a condition; compare it with something")

    def __call__(self, columns: Columns) -> npt.NDArray[np.bool_]:
        """Say for which rows it holds."""
        with np.errstate(all="ignore"):
            return np.asarray(self._value(self._tree, columns), bool)

    def _error(self, what: str) -> SpaceError:
        return SpaceError(f"constraint {self.text!r} {what}. Allowed are {ALLOWED}.")

    # ---- names

    def _find_names(self, node: ast.expr) -> list[str]:
        match node:
            case ast.Name(id=name):
                return [] if name in ("true", "false") else [name]
            case ast.Constant(value=value) if isinstance(value, (int, float, str)):
                return []
            case ast.BinOp(left=a, op=op, right=b) if type(op) in _BINARY:
                return self._find_names(a) + self._find_names(b)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Not(), operand=a):
                return self._find_names(a)
            case ast.BoolOp(values=parts):
                return [name for part in parts for name in self._find_names(part)]
            case ast.Compare(left=a, ops=ops, comparators=others):
                return self._find_names(a) + self._find_compared(ops, others)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
                if (len(args) < 2) if name in _SEVERAL else (len(args) != 1):
                    raise self._error(f"gives {name} {len(args)} arguments")
                return [name for arg in args for name in self._find_names(arg)]
        raise self._error(f"contains {ast.unparse(node)!r}")

    def _find_compared(self, ops: list[ast.cmpop], others: list[ast.expr]) -> list[str]:
        found = []
        for op, other in zip(ops, others, strict=True):
            if isinstance(op, (ast.In, ast.NotIn)):
                if not isinstance(other, (ast.List, ast.Tuple, ast.Set)) or not other.elts:
                    raise self._error("needs a list after 'in'")
                found += [name for item in other.elts for name in self._find_names(item)]
            elif isinstance(op, (ast.Eq, ast.NotEq)) or type(op) in _ORDER:
                found += self._find_names(other)
            else:
                raise self._error("compares by identity")
        return found

    # ---- kinds

    def _kind(self, node: ast.expr, kinds: Mapping[str, Kind]) -> Kind:
        match node:
            case ast.Name(id="true" | "false"):
                return "truth"
            case ast.Name(id=name):
                return kinds[name]
            case ast.Constant(value=value):
                return "text" if isinstance(value, str) else _kind_of_number(value)
            case ast.UnaryOp(op=ast.Not(), operand=a):
                self._need("truth", a, kinds)
                return "truth"
            case ast.UnaryOp(operand=a):
                self._need("number", a, kinds)
                return "number"
            case ast.BinOp(left=a, right=b):
                self._need("number", a, kinds)
                self._need("number", b, kinds)
                return "number"
            case ast.BoolOp(values=parts):
                for part in parts:
                    self._need("truth", part, kinds)
                return "truth"
            case ast.Call(args=args):
                for arg in args:
                    self._need("number", arg, kinds)
                return "number"
            case ast.Compare(left=left, ops=ops, comparators=others):
                for op, other in zip(ops, others, strict=True):
                    for one in other.elts if isinstance(other, _LISTS) else [other]:
                        self._comparable(left, op, one, kinds)
                    left = other
        return "truth"

    def _need(self, kind: Kind, node: ast.expr, kinds: Mapping[str, Kind]) -> None:
        found = self._kind(node, kinds)
        if found != kind and not (kind == "number" and found == "truth"):
            raise self._error(f"uses {ast.unparse(node)!r}, a {found}, as a {kind}")

    def _comparable(
        self, left: ast.expr, op: ast.cmpop, right: ast.expr, kinds: Mapping[str, Kind]
    ) -> None:
        if isinstance(left, _LISTS):
            raise self._error("compares a list with more")
        pair = {self._kind(left, kinds), self._kind(right, kinds)}
        if "text" in pair and (len(pair) > 1 or type(op) in _ORDER):
            raise self._error(
                f"compares {ast.unparse(left)!r} with {ast.unparse(right)!r}; texts can only be "
                "equal to texts, or in a list of them"
            )

    # ---- values

    def _value(self, node: ast.expr, columns: Columns) -> Any:
        match node:
            case ast.Name(id="true" | "false" as name):
                return name == "true"
            case ast.Name(id=name):
                return columns[name]
            case ast.Constant(value=value):
                return value if isinstance(value, (str, bool)) else float(value)  # type: ignore[arg-type]
            case ast.UnaryOp(op=op, operand=a):
                inner = self._value(a, columns)
                if isinstance(op, ast.Not):
                    return np.logical_not(inner)
                return np.negative(inner) if isinstance(op, ast.USub) else inner
            case ast.BinOp(left=a, op=op, right=b):
                left, right = (np.asarray(self._value(side, columns), float) for side in (a, b))
                return _BINARY[type(op)](left, right)
            case ast.BoolOp(op=op, values=parts):
                combine = np.logical_and if isinstance(op, ast.And) else np.logical_or
                result = self._value(parts[0], columns)
                for part in parts[1:]:
                    result = combine(result, self._value(part, columns))
                return result
            case ast.Call(func=ast.Name(id=name), args=args):
                values = [np.asarray(self._value(arg, columns), float) for arg in args]
                result = values[0] if name in _SEVERAL else _FUNCTIONS[name](values[0])
                for more in values[1:]:
                    result = _FUNCTIONS[name](result, more)
                return result
            case ast.Compare(left=first, ops=comparisons, comparators=others):
                result = True
                pairs = itertools.pairwise([first, *others])
                for comparison, (a, b) in zip(comparisons, pairs, strict=True):
                    result = np.logical_and(result, self._compare(a, comparison, b, columns))
                return result
        raise self._error(f"contains {ast.unparse(node)!r}")

    def _compare(self, left: ast.expr, op: ast.cmpop, right: ast.expr, columns: Columns) -> Any:
        a = self._value(left, columns)
        if isinstance(right, _LISTS):
            found: Any = False
            for item in right.elts:
                found = np.logical_or(found, np.equal(a, self._value(item, columns)))
            return np.logical_not(found) if isinstance(op, ast.NotIn) else found
        b = self._value(right, columns)
        if isinstance(op, ast.Eq):
            return np.equal(a, b)
        if isinstance(op, ast.NotEq):
            return np.not_equal(a, b)
        return _ORDER[type(op)](a, b)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


_LISTS = (ast.List, ast.Tuple, ast.Set)


def _kind_of_number(value: Any) -> Kind:
    return "truth" if isinstance(value, bool) else "number"


def kind_of(value: Any) -> Kind:
    """Return the kind of a constant."""
    return "text" if isinstance(value, str) else _kind_of_number(value)
