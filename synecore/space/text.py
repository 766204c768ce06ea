"""Domains as text, `loguniform(1e-4, 1)`, and configuration spaces as files hold them.

Used by the command line (`--param lr='loguniform(1e-4, 1)'`) and for files. The text is parsed,
never executed. Names without quotes are texts, so that a shell which removes quotes does no harm.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from typing import Any

from synecore.errors import SpaceError, did_you_mean, near
from synecore.space import factories
from synecore.space.categories import Categorical, Ordinal, OrdinalNearestNeighbor
from synecore.space.domain import Domain
from synecore.space.finite_range import FiniteRange
from synecore.space.ranges import Float, Integer
from synecore.space.samplers import Grid, Normal, NormalPrior, Quantized, Sampler, WeightPrior

FACTORIES: dict[str, Callable[..., Domain]] = {
    name: getattr(factories, name)
    for name in (
        "uniform", "loguniform", "reverseloguniform", "randint", "lograndint", "choice", "ordinal",
        "logordinal", "finrange", "logfinrange", "quniform", "qloguniform", "qrandint",
        "qlograndint",
    )
}  # fmt: skip
FACTORIES["Float"], FACTORIES["Integer"] = Float, Integer
_LISTED = ("choice", "ordinal", "logordinal")  # categories may be written without a list
_METHODS = ("when", "prior", "normal", "quantized", "grid")
_WORDS = {"true": True, "false": False, "inf": math.inf}
_CALL = re.compile(rf"\s*(?:{'|'.join(FACTORIES)})\s*\(")
_ANY_CALL = re.compile(r"\s*([A-Za-z_]\w*)\(.*\)\s*", re.DOTALL)
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def is_domain_text(text: str) -> bool:
    """Say whether a text is meant as a domain, perhaps a misspelt one, and not as a constant."""
    if _CALL.match(text) is not None:
        return True
    called = _ANY_CALL.fullmatch(text)
    return called is not None and near(called[1], FACTORIES) is not None


def parse_domain(text: str) -> Domain:
    """Read a domain such as "loguniform(1e-4, 1)" or "choice(relu, tanh).when(layers=[1, 2])".

    Raises:
        SpaceError: for anything else, naming what is wrong.
    """
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise SpaceError(f"domain {text!r} cannot be read: {error.args[0]}.") from None
    try:
        return _domain(node)
    except SpaceError as error:
        raise SpaceError(f"domain {text!r}: {error}") from None
    except (TypeError, ArithmeticError) as error:
        raise SpaceError(f"domain {text!r} cannot be read: {error}.") from None


def _domain(node: ast.expr) -> Domain:
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
            if name not in FACTORIES:
                raise SpaceError(
                    f"unknown domain {name!r}{did_you_mean(name, FACTORIES) or '.'} "
                    f"Known: {', '.join(FACTORIES)}."
                )
            values = [_value(arg) for arg in args]
            if name in _LISTED and not (values and isinstance(values[0], list)):
                values = [values]
            return FACTORIES[name](*values, **_keywords(keywords))
        case ast.Call(func=ast.Attribute(value=inner, attr=name), args=args, keywords=keywords):
            domain = _domain(inner)
            if name not in _METHODS or not hasattr(domain, name):
                raise SpaceError(
                    f"unknown addition .{name}(){did_you_mean(name, _METHODS) or '.'} "
                    f"Known: {', '.join(_METHODS)}."
                )
            method = getattr(domain, name)
            return method(*map(_value, args), **_keywords(keywords))  # type: ignore[no-any-return]
    raise SpaceError("not a domain; write one like loguniform(1e-4, 1).")


def _keywords(keywords: list[ast.keyword]) -> dict[str, Any]:
    if any(keyword.arg is None for keyword in keywords):
        raise SpaceError("** is not allowed here.")
    return {str(keyword.arg): _value(keyword.value) for keyword in keywords}


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=value) if isinstance(value, (int, float, str)):
            return value
        case ast.Name(id=name):
            return _WORDS.get(name, name)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item) for item in items]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_number(inner)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _number(inner)
        case ast.BinOp(left=a, op=ast.Pow(), right=b):
            base, power = _number(a), _number(b)
            if abs(power) > 1024:
                raise SpaceError(f"{ast.unparse(node)!r} is too large.")
            return base**power
        case ast.BinOp(left=a, op=op, right=b) if type(op) in _ARITHMETIC:
            return _ARITHMETIC[type(op)](_number(a), _number(b))
    raise SpaceError(f"{ast.unparse(node)!r} is not a value.")


def _number(node: ast.expr) -> Any:
    value = _value(node)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SpaceError(f"{ast.unparse(node)!r} is not a number.")
    return value


def format_domain(domain: Domain) -> str:
    """Return the text that `parse_domain` reads as this domain."""
    text = _factory_text(domain)
    belief = domain.prior_belief
    if isinstance(belief, NormalPrior):
        text += f".prior(mean={belief.mean!r}, sd={belief.sd!r})"
    elif isinstance(belief, WeightPrior):
        text += f".prior(weights={list(belief.weights)!r})"
    if domain.condition:
        pairs = {p: v[0] if len(v) == 1 else list(v) for p, v in domain.condition.items()}
        text += f".when({', '.join(f'{p}={v!r}' for p, v in pairs.items())})"
    return text


def _factory_text(domain: Domain) -> str:
    match domain:
        case OrdinalNearestNeighbor():
            kind = "nn-log" if domain.log_scale else "nn"
            return f"ordinal({domain.categories!r}, kind={kind!r})"
        case Ordinal():
            return f"ordinal({domain.categories!r}, kind='equal'){_grid_text(domain)}"
        case Categorical():
            return f"choice({domain.categories!r}){_grid_text(domain)}"
        case FiniteRange():
            name = "logfinrange" if domain.log_scale else "finrange"
            cast = ", cast_int=True" if domain.cast_int else ""
            return f"{name}({domain.lower!r}, {domain.upper!r}, {domain.size}{cast})"
        case Integer():
            bounds = f"({domain.lower!r}, {domain.upper!r})"
            name = "lograndint" if domain.scale == "log" else "randint"
            return name + bounds + _quantised_text(domain.get_sampler())
        case Float():
            bounds = f"({domain.lower!r}, {domain.upper!r})"
            return _float_text(bounds, domain.get_sampler())
    return f"<{type(domain).__name__}>"


def _grid_text(domain: Domain) -> str:
    return ".grid()" if isinstance(domain.sampler, Grid) else ""


def _quantised_text(sampler: Sampler) -> str:
    return f".quantized({sampler.q!r})" if isinstance(sampler, Quantized) else ""


def _float_text(bounds: str, sampler: Sampler) -> str:
    inner = sampler.sampler if isinstance(sampler, Quantized) else sampler
    if isinstance(inner, Normal):
        text = f"Float{bounds}.normal({inner.mean!r}, {inner.sd!r})"
    else:
        name = {"linear": "uniform", "log": "loguniform", "reverse-log": "reverseloguniform"}
        text = name[inner.scale] + bounds
    return text + _quantised_text(sampler)
