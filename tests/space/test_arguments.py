from __future__ import annotations

import argparse
from typing import Any

import pytest

from synecore.space import (
    SearchSpace,
    add_to_argparse,
    choice,
    finrange,
    loguniform,
    ordinal,
    randint,
    uniform,
)

SPACE: dict[str, Any] = {
    "lr": loguniform(1e-6, 1),
    "width": randint(1, 9),
    "kind": choice(["100%", "b"]),
    "flat": choice([True, False]),
    "depth": ordinal([1, 2]),
    "rate": finrange(0, 1, 3),
    "extra": uniform(0, 1).when(kind="b"),
    "epochs": 5,
}


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_to_argparse(parser, SPACE)
    return parser.parse_args(arguments)


def test_a_script_reads_the_configuration_it_is_given() -> None:
    config = SearchSpace(SPACE).midpoint()
    arguments = [f"--{name}={config[name]}" for name in config if name != "epochs"]
    read = vars(parse(*arguments))
    assert read == {**{k: v for k, v in config.items() if k != "epochs"}, "extra": None}
    assert {k: type(v) for k, v in read.items() if v is not None} == {
        "lr": float, "width": int, "kind": str, "flat": bool, "depth": int, "rate": float,
    }  # fmt: skip


def test_booleans_are_read_as_such() -> None:
    rest = ["--lr=1", "--width=1", "--kind=b", "--depth=1", "--rate=0"]
    assert parse(*rest, "--flat", "False").flat is False
    assert parse(*rest, "--flat", "true", "--extra", "0.5").extra == 0.5
    with pytest.raises(argparse.ArgumentError, match="'maybe' is neither true nor false"):
        parse(*rest, "--flat", "maybe")


def test_the_help_shows_the_domains(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse("--help")
    shown = capsys.readouterr().out
    assert "--lr FLOAT" in shown
    assert "loguniform(1e-06, 1.0)" in shown
    assert "--epochs" not in shown
