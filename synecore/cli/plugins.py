"""`synecore plugins list | show | check | new`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from synecore.cli.output import print_json, print_table
from synecore.errors import OptionError

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

    entries = [e for e in read_index() if arguments.kind in (None, e.kind, e.kind + "s")]
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
        print('no components installed; try: pip install "synecore[default]"')
    return 1 if arguments.check and any(row["state"] == "broken" for row in rows) else 0


def run_show(arguments: argparse.Namespace) -> int:
    from synecore.options import describe
    from synecore.plugins.registry import default_registry

    registry = default_registry()
    name = arguments.name
    short = name.rpartition(":")[2].replace("_", "-")
    kinds = list(dict.fromkeys(entry.kind for entry in registry.index if entry.name == short))
    if arguments.kind:
        kinds = [arguments.kind]
    if not kinds:
        registry.component("scheduler", name)  # raises, with near names
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
