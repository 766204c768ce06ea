"""Constraints between parameters: expressions, predicates, and the space that carries them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, overload

from synecore.errors import SpaceError

if TYPE_CHECKING:
    from synecore.space.expressions import Expression

T = TypeVar("T")
RESERVED = "$constraints"  # the key under which files hold them


class Predicate:
    """A function of a configuration that says whether it is allowed.

    The configuration holds the constants and those parameters that are active.

    Attributes:
        path: "module:name" from which it can be imported again; "" where that is not possible.
        description: what to call it in messages.
    """

    def __init__(
        self,
        function: Callable[[Mapping[str, Any]], Any] | None,
        path: str = "",
        description: str = "",
    ) -> None:
        self._function = function
        self.path = path or (_path_of(function) if function is not None else "")
        self.description = (
            description or self.path or getattr(function, "__qualname__", repr(function))
        )

    def __call__(self, config: Mapping[str, Any]) -> bool:
        try:
            return bool(self.function(config))
        except SpaceError:
            raise
        except Exception as error:
            raise SpaceError(
                f"constraint {self.description}: {type(error).__name__}: {error}, for the "
                f"configuration {dict(config)!r}. Inactive parameters are left out of it."
            ) from error

    @property
    def function(self) -> Callable[[Mapping[str, Any]], Any]:
        """The function, imported if need be.

        Raises:
            SpaceError: if it cannot be.
        """
        if self._function is None:
            self._function = self._import()
        return self._function

    def _import(self) -> Callable[[Mapping[str, Any]], Any]:
        if not self.path:
            raise SpaceError(
                f"constraint {self.description}: this function was defined where it cannot be "
                "imported from, so it is not on record; give the configuration space again, or "
                "move the function to the top of a module."
            )
        try:
            found = _resolve(self.path)
        except (ImportError, AttributeError) as error:
            raise SpaceError(
                f"constraint {self.path}: the function cannot be imported: {error}. Make the "
                "module importable, or give the configuration space again."
            ) from error
        if not callable(found):
            raise SpaceError(f"constraint {self.path}: {found!r} is not a function.")
        return found  # type: ignore[no-any-return]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Predicate):
            return False
        return (self.path, self.description) == (other.path, other.description)

    def __hash__(self) -> int:
        return hash((self.path, self.description))

    def __repr__(self) -> str:
        return f"Predicate({self.description})"


Constraint: TypeAlias = "Expression | Predicate"


def _resolve(path: str) -> Any:
    module, _, name = path.partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _path_of(function: Callable[..., Any]) -> str:
    """Return "module:name" if importing it gives this very function."""
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", None)
    if not module or not name or module == "__main__" or "<" in name:
        return ""
    try:
        same = _resolve(f"{module}:{name}") is function
    except (ImportError, AttributeError):
        return ""
    return f"{module}:{name}" if same else ""


class ConfigSpace(dict[str, Any]):
    """A configuration space with constraints: a dictionary in all else.

    `space | {...}` and `space.copy()` keep the constraints; `{**space}` and `dict(space)` do not.
    """

    def __init__(
        self, space: Mapping[str, Any] | Iterable[tuple[str, Any]] = (), /, *constraints: Any
    ) -> None:
        super().__init__(space)
        carried = constraints_of(space) if isinstance(space, Mapping) else ()
        self.pop(RESERVED, None)
        self.constraints: tuple[Constraint, ...] = (*carried, *map(as_constraint, constraints))

    def copy(self) -> ConfigSpace:
        """Return a copy with the same constraints."""
        return ConfigSpace(self)

    @overload
    def __or__(self, other: dict[str, Any]) -> ConfigSpace: ...
    @overload
    def __or__(self, other: dict[T, Any]) -> dict[str | T, Any]: ...
    def __or__(self, other: dict[Any, Any]) -> Any:
        return ConfigSpace({**self, **other}, *self.constraints, *constraints_of(other))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (dict(self), self.constraints)

    def __repr__(self) -> str:
        inner = "".join(f", {_source(c)}" for c in self.constraints)
        return f"subject_to({super().__repr__()}{inner})"


def _rebuilt(items: dict[str, Any], constraints: tuple[Any, ...]) -> ConfigSpace:
    return ConfigSpace(items, *constraints)


def _source(constraint: Constraint) -> str:
    return (
        repr(constraint.text) if not isinstance(constraint, Predicate) else constraint.description
    )


def subject_to(space: Mapping[str, Any], *constraints: Any) -> ConfigSpace:
    """Return the space with constraints between its parameters.

    Args:
        space: configuration space; constraints that it has stay.
        constraints: each a text such as "width < height", or a function that takes a configuration
            and says whether it is allowed.
    """
    if not constraints:
        raise SpaceError("subject_to: give at least one constraint, as in 'width < height'.")
    return ConfigSpace(space, *constraints)


def as_constraint(constraint: Any) -> Constraint:
    """Return a constraint from a text, a function, or what a file says of one."""
    from synecore.space.expressions import Expression  # imports NumPy

    if isinstance(constraint, (Expression, Predicate)):
        return constraint
    if isinstance(constraint, str):
        return Expression(constraint)
    if isinstance(constraint, Mapping):
        return _from_mapping(constraint)
    if callable(constraint):
        return Predicate(constraint)
    raise SpaceError(
        f"constraint {constraint!r} is neither a text such as 'width < height' nor a function."
    )


def _from_mapping(constraint: Mapping[str, Any]) -> Constraint:
    from synecore.space.expressions import Expression

    if set(constraint) == {"expression"}:
        return Expression(str(constraint["expression"]))
    if "predicate" in constraint and set(constraint) <= {"predicate", "description"}:
        path = constraint["predicate"] or ""
        return Predicate(None, str(path), str(constraint.get("description", "")))
    raise SpaceError(
        f"constraint {dict(constraint)!r}: allowed are a text, {{'expression': text}} and "
        "{'predicate': 'module:function'}."
    )


def constraint_to_json(constraint: Constraint) -> dict[str, str]:
    """Return what `as_constraint` reads."""
    if isinstance(constraint, Predicate):
        return {"predicate": constraint.path, "description": constraint.description}
    return {"expression": constraint.text}


def constraints_of(space: Mapping[str, Any]) -> tuple[Constraint, ...]:
    """Return the constraints that a space carries, also under the key of files."""
    carried = space.constraints if isinstance(space, ConfigSpace) else ()
    written = space.get(RESERVED, ())
    if isinstance(written, (str, Mapping)) or callable(written):
        written = [written]
    return (*carried, *map(as_constraint, written))


def like(space: Mapping[str, Any], items: Mapping[str, Any]) -> dict[str, Any]:
    """Return `items` as a space with the constraints of `space`, if it has any."""
    constraints = constraints_of(space)
    return ConfigSpace(items, *constraints) if constraints else dict(items)
