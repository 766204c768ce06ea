"""`synecore plugins list | show | check | new`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synecore.cli.output import print_json, print_table
from synecore.errors import OptionError, UnknownComponentError, did_you_mean

if TYPE_CHECKING:
    from synecore.plugins.index import Entry

NAMES = ("plugins",)


def add_to(commands: Any) -> None:
    top = commands.add_parser("plugins", help="what is installed, and how to add to it")
    kinds = top.add_subparsers(metavar="ACTION", required=True)

    listing = kinds.add_parser("list", help="components by kind; imports none of them")
    listing.set_defaults(run=run_list)
    listing.add_argument("kind", nargs="?", help="scheduler, searcher, backend, store, ...")
    listing.add_argument("--check", action="store_true", help="load each and say what is broken")
    listing.add_argument("--json", action="store_true")

    show = kinds.add_parser(
        "show", help="a component's options", epilog="example: synecore plugins show asha"
    )
    show.set_defaults(run=run_show)
    show.add_argument("name", help="component, qualified if needed: synecore-asha:asha")
    show.add_argument("--kind", help="if several kinds have a component of this name")
    show.add_argument("--json", action="store_true")

    check = kinds.add_parser(
        "check", help="check a distribution as its author should",
        epilog="example: synecore plugins check synecore-example",
    )  # fmt: skip
    check.set_defaults(run=run_check)
    check.add_argument("distribution")

    new = kinds.add_parser(
        "new", help="start a plugin of your own", epilog="example: synecore plugins new my-searcher"
    )
    new.set_defaults(run=run_new)
    new.add_argument("name", help="of the component; the distribution becomes synecore-NAME")
    new.add_argument("--folder", type=Path, default=Path(), help="where to put it (default: here)")


def run_list(arguments: argparse.Namespace) -> int:
    from synecore.plugins.index import read_index

    entries = list(read_index())
    if arguments.kind is not None:
        kind = arguments.kind.removesuffix("s")
        _check_kind(kind, entries)
        entries = [entry for entry in entries if entry.kind == kind]
    problems: dict[tuple[str, str, str], str] = {}
    if arguments.check:
        from synecore.plugins.registry import Registry

        for found in Registry().check():
            e = found.entry
            problems[e.kind, e.name, e.distribution] = found.problem
    rows = []
    for e in entries:
        problem = problems.get((e.kind, e.name, e.distribution), e.problem)
        rows.append(
            {
                "kind": e.kind, "name": e.name, "distribution": e.distribution,
                "version": e.version, "api": e.api, "summary": problem or e.summary,
            }
        )  # fmt: skip
        if arguments.check:
            rows[-1]["state"] = "broken" if problem else "ok"
    if arguments.json:
        print_json(rows)
    elif rows:
        print_table(rows)
    else:
        what = f"{arguments.kind.removesuffix('s')}s" if arguments.kind else "components"
        print(f'no {what} installed; try: pip install "synecore[default]"')
    return 1 if arguments.check and any(row["state"] == "broken" for row in rows) else 0


def run_show(arguments: argparse.Namespace) -> int:
    from synecore.options import describe
    from synecore.plugins import known
    from synecore.plugins.registry import default_registry

    registry = default_registry()
    name = arguments.name
    short = name.rpartition(":")[2].replace("_", "-")
    kinds = list(dict.fromkeys(entry.kind for entry in registry.index if entry.name == short))
    if arguments.kind:
        _check_kind(arguments.kind, registry.index)
        kinds = [arguments.kind]
    if not kinds:
        kinds = [kind for kind in known.kinds() if known.distribution_of(kind, short)][:1]
    if not kinds:
        names = sorted({entry.name for entry in registry.index})
        raise UnknownComponentError(
            f"no component named {name!r}{did_you_mean(short, names) or '.'} "
            f"Installed: {', '.join(names) or 'none'}."
        )
    if len(kinds) > 1:
        raise OptionError(f"{name!r} is a {' and a '.join(kinds)}: say which with --kind")
    entry, component = registry.component(kinds[0], name)
    table = describe(component.options) if component.options is not None else None
    if arguments.json:
        rows = table.to_json() if table is not None else []
        capabilities = sorted(capability.value for capability in component.supports)
        print_json({"kind": entry.kind, "name": entry.name, "distribution": entry.distribution,
                    "version": entry.version, "summary": component.summary,
                    "supports": capabilities, "options": rows})  # fmt: skip
        return 0
    print(f"{entry.kind} {entry.name}  ({entry.source})\n{component.summary}")
    supports = ", ".join(sorted(capability.value for capability in component.supports))
    print(f"supports: {supports or 'one objective, every trial to its end'}")
    print(table if table is not None else "no options")
    return 0


def _check_kind(kind: str, entries: Iterable[Entry]) -> None:
    from synecore.plugins import known

    kinds = sorted({*known.kinds(), *(entry.kind for entry in entries)})
    if kind not in kinds:
        raise OptionError(
            f"there is no kind {kind!r} of component{did_you_mean(kind, kinds) or '.'} "
            f"Known: {', '.join(kinds)}."
        )


def run_check(arguments: argparse.Namespace) -> int:
    from synecore.testing.plugin import check_distribution

    problems = check_distribution(arguments.distribution)
    for problem in problems:
        print(problem)
    if not problems:
        print(f"{arguments.distribution}: ok")
    return 1 if problems else 0


def run_new(arguments: argparse.Namespace) -> int:
    from synecore.plugins.scaffold import new_plugin

    folder = new_plugin(arguments.name, arguments.folder)
    print(f"made {folder}\n  cd {folder}\n  pip install -e .\n  python -m pytest")
    return 0
