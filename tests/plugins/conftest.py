"""Toy distributions with real metadata, written into a folder of sys.path."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from synecore.plugins.index import default_index
from synecore.plugins.registry import default_registry

Install = Callable[..., Path]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is searched first; what was imported from it is forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    for name in ("DISABLE", "ENABLE", "TRACE", "STRICT"):
        monkeypatch.delenv(f"SYNECORE_{name}", raising=False)
    forget()
    yield folder
    forget()
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Install:
    """Write a distribution: its metadata, and the modules given by file name."""

    def write(
        distribution: str,
        entry_points: Mapping[str, Mapping[str, str]] | str,
        files: Mapping[str, str] | None = None,
        *,
        version: str = "0.1.0",
        summary: str = "A toy.",
        requires: tuple[str, ...] = (),
        folder: Path = site,
    ) -> Path:
        for name, text in (files or {}).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
            package = folder / Path(name).parts[0]
            if package.is_dir() and not (package / "__init__.py").exists():
                (package / "__init__.py").write_text("")
        info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        lines = ["Metadata-Version: 2.1", f"Name: {distribution}", f"Version: {version}"]
        lines += [f"Summary: {summary}", *(f"Requires-Dist: {item}" for item in requires)]
        (info / "METADATA").write_text("\n".join([*lines, "", "Summary: not this one"]))
        if not isinstance(entry_points, str):
            entry_points = "\n".join(
                f"[{group}]\n" + "\n".join(f"{name} = {value}" for name, value in lines.items())
                for group, lines in entry_points.items()
            )
        (info / "entry_points.txt").write_text(entry_points)
        forget()
        return info

    return write


def forget() -> None:
    """Let the next look-up read everything again."""
    importlib.invalidate_caches()
    default_registry.cache_clear()
    default_index.cache_clear()
