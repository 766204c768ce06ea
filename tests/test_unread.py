from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synecore.unread import ScriptConfig, Unread, parse_unread, unread_of


def made() -> ScriptConfig:
    return ScriptConfig({"a": 1, "b": 2, "c": 3}, {"a": "a", "b": "b"}, ["d"])


@pytest.mark.parametrize(
    "read",
    [
        lambda config: config["a"],
        lambda config: config.a,
        lambda config: config.get("a"),
        lambda config: config.pop("a"),
        lambda config: config.setdefault("a", 7),
        lambda config: getattr(config, "a", None),
        lambda config: "{a}".format_map(config),
    ],
)
def test_an_entry_is_read(read: Callable[[ScriptConfig], Any]) -> None:
    config = made()
    assert unread_of([config]) == (["a", "b"], ["d"])
    assert str(read(config)) == "1"
    assert unread_of([config]) == (["b"], ["d"])


@pytest.mark.parametrize(
    "read",
    [
        lambda config: list(config),
        lambda config: dict(config),
        lambda config: {**config},
        lambda config: (lambda **entries: entries)(**config),
        lambda config: config.copy(),
        lambda config: copy.copy(config),
        lambda config: copy.deepcopy(config),
        lambda config: config | {"e": 4},
        lambda config: {"e": 4} | config,
        lambda config: dict(config.items()),
        lambda config: list(config.keys()),
        lambda config: list(config.values()),
        lambda config: json.loads(json.dumps(config)),
        lambda config: pickle.loads(pickle.dumps(config)),
        lambda config: {}.update(config),
        lambda config: config.popitem(),
    ],
)
def test_all_entries_are_read_at_once(read: Callable[[ScriptConfig], Any]) -> None:
    config = made()
    read(config)
    assert unread_of([config]).unread == []


def test_a_copy_is_a_plain_dictionary_with_all_entries() -> None:
    plain = {"a": 1, "b": 2, "c": 3}
    config = made()
    for other in (config.copy(), copy.copy(config), copy.deepcopy(config), {**config}):
        assert type(other) is dict
        assert other == plain
    assert json.loads(json.dumps(config)) == plain


def test_looking_is_not_reading() -> None:
    config = made()
    assert "a" in config
    assert len(config) == 3
    assert config == {"a": 1, "b": 2, "c": 3}
    assert repr(config) == "{'a': 1, 'b': 2, 'c': 3}"
    assert not hasattr(config, "__array__")
    assert unread_of([config]).unread == ["a", "b"]


def test_an_attribute_that_is_no_entry_is_an_error_that_names_a_near_one() -> None:
    config = ScriptConfig({"learning_rate": 1})
    with pytest.raises(AttributeError, match="no entry 'learning_rat'; did you mean 'learning_ra"):
        _ = config.learning_rat
    assert config.items is not None
    with pytest.raises(TypeError):  # it has no other attributes that could be taken for entries
        vars(config)


def test_what_is_read_of_one_configuration_is_read() -> None:
    first, second = made(), made()
    assert first["a"] == second["b"] - 1
    assert unread_of([first, second]) == ([], ["d"])
    assert unread_of([first]).unread == ["b"]


def test_what_another_configuration_was_given_is_not_missing() -> None:
    first, second = made(), ScriptConfig({"d": 1}, {"d": "d"})
    assert unread_of([first, second]) == (["a", "b", "d"], [])


# ---- the line ----------------------------------------------------------------------------------


def run(tmp_path: Path, body: str, *arguments: str, status: int = 0) -> str:
    """Return what a script prints that has parsed its arguments."""
    script = tmp_path / "train.py"
    script.write_text(
        "import os, sys\n"
        "from synecore import parse_config\n"
        "config = parse_config()\n" + textwrap.dedent(body)
    )
    done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    return done.stdout


def test_a_script_says_at_its_end_what_it_did_not_read(tmp_path: Path) -> None:
    out = run(tmp_path, "print(config['b'])", "--a", "1", "--b", "2", "--st_checkpoint_dir", "x")
    assert out == '2\n[tune-unread]: {"unread": ["a"], "takes": []}\n'


def test_a_script_that_read_everything_says_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, "print(len(config.values()))", "--a", "1", "--b", "2") == "4\n"
    assert "tune-unread" not in run(tmp_path, "config.a", "--a", "1")
    assert run(tmp_path, "") == ""


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("raise ValueError", 1),
        ("os.kill(os.getpid(), 15)", -15),
        ("sys.stdout.close()", 0),
        ("sys.stdout = None", 0),
        ("if pid := os.fork(): os.waitpid(pid, 0); config.a", 0),
    ],
)
def test_nothing_is_said_of_an_unfinished_script_a_child_or_without_output(
    tmp_path: Path, body: str, status: int
) -> None:
    assert run(tmp_path, body, "--a", "1", status=status) == ""


def test_two_configurations_of_a_script_are_taken_together(tmp_path: Path) -> None:
    out = run(tmp_path, "other = parse_config(); config.a; other.b", "--a", "1", "--b", "2")
    assert out == ""
    out = run(tmp_path, "other = parse_config(); config.a", "--a", "1", "--b", "2")
    assert out == '[tune-unread]: {"unread": ["b"], "takes": []}\n'


def test_the_line_is_read_back() -> None:
    line = b'epoch 3 [tune-unread]: {"unread": ["a", "\\u00e4"], "takes": ["b"]} more'
    assert parse_unread(line) == Unread(["a", "ä"], ["b"])


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[tune-unread]:",
        b"[tune-unread]: 3",
        b'[tune-unread]: ["a"]',
        b'[tune-unread]: {"unread": 3, "takes": []}',
        b'[tune-unread]: {"unread": ["a"',
        b"[tune-unread]: " + b"[" * 100_000,
    ],
)
def test_a_line_that_only_looks_like_it_says_nothing(line: bytes) -> None:
    assert parse_unread(line) is None
