"""`synecore plugins new`: a copy of the template under the author's own name.

The template is `contrib/template` of the repository. Its files travel with this package in one text
file, `template.txt`; a test compares the two, and

    python -m synecore.plugins.scaffold contrib/template

writes it again.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from synecore.errors import ExperimentError, OptionError

PACKED = Path(__file__).with_name("template.txt")
_HEADING = re.compile(r"^==> (.+) <==\n", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_KEPT = (".md", ".py", ".toml", ".typed")


def new_plugin(name: str, folder: Path) -> Path:
    """Write a plugin with one searcher `name` into `folder`/synecore-`name`; return that folder.

    Raises:
        OptionError: if the name cannot be a component's.
        ExperimentError: if the folder exists.
    """
    name = name.removeprefix("synecore-")
    if not _NAME.fullmatch(name):
        raise OptionError(
            f"plugins new: {name!r} is not a valid name; use lower-case letters, digits and "
            "hyphens, beginning with a letter, as in 'my-search'."
        )
    target = Path(folder) / f"synecore-{name}"
    if target.exists():
        raise ExperimentError(f"plugins new: {target} exists already; choose another name.")
    for path, text in unpack(PACKED.read_text(encoding="utf-8")):
        file = target / _renamed(path, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_renamed(text, name), encoding="utf-8")
    return target


def _renamed(text: str, name: str) -> str:
    camel = "".join(part.capitalize() for part in name.split("-"))
    for old, new in (
        ("synecore_example", "synecore_" + name.replace("-", "_")),
        ("ExampleOptions", f"{camel}Options"),
        ("TestExample", f"Test{camel}"),
    ):
        text = text.replace(old, new)
    return re.sub(r"\bexample\b", name, text)


def pack(folder: Path) -> str:
    """Return the template's files as one text."""
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in _KEPT and not _is_made(path.relative_to(folder))
    )
    return "".join(
        f"==> {path.relative_to(folder).as_posix()} <==\n{path.read_text(encoding='utf-8')}"
        for path in files
    )


def _is_made(path: Path) -> bool:
    """Whether tools left it there: caches, builds, hidden folders."""
    made = ("__pycache__", "dist", "build")
    return any(p.startswith(".") or p in made or p.endswith(".egg-info") for p in path.parent.parts)


def unpack(text: str) -> Iterator[tuple[str, str]]:
    """Yield path and content of each file of a packed template."""
    _, *parts = _HEADING.split(text)
    yield from zip(parts[::2], parts[1::2], strict=True)


if __name__ == "__main__":
    PACKED.write_text(pack(Path(sys.argv[1])), encoding="utf-8")
