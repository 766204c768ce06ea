"""Options of a component: one attrs class, validated in one place, shown in one table.

    @attrs.frozen(kw_only=True)
    class ASHAOptions:
        grace_period: int = option(ge(1), default=1, doc="Resource of the first rung.")
        searcher: ComponentRef = component("searcher", default="random")

Values are converted to the annotation, then validated. `also` names an option as other libraries
do and only makes a hint better; `aliases` are other spellings that are accepted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import attrs

from synecore.conversion import NotConvertible, convert, hints_of, plain, words
from synecore.errors import OptionError, near

logger = logging.getLogger(__name__)
READY = "$object"  # the name of a component that the user built, instead of naming it
_KEY = "synecore"


@attrs.frozen
class Meta:
    """What `option` knows beyond what attrs does."""

    doc: str = ""
    also: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    kind: str = ""  # of a nested component
    to: str = ""  # where a preset's option goes in the component it sets up


@attrs.frozen
class ComponentRef:
    """A component by name with its options, not built yet."""

    name: str
    options: Mapping[str, Any] = attrs.field(factory=dict)

    @classmethod
    def of(cls, value: Any) -> ComponentRef:
        """Read a name, a mapping {"name": ..., **options}, a reference, or take a ready object."""
        if isinstance(value, ComponentRef):
            return value
        if isinstance(value, str):
            return cls(value)
        if isinstance(value, Mapping):
            options = dict(value)
            name = options.pop("name", None)
            if not isinstance(name, str):
                raise NotConvertible('a mapping with its "name", as in {"name": "random"}')
            return cls(name, options)
        if value is None or isinstance(value, (int, float, list, tuple, type)):
            raise NotConvertible("a name, a mapping with a name, or a ready component")
        return cls(READY, {"object": value})

    @property
    def is_ready(self) -> bool:
        return self.name == READY

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, **{key: plain(item) for key, item in self.options.items()}}


@attrs.frozen
class OptionRow:
    """One line of the table of options."""

    name: str
    type: str
    default: str  # "" where the option must be given
    doc: str
    aliases: tuple[str, ...] = ()


@attrs.frozen
class OptionTable:
    """The options of a component, for people."""

    rows: tuple[OptionRow, ...]

    def __iter__(self) -> Iterator[OptionRow]:
        return iter(self.rows)

    def __str__(self) -> str:
        if not self.rows:
            return "no options"
        cells = [("option", "default", "what it is")]
        for row in self.rows:
            also = f" Also: {', '.join(row.aliases)}." if row.aliases else ""
            cells.append((row.name, row.default or "(needed)", f"{row.doc} ({row.type}){also}"))
        widths = [max(len(line[i]) for line in cells) for i in range(2)]
        return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in cells)

    def markdown(self) -> str:
        lines = ["| option | type | default | what it is |", "|---|---|---|---|"]
        for row in self.rows:
            default = f"`{row.default}`" if row.default else "needed"
            also = f" Also: {', '.join(f'`{a}`' for a in row.aliases)}." if row.aliases else ""
            cell = row.type.replace("|", "\\|")
            lines.append(f"| `{row.name}` | {cell} | {default} | {row.doc}{also} |")
        return "\n".join(lines)

    def to_json(self) -> list[dict[str, Any]]:
        return [attrs.asdict(row) for row in self.rows]


def option(
    *validators: Callable[[Any, Any, Any], Any],
    default: Any = attrs.NOTHING,
    factory: Callable[[], Any] | None = None,
    doc: str = "",
    also: Collection[str] = (),
    aliases: Collection[str] = (),
    to: str = "",
) -> Any:
    """Declare an option. Validators are those of attrs; they do not see a default of None.

    Args:
        *validators: Checks of the converted value, such as `attrs.validators.gt(0)`.
        default: Value where none is given; without it, the option must be given.
        factory: Makes the default, where it is mutable.
        doc: One sentence, for the table of options.
        also: Names of the option elsewhere, used for hints alone.
        aliases: Other spellings that are accepted.
        to: For the options of a preset: the path of the option it sets, as in "searcher.model".
    """
    meta = Meta(doc=doc, also=tuple(also), aliases=tuple(aliases), to=to)
    return _field(meta, default, factory, validators)


def component(kind: str, *, default: Any = attrs.NOTHING, doc: str = "") -> Any:
    """Declare a nested component, given by name, by mapping, by reference or as a ready object.

    Build it with `setup.make(kind, options.searcher)`.
    """
    return _field(Meta(doc=doc or f"The {kind}.", kind=kind), default, None, ())


def _field(
    meta: Meta,
    default: Any,
    factory: Callable[[], Any] | None,
    validators: tuple[Callable[[Any, Any, Any], Any], ...],
) -> Any:
    if factory is not None:
        default = attrs.Factory(factory)
    check = attrs.validators.and_(*validators) if validators else None
    if check is not None and default is None:
        check = attrs.validators.optional(check)
    return attrs.field(
        default=default,
        validator=check,
        converter=attrs.Converter(_converted, takes_self=True, takes_field=True),
        metadata={_KEY: meta},
    )


def _converted(value: Any, self: Any, field: attrs.Attribute[Any]) -> Any:
    """Convert to the annotation, whoever constructs the class."""
    meta = meta_of(field)
    try:
        if meta.kind:
            if value is None and field.default is None:
                return None
            return ComponentRef.of(value)
        cls: Any = type(self)
        return convert(value, hints_of(cls)[field.name])
    except NotConvertible as error:
        raise OptionError(
            f"{field.name!r} must be {error.must_be}: {value!r:.200}{error.hint}"
        ) from None


def meta_of(field: attrs.Attribute[Any]) -> Meta:
    meta = field.metadata.get(_KEY)
    return meta if isinstance(meta, Meta) else Meta()


def fields_of(cls: type | None) -> dict[str, attrs.Attribute[Any]]:
    """Return the options of a class by name; none for a component without options."""
    if cls is None:
        return {}
    return {field.name: field for field in attrs.fields(cls) if field.init}


def build(
    cls: type | None,
    mapping: Mapping[str, Any],
    where: str,
    ignores: Collection[str] = (),
    nearby: Collection[str] = (),
) -> Any:
    """Return `cls` made from `mapping`; None if `cls` is None.

    Args:
        cls: The attrs class of the options.
        mapping: What the user gave; spellings with "-" and aliases are accepted.
        where: Whose options these are, as in "scheduler 'asha'".
        ignores: Options of sibling components, dropped with a warning.
        nearby: Names given beside the options, so that a hint may point to one of them.

    Raises:
        OptionError: naming all unknown and missing options, or the first bad value.
    """
    fields = fields_of(cls)
    values, unknown, twice = sort_out(fields, mapping)
    dropped = [key for key in unknown if key.replace("-", "_") in ignores]
    if dropped:
        logger.warning("%s: no effect here: %s.", where, ", ".join(map(repr, dropped)))
    listed = f"Options: {', '.join(fields)}." if fields else "It takes no options."
    problems = [_unknown(key, fields, nearby) for key in unknown if key not in dropped]
    problems += [f"{given} are one option, give one of them" for given in twice]
    problems += [
        f"missing option {name!r}"
        for name, field in fields.items()
        if field.default is attrs.NOTHING and name not in values
    ]
    if problems:
        text = "; ".join(problems)
        raise OptionError(f"{where}: {text}{'' if text.endswith('?') else '.'}\n  {listed}")
    if cls is None:
        return None
    try:
        return cls(**values)
    except (ValueError, TypeError) as error:
        text = str(error.args[0]) if error.args else str(error)
        end = "" if text.endswith((".", "?")) else "."
        raise OptionError(f"{where}: {text}{end} {listed}") from error


def sort_out(
    fields: Mapping[str, attrs.Attribute[Any]], mapping: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str], list[str]]:
    """Return values by the option's own name, unknown keys, and options given in two spellings."""
    spelled = {alias: name for name, field in fields.items() for alias in meta_of(field).aliases}
    values: dict[str, Any] = {}
    keys: dict[str, str] = {}
    unknown, twice = [], []
    for key, value in mapping.items():
        name = key.replace("-", "_")
        name = name if name in fields else spelled.get(name, name)
        if name not in fields:
            unknown.append(key)
        elif name in values:
            twice.append(f"{keys[name]!r} and {key!r}")
        else:
            values[name], keys[name] = value, key
    return values, unknown, twice


def _unknown(key: str, fields: Mapping[str, attrs.Attribute[Any]], nearby: Collection[str]) -> str:
    others = {other: name for name, f in fields.items() for other in meta_of(f).also}
    spellings = {alias: alias for f in fields.values() for alias in meta_of(f).aliases}
    names = others | spellings | {name: name for name in (*nearby, *fields)}
    match = near(key, names) if key not in nearby else None
    hint = f", did you mean {names[match]!r}?" if match is not None else ""
    return f"unknown option {key!r}{hint}"


def to_json(options: Any) -> dict[str, Any]:
    """Return the options as JSON values, defaults filled in; `build` reads them back.

    Raises TypeError for a value that has no JSON form.
    """
    if options is None:
        return {}
    return {name: _json(getattr(options, name)) for name in fields_of(type(options))}


def _json(value: Any) -> Any:
    if isinstance(value, ComponentRef):
        return value.to_json()
    return to_json(value) if attrs.has(type(value)) else plain(value)


def describe(cls: type | None) -> OptionTable:
    """Return the table of options; `str()` of it is for terminals, `.markdown()` for pages."""
    hints = hints_of(cls) if cls is not None else {}
    rows = []
    for name, field in fields_of(cls).items():
        meta = meta_of(field)
        kind = f"a {meta.kind}" if meta.kind else words(hints[name])
        rows.append(OptionRow(name, kind, _default(field), meta.doc, meta.aliases))
    return OptionTable(tuple(rows))


def _default(field: attrs.Attribute[Any]) -> str:
    value: Any = field.default
    if value is attrs.NOTHING:
        return ""
    if isinstance(value, attrs.Factory):  # type: ignore[arg-type]
        value = value.factory()
    return repr(value)
