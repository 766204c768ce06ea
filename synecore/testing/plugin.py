"""What the metadata, hooks and options of a distribution must keep to: `synecore plugins check`."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence

from synecore.errors import SynecoreError, did_you_mean
from synecore.options import describe
from synecore.plugins.hookspecs import Component
from synecore.plugins.index import Entry, Index, normalized, read_index, requirements
from synecore.plugins.registry import Registry

_COMPONENT_KINDS = ("scheduler", "searcher", "surrogate", "acquisition", "backend", "store")
_LIGHT = ("synecore", "attr", "attrs", "pluggy")  # what a plugin's hooks and options may import
_PROBE = """
import importlib, json, sys
path, module, light = json.loads(sys.argv[1])
before = set(sys.modules)
sys.path[:] = path
importlib.import_module(module)
new = {name.partition(".")[0] for name in set(sys.modules) - before}
own = module.partition(".")[0]
print(json.dumps(sorted(new - sys.stdlib_module_names - {own, *light})))
"""


def check_distribution(distribution: str, index: Index | None = None) -> list[str]:
    """Return what is wrong with an installed distribution's plugin, one sentence each.

    Checked are: the entry points and the API number in their groups, that the hooks return what
    the entry points promise and no more, that every target can be imported, that the modules with
    hooks and options import light, that components and options are described, and that the
    distribution says which core it is for.
    """
    index = read_index() if index is None else index
    wanted = normalized(distribution)
    entries = [entry for entry in index if normalized(entry.distribution) == wanted]
    if not entries:
        known = sorted({entry.distribution for entry in index})
        return [
            f"{distribution} has no entry points in groups like 'synecore.v1.searchers', or is not "
            f"installed{did_you_mean(distribution, known) or '.'} "
            f"Installed plugins: {', '.join(known) or 'none'}. "
            "After a change of entry points, install the distribution again."
        ]
    problems = list(_requirement_problems(entries[0].distribution))
    registry = Registry(Index(entries))
    for checked in registry.check():
        if checked.problem:
            problems.append(checked.problem)
        if checked.component is not None:
            problems += _component_problems(checked.entry, checked.component)
    problems += _unlisted_problems(registry, entries)
    problems += _light_problems(entries, registry)
    return list(dict.fromkeys(problems))


def _requirement_problems(distribution: str) -> Iterator[str]:
    lines = [line for line in requirements(distribution) if "extra ==" not in line]
    core = [line for line in lines if re.match(r"synecore\s*($|[<>=~!;(\[])", line)]
    if not core:
        yield f"{distribution} does not require synecore; add 'synecore>=0.1,<0.2' to dependencies."
    elif not re.search(r"[<>=~]", core[0].partition(";")[0]):
        yield (
            f"{distribution} requires {core[0]!r} of any version; say which versions it was tested "
            "with, as in 'synecore>=0.1,<0.2'."
        )


def _light_problems(entries: Sequence[Entry], registry: Registry) -> Iterator[str]:
    """Import each module with hooks, and the options beside it, in a process of its own."""
    modules = {entry.module: entry for entry in entries if entry.usable}
    for module, entry in modules.items():
        if module in registry.quarantine:
            continue  # said already
        beside = f"{module.rpartition('.')[0]}.options"
        for name in (module, beside):
            if name == beside and not _exists(beside):
                continue
            argument = json.dumps([sys.path, name, _LIGHT])
            done = subprocess.run(
                [sys.executable, "-c", _PROBE, argument],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                lines = done.stderr.strip().splitlines() or ["no message"]
                yield f"module {name!r} of {entry.source} cannot be imported: {lines[-1]}"
                continue
            heavy = json.loads(done.stdout.splitlines()[-1])
            if heavy:
                yield (
                    f"module {name!r} of {entry.source} imports {', '.join(heavy)}; it may import "
                    "the standard library, attrs, pluggy and light parts of synecore, so that "
                    "showing options is fast: import the rest in the module of the target"
                )


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _component_problems(entry: Entry, component: Component) -> Iterator[str]:
    where = f"{entry.kind} {entry.name!r} of {entry.source}"
    if not component.summary:
        yield f"{where} has no summary; say in a sentence what it does: Component(..., summary=...)"
    try:
        undocumented = [row.name for row in describe(component.options) if not row.doc]
    except (SynecoreError, TypeError, ValueError, NameError) as error:
        yield f"{where}: the options {component.options!r} cannot be described: {error}"
        return
    if undocumented:
        names = ", ".join(map(repr, undocumented))
        yield f"{where}: without a doc line are the options {names}; give option(..., doc=...)"


def _unlisted_problems(registry: Registry, entries: Sequence[Entry]) -> Iterator[str]:
    """Components that a hook returns and no entry point names; nobody could ask for them."""
    for module, entry in {entry.module: entry for entry in entries if entry.usable}.items():
        try:
            plugin = registry.activate(entry)
        except SynecoreError:
            continue  # said already
        for kind in _COMPONENT_KINDS:
            hook = getattr(plugin, f"synecore_{kind}s", None)
            if hook is None:
                continue
            listed = {e.name for e in entries if e.kind == kind and e.module == module}
            for component in hook():
                if isinstance(component, Component) and component.name not in listed:
                    yield (
                        f"synecore_{kind}s of {module!r} returns {component.name!r}, which no "
                        f"entry point names; add it to the group 'synecore.v1.{kind}s' and install "
                        "the distribution again"
                    )
