"""Hooks of synecore-stores."""

from __future__ import annotations

from synecore.plugins import Component, hookimpl

from .options import StoreOptions


@hookimpl
def synecore_stores() -> list[Component]:
    return [
        Component(
            "jsonl",
            "synecore_stores.jsonl:JsonlStore",
            StoreOptions,
            summary="Journal as lines of JSON, readable with any tool; the default.",
        ),
        Component(
            "sqlite",
            "synecore_stores.sqlite:SqliteStore",
            StoreOptions,
            summary="Journal in a SQLite database.",
        ),
    ]
