"""Entry points of installed distributions, read without importing any of them.

A plugin lists the names of its components in `synecore.v<API>.<kind>s`, each with the module that
holds its hooks:

    [project.entry-points."synecore.v1.schedulers"]
    asha = "synecore_asha.plugin"

This is the one module that uses importlib_metadata.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from synecore.errors import PluginError, UnknownComponentError, near
from synecore.plugins import known

SERVED = 1  # the hook API number; `hookspecs.API`, without importing pluggy
_GROUP = re.compile(r"synecore\.v(\d+)\.([a-z][a-z0-9_-]*)s")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@attrs.frozen
class Entry:
    """One line of a distribution's metadata."""

    kind: str  # "scheduler"
    name: str
    module: str  # where the hooks are
    distribution: str
    version: str
    api: int
    summary: str = ""  # of the distribution
    problem: str = ""  # why it cannot be used; "" where it can
    hidden: bool = False  # by the user's own wish

    @property
    def source(self) -> str:
        return f"{self.distribution} {self.version}"

    @property
    def usable(self) -> bool:
        return not self.problem

    def to_json(self) -> dict[str, Any]:
        return attrs.asdict(self)


class Index:
    """What is installed, by kind and name."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(sorted(entries, key=lambda e: (e.kind, e.name, e.distribution)))
        self._by_name: dict[tuple[str, str], list[Entry]] = {}
        for entry in self.entries:
            self._by_name.setdefault((entry.kind, entry.name), []).append(entry)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def names(self, kind: str) -> list[str]:
        """Return the usable names of a kind, sorted; qualified where two distributions have it."""
        found = []
        for (its_kind, name), entries in self._by_name.items():
            usable = [entry for entry in entries if entry.usable]
            if its_kind == kind and usable:
                qualified = [f"{entry.distribution}:{name}" for entry in usable]
                found += [name] if len(usable) == 1 else qualified
        return found

    def of_kind(self, kind: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind == kind]

    def select(self, kind: str, name: str) -> Entry:
        """Return the one usable entry of this name.

        `name` may say the distribution, as in "synecore-asha:asha"; "_" stands for "-".

        Raises:
            UnknownComponentError: if there is none, or more than one.
            PluginError: if what there is cannot be used.
        """
        distribution, _, short = name.rpartition(":")
        entries = self._by_name.get((kind, short.replace("_", "-")), [])
        if distribution:
            wanted = normalized(distribution)
            entries = [entry for entry in entries if normalized(entry.distribution) == wanted]
        usable = [entry for entry in entries if entry.usable]
        if len(usable) == 1:
            return usable[0]
        if usable:
            sources = " and ".join(entry.distribution for entry in usable)
            raise UnknownComponentError(
                f"{kind} {name!r} is provided by {sources}; "
                f"say which, as in '{usable[0].distribution}:{usable[0].name}'"
            )
        if entries:
            raise PluginError(entries[0].problem)
        raise UnknownComponentError(self._unknown(kind, name, short.replace("_", "-")))

    def _unknown(self, kind: str, name: str, short: str) -> str:
        installed = self.names(kind)
        listed = f"Installed: {', '.join(installed) or 'none'}."
        distribution = known.distribution_of(kind, short)
        if distribution is not None:
            how = known.brought_by(distribution)
            it = "it is " if how.startswith("planned") else "it "
            return f"{kind} {name!r} is not installed; {it}{how}. {listed}"
        match = near(short, installed)
        hint = f"; did you mean {match!r}? " if match is not None else ". "
        return f"no {kind} named {name!r}{hint}{listed}"


def read_index(env: Mapping[str, str] = os.environ) -> Index:
    """Read the metadata of every installed distribution once; nothing is imported.

    SYNECORE_DISABLE hides distributions, SYNECORE_ENABLE all others than those it names.
    """
    return Index(_hide(entry, env) for entry in _entries())


@functools.cache
def default_index() -> Index:
    """Return the index of this process, read when a name is first resolved."""
    return read_index()


def _entries() -> Iterator[Entry]:
    import importlib_metadata  # costs more than the reading, so only when a name is resolved

    seen = set()
    for distribution in importlib_metadata.distributions():
        text = _entry_points(distribution)
        groups = _groups(text) if "synecore." in text else []
        if not groups:
            continue
        header = _header(distribution)
        name = normalized(header["name"])
        if name in seen or _is_hidden(name, text):
            continue
        seen.add(name)
        for group, lines in groups:
            yield from _parse(group, lines, header)


def _entry_points(distribution: Any) -> str:
    try:
        return str(distribution.read_text("entry_points.txt") or "")
    except UnicodeDecodeError:  # damaged, so nobody can say whether it is a plugin
        return ""


def _is_hidden(name: str, text: str) -> bool:
    """Whether an earlier folder of sys.path has another version, which would be imported.

    It hides this one even if it has no entry points of ours.
    """
    import importlib_metadata

    try:
        return _entry_points(importlib_metadata.distribution(name)) != text
    except importlib_metadata.PackageNotFoundError:  # its folder is not named for it
        return False


def _groups(text: str) -> list[tuple[str, list[str]]]:
    groups: list[tuple[str, list[str]]] = []
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            groups.append((line[1:-1].strip(), []))
        elif line and not line.startswith(("#", ";")) and groups:
            groups[-1][1].append(line)
    return [(name, lines) for name, lines in groups if name.startswith("synecore.")]


def _header(distribution: Any) -> dict[str, str]:
    """Read name, version and summary without parsing the whole description."""
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    header = {"name": "", "version": "", "summary": ""}
    for line in text.splitlines():
        if not line:
            break
        key, _, value = line.partition(":")
        if key.lower() in header:
            header[key.lower()] = value.strip()
    header["name"] = header["name"] or "unnamed"
    return header


def _parse(group: str, lines: Sequence[str], header: Mapping[str, str]) -> Iterator[Entry]:
    source = f"{header['name']} {header['version']}"
    match = _GROUP.fullmatch(group)
    api, kind = (int(match[1]), match[2]) if match else (0, group)
    given: dict[str, str] = {}
    for line in lines:
        name, equals, module = (part.strip() for part in line.partition("="))
        problem = ""
        if match is None:
            problem = (
                f"entry point group {group!r} of {source} is not like "
                f"'synecore.v{SERVED}.searchers'"
            )
        elif not equals or not _MODULE.fullmatch(module):
            problem = (
                f"entry point {line!r} of {source} in {group!r} is malformed; "
                "it should be like 'name = package.plugin'"
            )
        elif not _NAME.fullmatch(name):
            problem = (
                f"{kind} {name!r} of {source} is not a valid name; "
                "use lower-case letters, digits and hyphens"
            )
        elif api != SERVED:
            problem = (
                f"{kind} {name!r} of {source} is built for plugin API {api}; "
                f"this synecore speaks API {SERVED}"
            )
        elif name in given:
            if given[name] == module:
                continue
            problem = f"{kind} {name!r} of {source} is listed twice, with different modules"
        given.setdefault(name, module)
        yield Entry(
            kind, name, module, header["name"], header["version"], api, header["summary"], problem
        )


def _hide(entry: Entry, env: Mapping[str, str]) -> Entry:
    name = normalized(entry.distribution)
    if name in _listed(env.get("SYNECORE_DISABLE")):
        reason = "SYNECORE_DISABLE names it"
    elif env.get("SYNECORE_ENABLE") and name not in _listed(env["SYNECORE_ENABLE"]):
        reason = "SYNECORE_ENABLE does not name it"
    else:
        return entry
    text = f"{entry.kind} {entry.name!r} of {entry.source} is switched off: {reason}"
    return attrs.evolve(entry, problem=text, hidden=True)


def _listed(value: str | None) -> set[str]:
    return {normalized(name) for name in (value or "").split(",") if name.strip()}


def normalized(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def requirements(distribution: str) -> list[str]:
    """Return what a distribution requires, extras included: 'boto3>=1; extra == "s3"'."""
    import importlib_metadata

    try:
        return list(importlib_metadata.requires(distribution) or ())
    except importlib_metadata.PackageNotFoundError:
        return []


def installed_version(distribution: str) -> str | None:
    import importlib_metadata

    try:
        return str(importlib_metadata.version(distribution))
    except importlib_metadata.PackageNotFoundError:
        return None
