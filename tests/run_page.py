"""Run the code blocks of one Markdown page in the current folder: `python run_page.py PAGE`.

docs/README.md says what the fence of a block may ask for. The Python blocks share one namespace
and keep their line numbers, so that a traceback points into the page.
"""

from __future__ import annotations

import linecache
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FENCE = re.compile(r"^(?P<indent> *)(?P<marks>`{3,})(?P<info>[^`]*)$")


class Block(NamedTuple):
    """One fenced block: the line its text begins at, what the fence says, and the text."""

    line: int
    language: str
    words: tuple[str, ...]
    text: str

    @property
    def file(self) -> str | None:
        """Return the file to write the block to, if its fence names one."""
        names = [word.removeprefix("file=") for word in self.words if word.startswith("file=")]
        return names[0] if names else None

    @property
    def runs(self) -> bool:
        """Say whether anything happens with the block."""
        if self.language == "python":
            return "no-run" not in self.words
        return self.file is not None or (self.language == "console" and "run" in self.words)


def blocks_of(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page.

    Raises:
        ValueError: if a block has no end.
    """
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        opening = FENCE.match(line)
        if opening is None:
            continue
        language, *words = opening["info"].split() or [""]
        indent = len(opening["indent"])
        body = []
        for _, inner in lines:
            if inner.strip() == opening["marks"]:
                break
            body.append(inner[indent:] if not inner[:indent].strip() else inner)
        else:
            raise ValueError(f"the block that begins at line {number} does not end")
        yield Block(number + 1, language, tuple(words), "\n".join(body) + "\n")


def run_page(page: Path) -> None:
    """Run the blocks in order; the first that fails ends it."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    linecache.cache[str(page)] = (1, None, page.read_text().splitlines(keepends=True), str(page))
    for block in blocks_of(page.read_text()):
        if not block.runs:
            continue
        if block.file is not None:
            Path(block.file).parent.mkdir(parents=True, exist_ok=True)
            Path(block.file).write_text(block.text)
            Path(block.file).chmod(0o755)
        elif block.language == "console":
            for line in block.text.splitlines():
                if line.startswith("$ "):
                    print(f"{page.name}:{block.line}: {line}", flush=True)
                    subprocess.run(["bash", "-c", line[2:]], check=True)
        else:
            code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
            exec(code, namespace)


if __name__ == "__main__":
    run_page(Path(sys.argv[1]))
