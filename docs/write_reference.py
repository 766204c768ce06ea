"""Write the pages of docs/reference that follow from the code: `./run docs`.

With `--check`, write nothing and fail if a page would change.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from synecore.cli import parser as command_line
from synecore.options import describe
from synecore.plugins import hookspecs

DOCS = Path(__file__).parent
ROOT = DOCS.parent
GENERATED = "<!-- Written by `./run docs` from the code; changes belong there. -->"


def components() -> str:
    """Return the page of every component of this repository with its options."""
    lines = [GENERATED, "", "# Components", ""]
    lines += [
        "Every component of the distributions in this repository, by kind, with its options.",
        "The same for whatever is installed: `synecore plugins show NAME`.",
        "",
    ]
    kinds: dict[str, list[tuple[str, Any]]] = {}
    for folder, kind, component in sorted(found_components(), key=lambda row: row[2].name):
        kinds.setdefault(kind, []).append((folder, component))
    for kind in sorted(kinds):
        lines += [f"## {plural(kind).capitalize()}", ""]
        for folder, component in kinds[kind]:
            lines += [f"### `{component.name}`", "", f"{component.summary} From `{folder}`.", ""]
            supports = sorted(capability.value for capability in component.supports)
            if supports:
                lines += [f"Works with: {', '.join(supports)}.", ""]
            table = describe(component.options)
            lines += [table.markdown() if table.rows else "No options.", ""]
    return "\n".join(lines)


def found_components() -> Iterator[tuple[str, str, Any]]:
    """Yield distribution, kind and component for each entry point of the plugins."""
    for path in sorted(ROOT.glob("plugins/*/pyproject.toml")):
        groups = tomllib.loads(path.read_text())["project"].get("entry-points", {})
        for group, entries in groups.items():
            kind = group.removeprefix("synecore.v1.").removesuffix("s")
            if kind in ("observer", "command"):
                continue
            for module in sorted(set(entries.values())):
                for component in components_of(importlib.import_module(module), kind):
                    yield path.parent.name, kind, component


def components_of(module: Any, kind: str) -> Iterator[Any]:
    """Yield the components of one kind that a module with hooks returns."""
    hook = getattr(module, f"synecore_{kind}s", None)
    yield from hook() if hook is not None else module.synecore_components(kind)


def plural(kind: str) -> str:
    """Return the plural of a kind's name."""
    return f"{kind}s"


def hooks() -> str:
    """Return the page of the hooks that a plugin may implement."""
    lines = [GENERATED, "", "# Hooks", "", str(inspect.getdoc(hookspecs)), ""]
    for name, function in vars(hookspecs).items():
        if hasattr(function, "synecore_spec"):
            arguments = ", ".join(inspect.signature(function).parameters)
            lines += [f"## `{name}({arguments})`", "", str(inspect.getdoc(function)), ""]
            returns = inspect.signature(function).return_annotation
            if returns not in ("None", None):
                lines += [f"Returns `{returns}`.", ""]
    return "\n".join(lines)


def commands() -> str:
    """Return the page of the command line."""
    lines = [GENERATED, "", "# Commands", ""]
    lines += ["What `synecore COMMAND --help` prints, as tables.", ""]
    for parser, summary in parsers(command_line()):
        lines += [f"## `{parser.prog}`", ""]
        if parser.description or summary:
            lines += [inspect.cleandoc(parser.description or summary), ""]
        rows = [row for row in map(argument_row, parser._actions) if row]
        if rows:
            lines += ["| argument | default | what it is |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def parsers(
    parser: argparse.ArgumentParser, summary: str = ""
) -> Iterator[tuple[argparse.ArgumentParser, str]]:
    """Yield a parser and those of its subcommands, each with its line in the list of commands."""
    yield parser, summary
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, inner in action.choices.items():
                yield from parsers(inner, helps.get(name, ""))


def argument_row(action: argparse.Action) -> str:
    """Return the line of one argument, or nothing for those that every command has."""
    if isinstance(action, argparse._SubParsersAction | argparse._HelpAction):
        return ""
    if action.help == argparse.SUPPRESS:
        return ""
    name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
    if action.option_strings and action.nargs != 0:
        value = "/".join(map(str, action.choices or ())) or action.metavar or action.dest.upper()
        name += f" {value}"
    shown = action.nargs != 0 and action.default not in (None, "", [])
    default = f"`{action.default}`" if shown else ""
    text = (action.help or "").replace("%(default)s", str(action.default)).replace("|", "\\|")
    return f"| `{name}` | {default} | {text} |"


PAGES: dict[str, Callable[[], str]] = {
    "reference/components.md": components,
    "reference/hooks.md": hooks,
    "reference/commands.md": commands,
}


def main(argv: list[str]) -> int:
    """Write the pages, or compare them, and return the exit status."""
    check = argv == ["--check"]
    stale = []
    for name, write in PAGES.items():
        path, text = DOCS / name, write().rstrip() + "\n"
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text)
    if stale:
        print(f"{'out of date, run `./run docs`' if check else 'written'}: {', '.join(stale)}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
